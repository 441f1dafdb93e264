"""How far a run is, in JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from ninja import Schema

from headcount.service.watching import RunProgress


class Progress(Schema):
    """``phase`` is queued, reading, planning, sending, folding, or the run's state when nobody works on it.

    ``rate`` is changes a second; ``done`` of ``planned`` changes have their outcome.
    """

    sync_run_id: int
    state: str
    phase: str
    rows: int
    planned: int
    done: int
    accepted: int
    rejected: int
    in_doubt: int
    unsent: int
    requests: int
    rate: float | None
    seconds: float | None
    seconds_left: float | None
    stale: bool
    source_tries: int
    next_try_at: datetime | None


def progress(found: RunProgress) -> Progress:
    values = {name: value for name, value in asdict(found).items() if name in Progress.model_fields}
    return Progress(
        sync_run_id=found.run, state=found.status, planned=found.planned, done=found.done, **values
    )
