"""The listing of rows that did not arrive: refused ones in full, invalid ones by example.

What is held back, and with which values, is the sync state's business; here stands what people get to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, QuerySet
from django.utils import timezone

from headcount.chunks import chunks
from headcount.control.models import Invalid as InvalidRow
from headcount.control.models import Rejected, RejectedGroup, Run, Sync
from headcount.control.models.rejected import FIELD_LENGTH, REASON_LENGTH
from headcount.control.reading import by_number
from headcount.model import Invalid, Operation, Outcome

EXAMPLES = 1000  # invalid rows listed for each run
AT_ONCE = 500  # rows in one statement; SQLite limits the values of one
ENTERED_AT_ONCE = 5_000  # refused rows in one transaction, for less than a second


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A change the destination refused: its number in the plan, its key, and the destination's words."""

    seq: int
    key: str
    op: Operation
    outcome: Outcome


def record_rejected(run: Run, refused: Iterable[Refused]) -> int:
    """List the run's refused changes and return how many. A repeated fold lists them once.

    What was open for the same keys is resolved: the newest refusal speaks for the row. There may be a million: they are
    entered some thousand at a time, and between two transactions others get to write.
    """
    unlist(run.rejected.all())
    groups = _Groups(run.sync)
    any_before = run.sync.rejected.exclude(status=Rejected.Status.RESOLVED).exists()
    count = 0
    for chunk in chunks(refused, ENTERED_AT_ONCE):
        with transaction.atomic():
            if any_before:
                groups.go_on(_resolved(run.sync, [row.key for row in chunk]))
            _enter(run, chunk, groups)
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
    return sum(number for _, _, number in _resolved(sync, keys))


def _resolved(sync: Sync, keys: Iterable[str]) -> list[Moved]:
    return [
        moved
        for chunk in chunks(keys, AT_ONCE)
        for moved in _moved(sync, sync.rejected.filter(key__in=chunk), Rejected.Status.RESOLVED)
    ]


def release(sync: Sync, keys: Sequence[str] | None = None) -> int:
    """Somebody said retry: all open refusals of the sync, or those of ``keys``. Returns how many there
    were.
    """
    waiting = sync.rejected.filter(status=Rejected.Status.OPEN)
    if keys is None:
        return _move(sync, waiting, Rejected.Status.RELEASED)
    return sum(
        _move(sync, waiting.filter(key__in=chunk), Rejected.Status.RELEASED)
        for chunk in chunks(keys, AT_ONCE)
    )


def mute(group: RejectedGroup) -> int:
    """Nobody wants to hear of these refusals until their rows change. Returns how many there were."""
    return _move(group.sync, group.rows.filter(status=Rejected.Status.OPEN), Rejected.Status.MUTED)


def unmute(group: RejectedGroup) -> int:
    """They are listed among the open ones again."""
    return _move(group.sync, group.rows.filter(status=Rejected.Status.MUTED), Rejected.Status.OPEN)


def mute_rows(sync: Sync, ids: Sequence[int], *, muted: bool = True) -> int:
    """The same for single refusals, by the numbers of their rows."""
    before, after = Rejected.Status.OPEN, Rejected.Status.MUTED
    if not muted:
        before, after = after, before
    return sum(
        _move(sync, sync.rejected.filter(id__in=chunk, status=before), after)
        for chunk in chunks(ids, AT_ONCE)
    )


_HELD = (Rejected.Status.OPEN, Rejected.Status.MUTED)  # what is muted is held too, it is only not spoken of


def waits(sync: Sync, keys: Sequence[str]) -> bool:
    """Is any of these held?"""
    return any(
        sync.rejected.filter(key__in=chunk, status__in=_HELD).exists() for chunk in chunks(keys, AT_ONCE)
    )


def muted_keys(sync: Sync) -> Iterator[str]:
    """The keys of all muted rows, read as they are consumed."""
    muted = sync.rejected.filter(status=Rejected.Status.MUTED)
    return muted.order_by().values_list("key", flat=True).iterator()


def listed_keys(sync: Sync) -> Iterator[tuple[str]]:
    """The keys of all rows that are listed as held or let go for a retry, read as they are consumed."""
    return (
        sync.rejected.filter(status__in=(*_HELD, Rejected.Status.RELEASED))
        .order_by()
        .values_list("key")
        .iterator()
    )


def rejected(sync: Sync, *, run_id: int | None = None) -> QuerySet[Rejected]:
    """The rows that are open now; with ``run_id`` all that this run was refused. Newest run first."""
    rows = sync.rejected.select_related("run").order_by("-run_id", "seq")
    return rows.filter(run_id=run_id) if run_id else rows.filter(status=Rejected.Status.OPEN)


