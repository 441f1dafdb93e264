"""What a run would do, without doing it: plan, preview, and what one row would send."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from headcount.batching import payload
from headcount.control.trouble import told
from headcount.engines.base import Source
from headcount.errors import ApprovalNeeded, ConfigurationError
from headcount.frozen import Frozen
from headcount.guards import check_guards
from headcount.mapping import COMPLAINT, PART, compile_sync, staging
from headcount.model import Behavior, Plan
from headcount.prepare import prepare
from headcount.reading import Watched
from headcount.scratch import scratch_folder
from headcount.service.keys import canonical
from headcount.service.lines import Setup, find_sync, next_run, prepare_line
from headcount.service.words import warnings_of
from headcount.sync import Progress, make_plan
from headcount.workbench import Workbench, quote_text


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One field's wire values; ``old`` is None when it was never sent."""

    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, kw_only=True)
class RowChange:
    op: str
    key: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What sending the plan takes, at the workspace's budget. ``new_profiles`` may be billed by Customer.io."""

    requests: int
    bytes: int
    seconds: float
    new_profiles: int


@dataclass(frozen=True, kw_only=True)
class PlanReport:
    """A plan that nobody sends. ``rows`` are the first changes of it, old and new."""

    sync: str
    name: str
    read: int
    add: int
    change: int
    remove: int
    unchanged: int
    invalid: int
    held: int
    missed: int
    field_changes: dict[str, int]
    invalid_reasons: tuple[tuple[str, str, int], ...]
    warnings: tuple[str, ...]
    needs_approval: str
    forecast: Forecast
    rows: tuple[RowChange, ...] = field(default=())


@told()
def plan_sync(
    key: str, *, rows: int = 20, full: bool = False, progress: Progress | None = None
) -> PlanReport:
    """Plan a sync and throw the plan away. Sends nothing, and does not disturb a run that is working."""
    prepared = prepare_line(find_sync(key), progress)
    with prepared.closing(), _scratch(prepared) as folder:
        return plan_into(folder, prepared, rows=rows, full=full)


def plan_into(folder: Path, prepared: Setup, *, rows: int, full: bool) -> PlanReport:
    """As ``plan_sync``, and the plan stays in ``folder``, beside a copy of the state."""
    prepared = _with_state_of_its_own(prepared, folder)
    if full and prepared.line.sync.behavior is Behavior.APPEND_ONLY:
        raise ConfigurationError("Events are never sent again, so a sync of events has no full plan.")
    frozen = make_plan(prepared.line, folder, full=full)
    return _report(prepared, frozen, rows)


def _report(prepared: Setup, frozen: Frozen, rows: int) -> PlanReport:
    planned, plan = frozen.planned, frozen.plan
    with Workbench(prepared.line.scratch, ordered=True) as bench:
        return PlanReport(
            sync=prepared.line.sync.key,
            name=prepared.line.sync.name,
            read=planned.read,
            add=plan.add,
            change=plan.change,
            remove=plan.remove,
            unchanged=planned.unchanged,
            invalid=planned.invalid,
            held=planned.held,
            missed=planned.missed,
            field_changes=planned.field_changes,
            invalid_reasons=planned.invalid_reasons,
            warnings=tuple(warnings_of(frozen, prepared.line)),
            needs_approval=_guard(prepared, frozen, bench),
            forecast=_forecast(prepared, frozen, bench),
            rows=tuple(row_changes(bench, frozen, f"LIMIT {int(rows)}")),
        )


def _guard(prepared: Setup, frozen: Frozen, bench: Workbench) -> str:
    with prepared.line.state.reading(bench) as catalogue:
        try:
            check_guards(prepared.line.sync, frozen.planned, catalogue, prepared.line.identity)
        except ApprovalNeeded as guard:
            return guard.message
    return ""


