"""Runs and rejected rows, for reading."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from headcount.control import held, runs
from headcount.control.models import Rejected, Run, Sync
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.project.problems import did_you_mean


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """One run in a list. ``counts`` has the names of ``headcount.model.Counts``; empty before the plan is
    made.
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
    """What of a sync did not arrive. ``invalid`` are examples of the latest run that has any."""

    sync: str
    total: int
    rejected: tuple[RejectedRow, ...]
    invalid_run: int | None
    invalid: tuple[InvalidRow, ...]


def list_runs(sync: str | None = None, *, limit: int = 20) -> list[RunLine]:
    """The newest runs first. Raises ``ConfigurationError`` for a sync that does not exist."""
    setup()
    with told():
        if sync is not None:
            _sync(sync)
        return [_line(run) for run in runs.listing(sync, limit=limit)]


def rejections(sync: str, *, limit: int = 100) -> Rejections:
    """The open rejected rows and examples of invalid ones."""
    setup()
    with told():
        row = _sync(sync)
        last = Run.objects.filter(sync=row).exclude(invalid=None).order_by("-id").first()
        examples = held.invalid(last)[:limit] if last else []
        return Rejections(
            sync=sync,
            total=held.rejected(row).count(),
            rejected=tuple(_rejected(item) for item in held.rejected(row)[:limit]),
            invalid_run=last.pk if last else None,
            invalid=tuple(InvalidRow(key=i.key, field=i.field, reason=i.reason) for i in examples),
        )


def write_rejected(sync: str, path: Path) -> int:
    """Write all open rejected rows as CSV, readable by nobody else, and return how many there are.

    Raises ``ConfigurationError`` when the file cannot be written.
    """
    setup()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with told(), os.fdopen(handle, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(RejectedRow)])
            writer.writeheader()
            return sum(1 for _ in _written(writer, sync))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from error


def _written(writer: csv.DictWriter[str], sync: str) -> Iterator[None]:
    for item in held.rejected(_sync(sync)).iterator():
        writer.writerow(_plain(asdict(_rejected(item))))
        yield


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "listed_at": row["listed_at"].isoformat(timespec="seconds")}


def _sync(key: str) -> Sync:
    row = Sync.objects.filter(key=key).first()
    if row is None:
        known = list(Sync.objects.values_list("key", flat=True))
        hint = did_you_mean(key, known) or "Apply a project file first: headcount apply"
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
    ended = (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else None
    return RunLine(
        run=run.pk,
        sync=run.sync.key,
        status=run.status,
        trigger=run.trigger,
        full=run.full,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        seconds=ended,
        counts=run.counts,
        error=run.error,
        hint=run.hint,
    )
