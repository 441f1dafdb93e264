"""Runs under their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from headcount.control.models import Run
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.model import RunStatus
from headcount.service.aftermath import cancelers_of
from headcount.service.register.slices import Slice, Sliced, numbered, sliced
from headcount.service.register.syncs import key_of


@dataclass(frozen=True, kw_only=True)
class NumberedRun:
    """A run. ``counts`` has the names of ``headcount.model.Counts``; empty before the plan is made. ``error_code`` is
    one of ``headcount.control.error_codes``, or empty.
    """

    id: int
    sync: int
    status: RunStatus
    trigger: str
    full: bool
    counts: dict[str, int]
    error: str
    error_code: str
    hint: str
    warnings: tuple[str, ...]
    cancel_requested: bool
    canceled_by: str  # also who told it to stop; empty when nobody did, or nobody knows who
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    scheduled_for: datetime | None
    next_try_at: datetime | None  # while it waits for its source


@told()
def runs(wanted: Slice, sync: int | None = None) -> Sliced[NumberedRun]:
    """The runs, or those of one sync. Raises ``ConfigurationError`` for a sync that does not exist."""
    setup()
    if sync is not None:
        key_of(sync)
    rows = Run.objects.all()
    found = sliced(rows.filter(sync_id=sync) if sync is not None else rows, wanted, _as_it_is)
    who = cancelers_of(found.items)
    items = tuple(_shape(row, who) for row in found.items)
    return Sliced(items=items, total=found.total, slice=found.slice)


@told()
def run(number: int) -> NumberedRun:
    """Raises ``ConfigurationError`` when there is none."""
    setup()
    row = numbered(Run.objects.all(), number, "run")
    return _shape(row, cancelers_of([row]))


def _as_it_is(row: Run) -> Run:
    return row


def _shape(row: Run, who: Mapping[int, str]) -> NumberedRun:
    return NumberedRun(
        id=row.pk,
        sync=row.sync_id,
        status=RunStatus(row.status),
        trigger=row.trigger,
        full=row.full,
        counts=row.counts,
        error=row.error,
        error_code=row.error_code,
        hint=row.hint,
        warnings=tuple(row.warnings),
        cancel_requested=row.cancel_requested,
        canceled_by=who.get(row.pk, ""),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        scheduled_for=row.scheduled_for,
        next_try_at=row.not_before if row.status == RunStatus.QUEUED.value else None,
    )
