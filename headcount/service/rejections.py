"""Refused rows for people: by reason and field, row by row, as a file; muted, and let go."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime

from django.db.models import Q, QuerySet

from headcount.control import audit, held, runs
from headcount.control.models import Invalid, Rejected, RejectedGroup, Run
from headcount.control.models import Sync as SyncRow
from headcount.control.reading import by_number
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.home import current_home
from headcount.service.advice import advice
from headcount.service.keyless import Keyless
from headcount.service.left_out import pattern_of
from headcount.service.lines import find_sync
from headcount.service.record_names import token_of
from headcount.service.slices import PAGE, Slice, sliced
from headcount.service.veil import Veil, Veils

GROUPS = 200
RETRIED = 10_000  # keys that one retry may name; more are retried all together


@dataclass(frozen=True, kw_only=True)
class RefusalGroup:
    """All refusals of a sync for one reason and field. ``message`` is the newest row's."""

    id: int
    reason: str
    field: str
    message: str
    advice: str
    open: int
    muted: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One refused row. ``record`` names its record in addresses."""

    id: int
    key: str
    record: str
    op: str
    reason: str
    field: str
    message: str
    run: int
    status: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class NeverSent:
    """A row that was not sent, as an example: field and reason; and some ``values`` of one that no key tells apart."""

    key: str
    field: str
    reason: str
    values: dict[str, str] = dataclass_field(default_factory=dict)


@told()
def refusal_groups(sync: str) -> tuple[RefusalGroup, ...]:
    """What is open or muted, the largest first; counts come from the groups, not from the rows."""
    row = find_sync(sync)
    veil = Veils(row).remembered
    found = row.rejected_groups.filter(Q(open__gt=0) | Q(muted__gt=0)).order_by("-open", "-muted", "id")
    return tuple(_group(group, veil) for group in found[:GROUPS])


@told()
def refusal_group(sync: str, group: int) -> RefusalGroup:
    """Raises ``ConfigurationError`` for a group that the sync does not have."""
    row = find_sync(sync)
    return _group(_found(row, group), Veils(row).remembered)


@told()
def refusals(sync: str, *, group: int | None = None, muted: bool = False, after: int = 0) -> Slice[Refusal]:
    """A page of the open (or muted) rows of a sync, or of one group of it, oldest first."""
    row = find_sync(sync)
    status = Rejected.Status.MUTED if muted else Rejected.Status.OPEN
    chosen = row.rejected if group is None else _found(row, group).rows
    return _page(row, chosen.filter(status=status, id__gt=after))


@told()
def refusals_of_run(run_id: int, *, after: int = 0) -> Slice[Refusal]:
    """A page of everything one run was refused, whatever has become of it since."""
    setup()
    run = runs.find(run_id)
    return _page(run.sync, run.rejected.filter(id__gt=after))


@told()
def never_sent(
    run_id: int, *, field: str | None = None, reason: str = "", after: int = 0
) -> Slice[NeverSent]:
    """A page of the examples of rows that a run did not send, of one field or reason if wanted; an empty ``field`` is
    the whole row. At most 1,000 are kept.
    """
    setup()
    run = runs.find(run_id)
    veil = Veils(run.sync).as_of(run.sync_snapshot)
    wanted = {} if field is None else {"field": field}
    if reason:
        wanted["reason__regex"] = pattern_of(reason)
    found = list(run.invalid.filter(id__gt=after, **wanted).order_by("id")[: PAGE + 1])

    values = _values_of_keyless(run, found, veil)

    def shown(row: Invalid) -> NeverSent:
        said = veil.words(row.field, row.reason)
        return NeverSent(key=veil.key(row.key), field=row.field, reason=said, values=values.get(row.pk, {}))

    return sliced(found, PAGE, shown, lambda row: row.pk)


def _values_of_keyless(run: Run, rows: Sequence[Invalid], veil: Veil) -> dict[int, dict[str, str]]:
    """By number of the example, for those without a key."""
    wanted = [row for row in rows if not row.key]
    if not wanted:
        return {}
    keyless, numbers = Keyless(current_home(), run), Counter[tuple[str, str]]()
    for field, reason in {(row.field, row.reason) for row in wanted}:  # those on the pages before
        before = run.invalid.filter(key="", field=field, reason=reason, id__lt=wanted[0].pk)
        numbers[field, reason] = before.count()
    told = {}
    for row in wanted:
        values = keyless.values(row.field, row.reason, numbers[row.field, row.reason])
        told[row.pk] = {name: veil.words(name, value) for name, value in values.items()}
        numbers[row.field, row.reason] += 1
    return told


@told()
def refusals_as_csv(sync: str, *, group: int | None = None) -> Iterator[str]:
    """All open rows, line by line, as they are read."""
    row = find_sync(sync)
    chosen = row.rejected if group is None else _found(row, group).rows
    return _lines(by_number(chosen.filter(status=Rejected.Status.OPEN)), Veils(row))


def _lines(rows: Iterable[Rejected], veils: Veils) -> Iterator[str]:
    yield _line(["key", "operation", "reason", "field", "message", "run", "at"])
    for row in rows:
        veil = veils.of(row.run_id)
        said = veil.quoted(row.field, row.message)
        at = row.created_at.isoformat(timespec="seconds")
        yield _line([veil.key(row.key), row.op, row.reason, row.field, said, str(row.run_id), at])


def _line(values: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue()


@told()
def mute_group(sync: str, group: int, *, muted: bool = True) -> int:
    """Leave a group out of what needs attention until its rows change, or list it again. Returns how many rows."""
    row = find_sync(sync)
    found = _found(row, group)
    rows = held.mute(found) if muted else held.unmute(found)
    _note(row, "muted" if muted else "unmuted", rows, reason=found.reason, field=found.field)
    return rows


@told()
def mute_rows(sync: str, ids: Sequence[int], *, muted: bool = True) -> int:
    """The same for chosen rows, by their numbers."""
    row = find_sync(sync)
    rows = held.mute_rows(row, ids, muted=muted)
    _note(row, "muted" if muted else "unmuted", rows)
    return rows


@told()
def keys_to_retry(sync: str, *, group: int | None = None, ids: Sequence[int] = ()) -> list[str]:
    """The keys of a group's open rows, of its muted ones when none is open, or of chosen rows.

    Raises ``ConfigurationError`` when there are none, or so many that only all together can be retried.
    """
    if group is None and not ids:
        raise nothing_chosen()
    row = find_sync(sync)
    chosen = row.rejected.filter(id__in=ids) if group is None else _found(row, group).rows
    waiting = chosen.filter(status__in=[Rejected.Status.OPEN, Rejected.Status.MUTED])
    if group is not None and (opened := chosen.filter(status=Rejected.Status.OPEN)).exists():
        waiting = opened
    keys = list(waiting.order_by("id").values_list("key", flat=True)[: RETRIED + 1])
    if not keys:
        raise ConfigurationError("None of these rows is held any more.", hint="Look at the page again.")
    if len(keys) > RETRIED:
        raise ConfigurationError(
            f"These are more than {RETRIED:,} rows.",
            hint="Retry all rows of the sync instead, for which muted ones are unmuted first; that takes any number.",
        )
    return keys


def nothing_chosen() -> ConfigurationError:
    """Somebody pressed a button for chosen rows, and there are none."""
    return ConfigurationError("No row was chosen; nothing is changed.", hint="Tick the rows first.")


def _page(sync: SyncRow, rows: QuerySet[Rejected]) -> Slice[Refusal]:
    found = list(rows.order_by("id")[: PAGE + 1])
    veils = Veils(sync, (row.run_id for row in found))

    def shown(row: Rejected) -> Refusal:
        veil = veils.of(row.run_id)
        return Refusal(
            id=row.pk,
            key=veil.key(row.key),
            record=token_of(sync.key, row.key),
            op=row.op,
            reason=row.reason,
            field=row.field,
            message=veil.quoted(row.field, row.message),
            run=row.run_id,
            status=row.status,
            at=row.created_at,
        )

    return sliced(found, PAGE, shown, lambda row: row.pk)


def _group(group: RejectedGroup, veil: Veil) -> RefusalGroup:
    return RefusalGroup(
        id=group.pk,
        reason=group.reason,
        field=group.field,
        message=veil.quoted(group.field, group.message),
        advice=advice(group.reason, group.field, group.message),
        open=group.open,
        muted=group.muted,
        first_at=group.first_at,
        last_at=group.last_at,
    )


def _found(sync: SyncRow, group: int) -> RejectedGroup:
    found = sync.rejected_groups.filter(pk=group).first()
    if found is None:
        raise ConfigurationError("There is no such group of rejected rows.", hint="Look at the page again.")
    return found


def _note(sync: SyncRow, action: str, rows: int, **more: str) -> None:
    if rows:
        audit.record(action, f"sync {sync.key}", {"rejected rows": rows, **more})
