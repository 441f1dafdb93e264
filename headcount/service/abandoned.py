"""Runs that nobody works on any more, and what is said of them."""

from __future__ import annotations

from headcount.control import leases
from headcount.control.models import Run
from headcount.control.setup import setup
from headcount.errors import HeadcountError
from headcount.latch import is_latched
from headcount.model import RunStatus
from headcount.service.locks import sync_file

INTERRUPTED = HeadcountError("Interrupted.", hint="The next run of this sync goes on from here.")
BEFORE_PLAN = HeadcountError("The run was interrupted before its plan was complete; nothing was sent.")
PUT_ASIDE = HeadcountError(
    "It was paused before its plan was complete, and a newer run took its place; nothing was sent."
)


def resting(run: Run) -> HeadcountError | None:
    """What is said of a run that somebody paused; None for all others."""
    if run.status != RunStatus.PAUSED.value or not run.pause_requested:
        return None
    return HeadcountError("Somebody paused it.", hint=f"It goes on with: headcount resume {run.pk}")


def status_of(run: Run) -> str:
    """The run's status as people are told it: one that nobody works on any more rests."""
    return RunStatus.PAUSED.value if is_abandoned(run) else run.status


def is_abandoned(run: Run) -> bool:
    """Does the run say that it is worked on, and whoever did is gone?

    Whoever works in this place has the lock of its sync, which ends with the process; of another place, where names of
    machines and homes may be the same, only the lease tells. Without a name somebody let go of it in trouble, and it is
    nobody's until the lock is taken again.
    """
    if run.status != RunStatus.WORKING.value or not (run.worker or run.pid):
        return False
    home = setup()
    if run.worker and not leases.is_held_in(home, run.worker):
        return leases.is_long_over(run)
    return not is_latched(sync_file(home, run.sync.stream.state_id))
