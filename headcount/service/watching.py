"""How far a run is, for whoever looks on from another process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from headcount.control import runs
from headcount.control.models import Run
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.model import RunStatus
from headcount.service.recorder import REST

STALE = 10.0  # seconds without a heartbeat after which a run is thought to have lost its worker


@dataclass(frozen=True, kw_only=True)
class RunProgress:
    """A run as its worker told last, at most about a second ago.

    ``phase`` is queued, reading, planning, sending, folding, or the run's status when nobody works on it. Counts are
    of changes and include what earlier attempts did; ``rate`` is changes a second, ``seconds_left`` None while it
    cannot be told. ``unchanged``, ``invalid``, ``held`` and ``missed`` are rows, None before the plan is made.
    ``stale``: it is said to be working, and has not been heard of for ten seconds.
    """

    run: int
    sync: str
    status: str
    phase: str
    rows: int = 0
    add: int = 0
    change: int = 0
    remove: int = 0
    unchanged: int | None = None
    invalid: int | None = None
    held: int | None = None
    missed: int | None = None
    accepted: int = 0
    rejected: int = 0
    in_doubt: int = 0
    unsent: int = 0
    requests: int = 0
    rate: float | None = None
    seconds_left: float | None = None
    seconds: float | None = None  # since it was begun
    stale: bool = False
    pausing: bool = False
    canceling: bool = False
    source_tries: int = 0  # how often its source did not answer
    next_try_at: datetime | None = None  # while it waits for its source

    @property
    def planned(self) -> int:
        return self.add + self.change + self.remove

    @property
    def unplanned(self) -> bool:
        """Nothing is known of a plan yet."""
        return self.invalid is None and not self.planned

    @property
    def done(self) -> int:
        """Changes that have their receipt."""
        return self.accepted + self.rejected + self.in_doubt + self.unsent


def progress_of(run_id: int) -> RunProgress:
    """One small query. Raises ``ConfigurationError`` for a number that no run has."""
    setup()
    with told():
        return _progress(runs.find(run_id), datetime.now(UTC))


def _progress(run: Run, now: datetime) -> RunProgress:
    working = run.status == "working"
    told = run.progress
    counts = _counts(run, told)
    rate, left = _pace(told, counts, now) if working and told.get("phase") == "sending" else (None, None)
    begun, heard = run.started_at, run.heartbeat_at
    return RunProgress(
        run=run.pk,
        sync=run.sync.key,
        status=run.status,
        phase=told.get("phase", "reading") if working else run.status,
        rate=rate,
        seconds_left=left,
        seconds=((run.finished_at or now) - begun).total_seconds() if begun else None,
        stale=working and heard is not None and (now - heard).total_seconds() > STALE,
        pausing=working and run.pause_requested,
        canceling=working and run.cancel_requested,
        source_tries=run.source_tries,
        next_try_at=run.not_before if run.status == RunStatus.QUEUED.value else None,
        **counts,
    )


def _counts(run: Run, told: dict[str, Any]) -> dict[str, int]:
    """The sums of a run that ended or rests; those of one that works as far as they were told. What a run that rests
    has not sent, it sends yet.
    """
    if run.counts and run.status != "working":
        names = ("add", "change", "remove", *REST, "accepted", "rejected", "in_doubt", "unsent", "requests")
        found = {"rows": run.counts["read"], **{name: run.counts[name] for name in names}}
        return {**found, "unsent": 0} if run.status == RunStatus.PAUSED.value else found
    numbers = {"rows": told.get("rows", 0), "requests": told.get("requests", 0)}
    return {**numbers, **told.get("plan", {}), **told.get("rest", {}), **told.get("sent", {})}


def _pace(told: dict[str, Any], counts: dict[str, int], now: datetime) -> tuple[float | None, float | None]:
    """Changes a second since this attempt began to send, and the seconds left at that rate."""
    seconds = (now - datetime.fromisoformat(told["since"])).total_seconds()
    done = sum(told["sent"].values())
    sent = done - told["before"]
    if seconds < 1 or sent <= 0:
        return None, None
    rate = sent / seconds
    left = counts["add"] + counts["change"] + counts["remove"] - done
    return round(rate, 1), round(left / rate, 1)
