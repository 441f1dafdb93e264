"""Runs that nobody works on any more, and what is said of them."""

from __future__ import annotations

import os
import socket

from headcount.control.models import Run
from headcount.errors import HeadcountError
from headcount.model import RunStatus

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
    """Does the run say that a process of this machine works on it, and that process is gone?"""
    if run.status != RunStatus.WORKING.value or run.pid is None or run.host != socket.gethostname()[:255]:
        return False
    try:
        os.kill(run.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # somebody else's process
        return False
    return False
