"""The rows of a frozen plan, a page at a time: old and new values, and what became of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from headcount.changes import old_values
from headcount.control import runs
from headcount.control.models import Receipt as ReceiptRow
from headcount.control.models import Run
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.destinations.customerio.objects import destination_object
from headcount.errors import ConfigurationError
from headcount.frozen import FILE, Frozen, UnreadablePlan, load
from headcount.service.lines import OtherRelease, sync_as_of
from headcount.service.planning import FieldChange
from headcount.service.plans import plan_folder
from headcount.service.record_names import key_of, token_of
from headcount.service.shared_values import Shared, shared_values, shares_any
from headcount.service.slices import PAGE, Slice
from headcount.service.veil import Veil, Veils
from headcount.workbench import Workbench, quote_text

OPERATIONS = ("add", "change", "remove")
FATES = ("accepted", "rejected", "in doubt", "unsent")
LOOKED_AT = (
    10  # pages of the plan that are searched for rows of one fate, before the next page must be asked for
)


@dataclass(frozen=True, kw_only=True)
class PlanRow:
    """One change. ``fate`` and ``reason`` are empty while nothing is known; ``record`` names the record."""

    seq: int
    op: str
    key: str
    record: str
    fields: tuple[FieldChange, ...]
    fate: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which rows of a plan: all that fit. ``record`` is a name made by ``token_of``."""

    op: str = ""
    field: str = ""
    record: str = ""
    fate: str = ""


@dataclass(frozen=True, kw_only=True)
class PlanPage:
    """A page of a plan and the names its rows can be filtered by; on the first page of all, examples of rows that the
    destination may take for one person. ``sharing`` says on every page whether there are any.
    """

    sync: str
    run: int | None
    fields: tuple[str, ...]
    rows: Slice[PlanRow]
    shared: tuple[Shared, ...] = ()
    sharing: bool = False


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A plan that is still in its folder, and the veils over its new values and those remembered from before."""

    sync: str
    frozen: Frozen
    veil: Veil
    old: Veil
    run: int | None = None


@told()
def plan_of_run(run_id: int) -> Kept:
    """Raises ``ConfigurationError`` when the run has no plan, not any more, or none that can be read."""
    home = setup()
    run = runs.find(run_id)
    folder = plan_folder(home, run.pk)
    frozen = load_of(run, folder)
    if frozen is None and (folder / FILE).exists():
        raise ConfigurationError(
            f"There is no such plan: that of run {run_id} cannot be read by this release of Headcount.",
            hint="Its counts and the rows it was refused are kept; the next run makes a plan of its own.",
        )
    if frozen is None:
        raise ConfigurationError(
            f"There is no plan of run {run_id}.",
            hint="It was not made yet, or is deleted by now: after 30 days only those of the newest 20 runs are kept.",
        )
    veils = Veils(run.sync)
    veil = veils.as_of(run.sync_snapshot)
    return Kept(sync=run.sync.key, frozen=frozen, veil=veil, old=veils.remembered, run=run.pk)


def load_of(run: Run, folder: Path) -> Frozen | None:
    """The plan of a run, read as the sync was then; None when there is none, or none that this release can read."""
    if not run.sync_snapshot or not (folder / FILE).exists():
        return None
    try:
        sync = sync_as_of(run.sync, run.sync_snapshot)
        return load(folder, sync, destination_object(sync.object))
    except (OtherRelease, UnreadablePlan):
        return None


@told()
def rows_of_run(run_id: int, which: Filter, *, after: int = -1) -> PlanPage:
    """A page of a run's plan with what became of its rows. Raises ``ConfigurationError`` as ``plan_of_run`` does."""
    return plan_page(plan_of_run(run_id), which, after=after)


def plan_page(kept: Kept, which: Filter, *, after: int = -1) -> PlanPage:
    """The page that begins behind change number ``after``."""
    with Workbench(setup().root / "scratch", ordered=True) as bench:
        rows = _page(bench, kept, which, after)
        shared = _shared(bench, kept) if which == Filter() and after < 0 else ()
    return PlanPage(
        sync=kept.sync,
        run=kept.run,
        fields=_fields(kept),
        rows=rows,
        shared=shared,
        sharing=shares_any(kept.frozen),
    )


@told()
def shared_in(kept: Kept) -> tuple[Shared, ...]:
    """Examples of rows of a plan that the destination may take for one person."""
    with Workbench(setup().root / "scratch", ordered=True, maps=False) as bench:
        return _shared(bench, kept)


def _shared(bench: Workbench, kept: Kept) -> tuple[Shared, ...]:
    return tuple(found.under(kept.veil) for found in shared_values(bench, kept.frozen))


