"""The listing of rows that did not arrive: refused ones in full, invalid ones by example.

What is held back, and with which values, is the sync state's business; here stands what people get to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from django.db import transaction
from django.db.models import QuerySet

from headcount.control.models import Invalid as InvalidRow
from headcount.control.models import Rejected, Run, Sync
from headcount.control.models.rejected import REASON_LENGTH
from headcount.model import Invalid, Operation, Outcome

EXAMPLES = 1000  # invalid rows listed for each run
AT_ONCE = 500  # rows in one statement; SQLite limits the values of one

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A change the destination refused: its number in the plan, its key, and the destination's words."""

    seq: int
    key: str
    op: Operation
    outcome: Outcome


def record_rejected(run: Run, refused: Iterable[Refused]) -> int:
    """List the run's refused changes and return how many. A repeated fold lists them once.

    What was open for the same keys is resolved: the newest refusal speaks for the row.
    """
    count = 0
    with transaction.atomic():
        Rejected.objects.filter(run=run).delete()
        for chunk in _chunks(refused):
            resolve(run.sync, [row.key for row in chunk])
            Rejected.objects.bulk_create([_row(run, row) for row in chunk])
            count += len(chunk)
    return count


def record_invalid(run: Run, rows: Iterable[Invalid]) -> None:
    """List the first rows that were never sent, as examples."""
    examples = [
        InvalidRow(run=run, key=row.key, field=row.field, reason=row.reason) for row in islice(rows, EXAMPLES)
    ]
    with transaction.atomic():
        InvalidRow.objects.filter(run=run).delete()
        InvalidRow.objects.bulk_create(examples, batch_size=AT_ONCE)


def resolve(sync: Sync, keys: Iterable[str]) -> int:
    """These keys were accepted, or are about to be listed again: no open refusal stands against them."""
    changed = 0
    for chunk in _chunks(keys):
        waiting = sync.rejected.filter(key__in=chunk).exclude(status=Rejected.Status.RESOLVED)
        changed += waiting.update(status=Rejected.Status.RESOLVED)
    return changed


def release(sync: Sync, keys: Sequence[str] | None = None) -> int:
    """Somebody said retry: all open refusals of the sync, or those of ``keys``. Returns how many there
    were.
    """
    waiting = sync.rejected.filter(status=Rejected.Status.OPEN)
    if keys is None:
        return waiting.update(status=Rejected.Status.RELEASED)
    return sum(
        waiting.filter(key__in=chunk).update(status=Rejected.Status.RELEASED) for chunk in _chunks(keys)
    )


def rejected(sync: Sync, *, run_id: int | None = None) -> QuerySet[Rejected]:
    """The rows that are open now; with ``run_id`` all that this run was refused. Newest run first."""
    rows = sync.rejected.select_related("run").order_by("-run_id", "seq")
    return rows.filter(run_id=run_id) if run_id else rows.filter(status=Rejected.Status.OPEN)


def invalid(run: Run) -> QuerySet[InvalidRow]:
    """Examples of the rows the run never sent."""
    return run.invalid.order_by("id")


def _row(run: Run, row: Refused) -> Rejected:
    return Rejected(
        run=run,
        sync=run.sync,
        seq=row.seq,
        key=row.key,
        op=row.op.value,
        reason=row.outcome.reason[:REASON_LENGTH],
        field=row.outcome.field,
        message=row.outcome.message,
    )


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    source = iter(items)
    while chunk := list(islice(source, AT_ONCE)):
        yield chunk