def every_open(sync: Sync) -> Iterator[Rejected]:
    """The rows that are open now, in the order of ``rejected``; read as they are consumed, for there may be many."""
    refused = sync.rejected.filter(status=Rejected.Status.OPEN).order_by("-run_id")
    for run in refused.values_list("run_id", flat=True).distinct():
        # A run's rows were entered in the order of the plan.
        yield from by_number(Rejected.objects.filter(run_id=run, status=Rejected.Status.OPEN))


def invalid(run: Run) -> QuerySet[InvalidRow]:
    """Examples of the rows the run never sent, ``EXAMPLES`` at most."""
    return run.invalid.order_by("id")


Moved = tuple[int, str, int]  # group, status before, rows

_COUNTED = (Rejected.Status.OPEN.value, Rejected.Status.MUTED.value)  # by the fields of a group


def _move(sync: Sync, rows: QuerySet[Rejected], status: Rejected.Status) -> int:
    return sum(number for _, _, number in _moved(sync, rows, status))


def _moved(sync: Sync, rows: QuerySet[Rejected], status: Rejected.Status) -> list[Moved]:
    """Give rows another status; every change of one goes through here, so that the groups' counts agree."""
    changing = rows.exclude(status=status)
    with transaction.atomic():
        list(sync.rejected_groups.select_for_update().values_list("id"))  # whoever moves others waits
        counts = list(changing.order_by().values_list("group_id", "status").annotate(rows=Count("id")))
        if counts:
            changing.update(status=status)
        for group, before, number in counts:
            _add(group, {before: -number, status.value: number})
    return counts


def _add(group: int, numbers: dict[str, int]) -> None:
    changes = {name: F(name) + number for name, number in numbers.items() if name in _COUNTED}
    if changes:
        RejectedGroup.objects.filter(pk=group).update(**changes)


def unlist(rows: QuerySet[Rejected]) -> int:
    """Delete refusals; their groups' examples go too, for those may quote them. Returns how many there were."""
    with transaction.atomic():
        counts = list(rows.order_by().values_list("group_id", "status").annotate(rows=Count("id")))
        for group, status, number in counts:
            _add(group, {status: -number})
        RejectedGroup.objects.filter(pk__in={group for group, _, _ in counts}).update(message="")
        rows.delete()
    return sum(number for _, _, number in counts)


class _Groups:
    """The groups of a sync that a run adds to, each looked up once."""

    def __init__(self, sync: Sync) -> None:
        self._sync = sync
        self._known: dict[tuple[str, str], RejectedGroup] = {}
        self._numbers: dict[int, int] = {}
        self._going_on: set[int] = set()

    def go_on(self, moved: Iterable[Moved]) -> None:
        """Rows of these groups stood refused until now: if they are refused again, nothing begins anew."""
        self._going_on.update(group for group, _, _ in moved)

    def of(self, outcome: Outcome) -> RejectedGroup:
        named = outcome.reason[:REASON_LENGTH], outcome.field[:FIELD_LENGTH]
        if named not in self._known:
            self._known[named] = self._found(*named, outcome.message)
        group = self._known[named]
        self._numbers[group.pk] = self._numbers.get(group.pk, 0) + 1
        return group

    def _found(self, reason: str, field: str, message: str) -> RejectedGroup:
        group, _ = RejectedGroup.objects.get_or_create(sync=self._sync, reason=reason, field=field)
        if not group.open and group.pk not in self._going_on:
            group.first_at = timezone.now()  # its age is that of what is open now, or was until this retry
        group.message = message
        group.save(update_fields=["message", "first_at", "last_at"])
        return group

    def count(self) -> None:
        """Add what was asked for since the last time."""
        for group, number in self._numbers.items():
            _add(group, {Rejected.Status.OPEN.value: number})
        self._numbers.clear()


_ENTRY = (
    f"INSERT INTO {Rejected._meta.db_table} (run_id, group_id, sync_id, seq, key, op, reason, field, message, status,"
    " created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


def _enter(run: Run, chunk: Sequence[Refused], groups: _Groups) -> None:
    """Past the ORM, which takes several times as long. The groups count the rows in the same transaction."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    rows = [_row(run, row, groups.of(row.outcome).pk, now) for row in chunk]
    with connection.cursor() as cursor:
        cursor.executemany(_ENTRY, rows)
    groups.count()


def _row(run: Run, row: Refused, group: int, now: Any) -> tuple[Any, ...]:
    said = row.outcome
    return (
        run.pk,
        group,
        run.sync_id,
        row.seq,
        row.key,
        row.op.value,
        said.reason[:REASON_LENGTH],
        said.field,
        said.message,
        Rejected.Status.OPEN.value,
        now,
    )