def all_rows(kept: Kept, which: Filter) -> Iterator[PlanRow]:
    """Every row that fits, for a download; read as it is consumed."""
    after: int | None = -1
    with Workbench(setup().root / "scratch", ordered=True) as bench:
        while after is not None:
            found = _page(bench, kept, which, after, size=2_000)
            yield from found.rows
            after = found.next


def _page(bench: Workbench, kept: Kept, which: Filter, after: int, size: int = PAGE) -> Slice[PlanRow]:
    """Rows of one fate are looked for in some pages of the plan only, so that a page of them is never slow."""
    if not which.fate or kept.run is None:
        found = _read(bench, kept, which, after, size)
        return replace(found, rows=tuple(_judged(kept, found.rows)))
    rows: list[PlanRow] = []
    place: int | None = after
    for _ in range(LOOKED_AT):
        if place is None or len(rows) >= size:
            break
        found = _read(bench, kept, which, place, size)
        rows += [row for row in _judged(kept, found.rows) if row.fate == which.fate]
        place = found.next
    return Slice(rows=tuple(rows), next=place)


def _read(bench: Workbench, kept: Kept, which: Filter, after: int, size: int) -> Slice[PlanRow]:
    width = len(kept.frozen.mapped.fields)
    values = ", ".join([f"f{i:03d}" for i in range(width)] + old_values(kept.frozen.plan))
    file = f"read_parquet({quote_text(str(kept.frozen.plan.path))}, file_row_number = true)"
    where, parameters = _conditions(kept, which, after)
    columns = f"file_row_number, op, key{', ' + values if values else ''}"
    found = bench.run(
        f"SELECT {columns} FROM {file} WHERE {where} ORDER BY file_row_number LIMIT {size + 1}", parameters
    )
    rows = [_row(kept, *line) for line in found[:size]]
    return Slice(rows=tuple(rows), next=rows[-1].seq if len(found) > size else None)


def _conditions(kept: Kept, which: Filter, after: int) -> tuple[str, list[Any]]:
    where = ["file_row_number > ?"]
    parameters: list[Any] = [after]
    if which.op in OPERATIONS:
        where.append("op = ?")
        parameters.append(which.op)
    if which.record:
        where.append("key = ?")
        parameters.append(key_of(kept.sync, which.record))
    if which.field:
        where.append(_differs(kept, which.field))
    return " AND ".join(where), parameters


def _differs(kept: Kept, field: str) -> str:
    names = [m.to for m in kept.frozen.mapped.fields]
    if field not in names:
        return "false"
    i = names.index(field)
    return f"f{i:03d} IS NOT NULL AND f{i:03d} IS DISTINCT FROM {old_values(kept.frozen.plan)[i]}"


def _row(kept: Kept, seq: int, op: str, key: str, *values: str | None) -> PlanRow:
    veil, width = kept.veil, len(kept.frozen.mapped.fields)
    changes = (
        FieldChange(field=m.to, old=kept.old.value(m.to, old), new=veil.value(m.to, new))
        for m, new, old in zip(kept.frozen.mapped.fields, values[:width], values[width:], strict=True)
        if (new is not None and new != old) or (op == "remove" and old is not None)
    )
    record = token_of(kept.sync, key)
    return PlanRow(seq=seq, op=op, key=veil.key(key), record=record, fields=tuple(changes))


def _fields(kept: Kept) -> tuple[str, ...]:
    return tuple(m.to for m in kept.frozen.mapped.fields)


def _judged(kept: Kept, rows: tuple[PlanRow, ...]) -> Iterator[PlanRow]:
    """The same rows with what the receipts say about them."""
    if kept.run is None or not rows:
        yield from rows
        return
    covering = ReceiptRow.objects.filter(run_id=kept.run, first__lte=rows[-1].seq, last__gte=rows[0].seq)
    receipts = sorted(covering.values_list("first", "last", "id", "accepted"))
    partly = [id_ for first, last, id_, accepted in receipts if accepted <= last - first]
    troubled = _exceptions(partly, rows, kept.veil)
    for row in rows:
        sent = any(first <= row.seq <= last for first, last, _, _ in receipts)
        fate, reason = troubled.get(row.seq, ("accepted" if sent else "unsent", ""))
        yield replace(row, fate=fate, reason=reason)


def _exceptions(receipts: list[int], rows: tuple[PlanRow, ...], veil: Veil) -> dict[int, tuple[str, str]]:
    wanted = {row.seq for row in rows}
    found: dict[int, tuple[str, str]] = {}
    for first, exceptions in ReceiptRow.objects.filter(id__in=receipts).values_list("first", "exceptions"):
        for index, fate, reason, field, message, *_ in exceptions:
            if first + index in wanted:
                said = (field, reason, veil.quoted(field, message))
                words = " · ".join(part for part in said if part)
                found[first + index] = (fate, words)
    return found
