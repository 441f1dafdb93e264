"""Runs and rejected rows, for reading."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from headcount.control import held, runs
from headcount.control.models import Rejected, Run, Sync
from headcount.control.reading import by_number
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.project.problems import did_you_mean
from headcount.service.abandoned import INTERRUPTED, is_abandoned, resting, status_of
from headcount.service.left_out import InvalidReason, reasons_of

RUNS_AT_ONCE = 10  # looked at in one query: most often the newest tells


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """One run in a list. ``counts`` has the names of ``headcount.model.Counts``; empty before the plan is made.

    A run whose process is gone is ``paused``, as one that was interrupted: the next run goes on from there.
    """

    run: int
    sync: str
    status: str
    trigger: str
    full: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None
    counts: dict[str, int]
    error: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class RejectedRow:
    """One row the destination refused, in its own words."""

    key: str
    op: str
    reason: str
    field: str
    message: str
    run: int
    status: str
    listed_at: datetime


@dataclass(frozen=True, kw_only=True)
class InvalidRow:
    """A row that was never sent, as an example."""

    key: str
    field: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Rejections:
    """What of a sync did not arrive. ``invalid_reasons`` counts all invalid rows of the latest run that read the
    source; ``invalid`` are examples of them.
    """

    sync: str
    total: int
    rejected: tuple[RejectedRow, ...]
    invalid_run: int | None
    invalid_reasons: tuple[InvalidReason, ...]
    invalid: tuple[InvalidRow, ...]


def list_runs(sync: str | None = None, *, limit: int = 20) -> list[RunLine]:
    """The newest runs first. Raises ``ConfigurationError`` for a sync that does not exist."""
    setup()
    with told():
        if sync is not None:
            sync_row(sync)
        return [_line(run) for run in runs.listing(sync, limit=limit)]


def rejections(sync: str, *, limit: int = 100) -> Rejections:
    """The open rejected rows and examples of invalid ones."""
    setup()
    with told():
        row = sync_row(sync)
        last = invalid_run(row)
        examples = held.invalid(last)[:limit] if last else []
        return Rejections(
            sync=sync,
            total=held.rejected(row).count(),
            rejected=tuple(_rejected(item) for item in held.rejected(row)[:limit]),
            invalid_run=last.pk if last else None,
            invalid_reasons=reasons_of(last) if last else (),
            invalid=tuple(InvalidRow(key=i.key, field=i.field, reason=i.reason) for i in examples),
        )


def open_rejected(row: Sync) -> Iterator[RejectedRow]:
    """All open rejected rows of a sync, read as they are consumed."""
    return map(_rejected, held.every_open(row))


def invalid_run(row: Sync) -> Run | None:
    """The run whose invalid rows are those of today: the latest that read the source, unless it found none."""
    for run in by_number(row.runs.exclude(trigger="test"), RUNS_AT_ONCE, newest_first=True):
        if run.invalid_reasons:
            return run
        if run.counts and not run.counts["invalid"]:
            return None
    return None


def sync_row(key: str) -> Sync:
    """Raises ``ConfigurationError`` with the nearest key for a sync that does not exist."""
    row = Sync.objects.filter(key=key).first()
    if row is None:
        known = list(Sync.objects.values_list("key", flat=True))
        hint = (
            did_you_mean(key, known)
            or "It may have been deleted. New ones are made on the page Syncs, or with headcount apply."
        )
        raise ConfigurationError(f"There is no sync {key}.", hint=hint)
    return row


def _rejected(item: Rejected) -> RejectedRow:
    return RejectedRow(
        key=item.key,
        op=item.op,
        reason=item.reason,
        field=item.field,
        message=item.message,
        run=item.run_id,
        status=item.status,
        listed_at=item.created_at,
    )


def _line(run: Run) -> RunLine:
    gone = is_abandoned(run)
    rest = INTERRUPTED if gone else resting(run)
    ended = (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else None
    return RunLine(
        run=run.pk,
        sync=run.sync.key,
        status=status_of(run),
        trigger=run.trigger,
        full=run.full,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        seconds=ended,
        counts=run.counts,
        error=rest.message if rest else run.error,
        hint=rest.hint if rest else run.hint,
    )