def row_changes(bench: Workbench, frozen: Frozen, where: str) -> Iterator[RowChange]:
    """Changes of a plan with their old and new wire values; only fields that differ are named."""
    mapped, plan = frozen.mapped, frozen.plan
    width = len(mapped.fields)
    columns = ", ".join(
        ["op", "key", *(f"f{i:03d}" for i in range(width)), *(f"o{i:03d}" for i in range(width))]
    )
    for op, key, *values in bench.run(f"SELECT {columns} FROM {_file(plan.path)} {where}"):
        new, old = values[:width], values[width:]
        changes = (
            FieldChange(field=m.to, old=o, new=n)
            for m, o, n in zip(mapped.fields, old, new, strict=True)
            if (n is not None and n != o) or (op == "remove" and o is not None)
        )
        yield RowChange(op=op, key=key, fields=tuple(changes))


def _forecast(prepared: Setup, frozen: Frozen, bench: Workbench) -> Forecast:
    plan, budget = frozen.plan, prepared.line.budget
    if not plan.size:
        return Forecast(requests=0, bytes=0, seconds=0.0, new_profiles=0)
    item = payload(frozen.mapped, plan, next_run())
    size = int(bench.value(f"SELECT sum(strlen({item}) + 1) FROM {_file(plan.path)}"))
    requests = max(
        -(-size // (budget.max_bytes - 12)), -(-plan.size // budget.max_items) if budget.max_items else 1
    )
    creates = plan.add if prepared.line.sync.behavior in (Behavior.UPDATE_OR_CREATE, Behavior.MIRROR) else 0
    rate = budget.requests_per_second
    return Forecast(
        requests=requests,
        bytes=size + 12 * requests,
        seconds=round(requests / rate, 1) if rate else 0.0,
        new_profiles=creates,
    )


@dataclass(frozen=True, kw_only=True)
class PreviewRow:
    """One source row as it would travel: its exact payload, or why it would not."""

    key: str
    payload: str | None
    problems: tuple[tuple[str, str], ...]  # field, reason


@told()
def preview_sync(key: str, *, rows: int = 3, record: str | None = None) -> tuple[PreviewRow, ...]:
    """The payloads of the first rows of a sync, or of the rows with one key. Reads; compares and sends nothing."""
    prepared = prepare_line(find_sync(key), None)
    with prepared.closing():
        source = prepared.line.open_source()
        try:
            return tuple(_preview(prepared, source, rows, record))
        finally:
            source.close()


def _preview(prepared: Setup, source: Source, rows: int, record: str | None) -> Iterator[PreviewRow]:
    line = prepared.line
    mapped = compile_sync(line.sync, source.columns(line.sync.model), line.object)
    operation = payload(mapped, Plan(path=Path(), fields=mapped.field_ids), next_run())
    wanted = (
        f"WHERE key = {quote_text(canonical(line.sync.identifier, record))}" if record is not None else ""
    )
    with (
        Workbench(line.scratch, ordered=True) as bench,
        source.read(line.sync.model, mapped.source_columns) as reader,
    ):
        how = staging(mapped, reader.schema, "source_rows")
        watched = Watched(line.sync.model, reader, how.prepared, prepare, None)
        sql = f"SELECT key, CASE WHEN invalid IS NULL THEN {operation} END, invalid FROM ({how.select}) {wanted}"
        with watched.feeding(bench, "source_rows"):
            shown = bench.run(f"{sql} LIMIT {int(rows)}")
        for found, item, invalid in shown:
            yield PreviewRow(key=(found or "").replace("\x00", ""), payload=item, problems=_problems(invalid))


def _problems(invalid: str | None) -> tuple[tuple[str, str], ...]:
    if not invalid:
        return ()
    parts = (complaint.partition(PART) for complaint in invalid.split(COMPLAINT))
    return tuple((field, reason) for field, _, reason in parts)


def _file(path: Path) -> str:
    return f"read_parquet({quote_text(str(path))})"


def _with_state_of_its_own(prepared: Setup, folder: Path) -> Setup:
    """Reading the source may take long, and a run that is working must be able to fold meanwhile."""
    with Workbench(prepared.line.scratch) as bench:
        state = prepared.line.state.copied(bench, folder / "state.duckdb")
    return replace(prepared, line=replace(prepared.line, state=state))


@contextmanager
def _scratch(prepared: Setup) -> Iterator[Path]:
    folder = scratch_folder(prepared.home.plans)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
