"""How long a run may be worked on, all attempts together. Neither pauses nor waiting in the queue are counted."""

from __future__ import annotations

from headcount.amounts import amount
from headcount.control.models import Sync
from headcount.errors import RunTimedOut


def seconds_allowed(row: Sync) -> float | None:
    """As the sync says it now, so that a run that is on its way keeps to what was changed; None for any time."""
    minutes = row.definition.get("timeout_minutes")
    return minutes * 60 if minutes else None


def timed_out(allowed: float) -> RunTimedOut:
    """What is said of a run that took longer."""
    minutes = allowed / 60
    return RunTimedOut(
        f"The run was not done within {amount(minutes, 'minute')}, which is the timeout of its sync.",
        hint="What was not sent stays due: the next run goes on. "
        "If it needs the time, set a longer timeout_minutes; else see on the run's page what was slow.",
    )
