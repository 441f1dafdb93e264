"""Runs that nobody works on any more, and what is said of them."""

from __future__ import annotations

import socket

from headcount.control.models import Run
from headcount.control.setup import setup
from headcount.errors import HeadcountError
from headcount.latch import is_latched
from headcount.model import RunStatus
from headcount.service.locks import sync_file

INTERRUPTED = HeadcountError("Interrupted.", hint="The next run of this sync goes on from here.")
BEFORE_PLAN = HeadcountError("The run was interrupted before its plan was complete; nothing was sent.")


def resting(run: Run) -> HeadcountError | None:
    """What is said of a run that somebody paused; None for all others."""
    if run.status != RunStatus.PAUSED.value or not run.pause_requested:
        return None
    return HeadcountError("Somebody paused it.", hint=f"It goes on with: headcount resume {run.pk}")


def status_of(run: Run) -> str:
    """The run's status as people are told it: one that nobody works on any more rests."""
    return RunStatus.PAUSED.value if is_abandoned(run) else run.status


def is_abandoned(run: Run) -> bool:
    """Does the run say that a process of this machine works on it, and that process is gone?

    It had the lock of its sync, which ended with it. Its number may be another's by now.
    """
    if run.status != RunStatus.WORKING.value or run.pid is None or run.host != socket.gethostname()[:255]:
        return False
    return not is_latched(sync_file(setup(), run.sync.stream.state_id))
