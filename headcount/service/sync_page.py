"""One sync in figures: its last run, what made it change rows, and why rows were left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from headcount.control.models import Run
from headcount.control.trouble import told
from headcount.model import RunKind, RunStatus
from headcount.service.heartbeat import worker_seen
from headcount.service.lines import find_sync
from headcount.service.overview import RECENT, SyncSummary, summary_of
from headcount.service.timing import Timing, timing


@dataclass(frozen=True, kw_only=True)
class FieldShare:
    """How many of ``of`` planned changes in recent runs a field took part in; ``run`` is the newest of these runs."""

    field: str
    changes: int
    of: int
    run: int


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Rows of the latest run that read any, which were not sent, and why: ``rows`` ``of`` all that were not. A row may
    have several complaints.
    """

    field: str
    reason: str
    rows: int
    of: int
    run: int


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """The newest run that says how the sync is doing, when it failed or waits for approval."""

    run: int
    status: str
    error: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class Resting:
    """A run that a person paused. ``yields``: a run that is started now takes its place."""

    run: int
    yields: bool


@dataclass(frozen=True, kw_only=True)
class SyncPage:
    """``next_run`` is None while no schedule starts the sync; ``timing`` says more. ``working`` is its run that has not
    ended, ``resting`` the one that a person paused. ``unattended``: it has triggers, and no worker looks at them.
    """

    sync: SyncSummary
    behavior: str
    identifier: str
    events: bool
    created_at: datetime
    next_run: datetime | None
    timing: Timing
    unattended: bool
    working: int | None
    resting: Resting | None
    trouble: Trouble | None
    fields: tuple[FieldShare, ...]
    left_out: tuple[LeftOut, ...]


UNENDED = ("queued", "working", "paused")
_REST = ("pause_requested", "attempt", "started_at")  # what tells of a paused run whose doing that is


@told()
def sync_page(key: str) -> SyncPage:
    """Raises ``ConfigurationError`` for a sync that does not exist."""
    row = find_sync(key)
    runs = list(
        Run.objects.filter(sync=row)
        .order_by("-id")
        .only("id", "status", "kind", "counts", "field_changes", "invalid_reasons", "error", "hint", *_REST)[
            :RECENT
        ]
    )
    told = [run for run in runs if run.kind != RunKind.TEST.value]  # one row says nothing about the sync
    definition, now = row.definition, datetime.now(UTC)
    timed = timing(row, now)
    identifier = (definition.get("identifier") or {}).get("to") or definition.get("unique_id") or ""
    return SyncPage(
        sync=summary_of(row),
        behavior=str(definition.get("behavior", "")),
        identifier=identifier,
        events=definition.get("behavior") == "append_only",
        created_at=row.created_at,
        next_run=timed.next_due,
        timing=timed,
        unattended=bool(timed.words) and not row.paused and not worker_seen(now),
        working=next((run.pk for run in runs if run.status in UNENDED), None),
        resting=_resting(runs),
        trouble=_trouble(told),
        fields=_fields(runs),
        left_out=_left_out(told),
    )


@told()
def sync_head(key: str) -> SyncSummary:
    """What every page of a sync shows at its top. Raises ``ConfigurationError`` for one that does not exist."""
    return summary_of(find_sync(key))


@told()
def model_of(key: str) -> str:
    """The key of a sync's model. Raises ``ConfigurationError`` for a sync that does not exist."""
    return find_sync(key).model.key


def _resting(runs: list[Run]) -> Resting | None:
    """The newest; a run that was interrupted goes on with the next one by itself."""
    found = next((run for run in runs if run.status == RunStatus.PAUSED.value and run.pause_requested), None)
    if found is None:
        return None
    return Resting(run=found.pk, yields=found.started_at is not None or not found.attempt)


def _fields(runs: list[Run]) -> tuple[FieldShare, ...]:
    changes: Counter[str] = Counter()
    newest: dict[str, int] = {}
    planned = 0
    for run in runs:
        changes.update(run.field_changes)
        planned += run.counts.get("change", 0)
        newest = {
            **dict.fromkeys((field for field, number in run.field_changes.items() if number), run.pk),
            **newest,
        }
    return tuple(
        FieldShare(field=field, changes=number, of=planned, run=newest[field])
        for field, number in changes.most_common(20)
        if number
    )


def _left_out(runs: list[Run]) -> tuple[LeftOut, ...]:
    """A run that was settled by its keys alone knows how many rows it left out, and not why."""
    reading = (run for run in runs if run.counts.get("read"))
    last = next((run for run in reading if run.invalid_reasons or not run.counts.get("invalid")), None)
    if last is None:
        return ()
    return tuple(
        LeftOut(field=field, reason=reason, rows=rows, of=last.counts.get("invalid", 0), run=last.pk)
        for field, reason, rows in last.invalid_reasons
    )


_TELLING = (RunStatus.COMPLETED.value, RunStatus.FAILED.value, RunStatus.WAITING.value)


def _trouble(runs: list[Run]) -> Trouble | None:
    """A canceled run says nothing about how the sync is doing, and neither does one that works."""
    last = next((run for run in runs if run.status in _TELLING), None)
    if last is None or last.status == RunStatus.COMPLETED.value:
        return None
    return Trouble(run=last.pk, status=last.status, error=last.error, hint=last.hint)
