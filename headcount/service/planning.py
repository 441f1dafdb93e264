"""What a run would do, without doing it: plan, preview, and what one row would send."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from headcount.batching import payload
from headcount.changes import old_values
from headcount.control.trouble import told
from headcount.errors import ApprovalNeeded, ConfigurationError, SourceError
from headcount.frozen import Frozen
from headcount.guards import check_guards
from headcount.mapping import compile_sync
from headcount.model import Behavior
from headcount.scratch import scratch_folder
from headcount.service.discreet import refuse_hidden
from headcount.service.lines import Setup, find_sync, next_run, prepare_line
from headcount.service.looking import look
from headcount.service.masking import mask_of
from headcount.service.previewing import PreviewRow, preview_rows
from headcount.service.shared_values import Shared, joined, shared_values
from headcount.service.unfit_keys import keys_of
from headcount.service.words import warnings_of
from headcount.sync import Progress, make_plan
from headcount.workbench import Workbench, quote_text

PREVIEW_SECONDS = 20.0


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
    """What sending the plan takes, at the workspace's budget. ``new_profiles`` may be billed by Customer.io: as many at
    most, and at least ``fewest_new_profiles`` by what the plan's rows tell. The two differ where some of them share an
    identifier: they are one person in a workspace that knows people by it, and which do cannot be asked.
    """

    requests: int
    bytes: int
    seconds: float
    new_profiles: int
    fewest_new_profiles: int


@dataclass(frozen=True, kw_only=True)
class PlanReport:
    """A plan that nobody sends. ``rows`` are the first changes of it, old and new; ``shared`` are examples of rows that
    the destination may take for one person, and ``invalid_keys`` of rows with each of the ``invalid_reasons``.
    """

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
    shared: tuple[Shared, ...] = field(default=())
    invalid_keys: tuple[tuple[str, ...], ...] = field(default=())


@told()
def plan_sync(
    key: str, *, rows: int = 20, full: bool = False, progress: Progress | None = None
) -> PlanReport:
    """Plan a sync and throw the plan away. Sends nothing, and does not disturb a run that is working."""
    prepared = prepare_line(find_sync(key), progress)
    with prepared.closing(), plan_scratch(prepared) as folder:
        prepared, frozen = _made(folder, prepared, full=full)
        with Workbench(prepared.line.scratch, ordered=True) as bench:
            return replace(
                _report(prepared, frozen, bench),
                rows=tuple(row_changes(bench, frozen, f"LIMIT {int(rows)}")),
                shared=shared_values(bench, frozen),
                invalid_keys=keys_of(bench, frozen.planned.invalid_path, frozen.planned.invalid_reasons),
            )


def plan_into(folder: Path, prepared: Setup, *, full: bool) -> PlanReport:
    """As ``plan_sync``, without examples of rows, and the plan stays in ``folder``, beside a copy of the state."""
    prepared, frozen = _made(folder, prepared, full=full)
    with Workbench(prepared.line.scratch, ordered=True) as bench:
        return _report(prepared, frozen, bench)


def _made(folder: Path, prepared: Setup, *, full: bool) -> tuple[Setup, Frozen]:
    prepared = with_state_of_its_own(prepared, folder)
    if full and prepared.line.sync.behavior is Behavior.APPEND_ONLY:
        raise ConfigurationError("Events are never sent again, so a sync of events has no full plan.")
    return prepared, make_plan(prepared.line, folder, full=full)


def _report(prepared: Setup, frozen: Frozen, bench: Workbench) -> PlanReport:
    """The plan in sums."""
    planned, plan = frozen.planned, frozen.plan
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
        forecast=forecast(prepared, frozen, bench),
    )


def _guard(prepared: Setup, frozen: Frozen, bench: Workbench) -> str:
    with prepared.line.state.reading(bench) as opened:
        try:
            check_guards(prepared.line.sync, frozen.planned, opened.catalogue, prepared.line.identity)
        except ApprovalNeeded as guard:
            return guard.message
    return ""


def row_changes(bench: Workbench, frozen: Frozen, where: str) -> Iterator[RowChange]:
    """Changes of a plan with their old and new wire values; only fields that differ are named."""
    mapped, plan = frozen.mapped, frozen.plan
    width = len(mapped.fields)
    columns = ", ".join(["op", "key", *(f"f{i:03d}" for i in range(width)), *old_values(plan)])
    for op, key, *values in bench.run(f"SELECT {columns} FROM {_file(plan.path)} {where}"):
        new, old = values[:width], values[width:]
        changes = (
            FieldChange(field=m.to, old=o, new=n)
            for m, o, n in zip(mapped.fields, old, new, strict=True)
            if (n is not None and n != o) or (op == "remove" and o is not None)
        )
        yield RowChange(op=op, key=key, fields=tuple(changes))


def forecast(prepared: Setup, frozen: Frozen, bench: Workbench) -> Forecast:
    """What sending a plan would take."""
    plan, budget = frozen.plan, prepared.line.budget
    if not plan.size:
        return Forecast(requests=0, bytes=0, seconds=0.0, new_profiles=0, fewest_new_profiles=0)
    item = payload(frozen.mapped, plan, next_run())
    size = int(bench.value(f"SELECT sum(strlen({item}) + 1) FROM {_file(plan.path)}"))
    requests = max(
        -(-size // (budget.max_bytes - 12)), -(-plan.size // budget.max_items) if budget.max_items else 1
    )
    creates = plan.add if prepared.line.sync.behavior in (Behavior.UPDATE_OR_CREATE, Behavior.MIRROR) else 0
    rate = budget.pace
    return Forecast(
        requests=requests,
        bytes=size + 12 * requests,
        seconds=round(requests / rate, 1) if rate else 0.0,
        new_profiles=creates,
        fewest_new_profiles=max(creates - joined(bench, frozen), 0) if creates else 0,
    )


@told()
def preview_sync(
    key: str,
    *,
    rows: int = 3,
    record: str | None = None,
    veiled: bool = False,
    patient: bool = False,
) -> tuple[PreviewRow, ...]:
    """The payloads of the first rows of a sync, or of the rows with one key. Reads; compares and sends nothing.

    ``veiled`` hides the values of masked columns: whatever leaves the server must be. Then ``ConfigurationError`` is
    raised for a model of which nothing may be shown. Unless the
    caller is ``patient``, a source that takes longer than ``PREVIEW_SECONDS`` is stopped, also before its first row,
    and ``SourceError`` raised; ``SourceBusy`` while too many look into sources.
    """
    row = find_sync(key)
    prepared = prepare_line(row, None)
    seconds = None if patient else PREVIEW_SECONDS
    with prepared.closing(frank=not veiled), look(seconds, too_slow(seconds)) as patience:
        line = patience.around(prepared.line)
        with closing(line.open_source()) as source:
            line.before_reading(source)
            mapped = compile_sync(line.sync, source.columns(line.sync.model), line.object)
            mask = mask_of(line.sync.model) if veiled else None
            if mask is not None:
                refuse_hidden(line.sync.model, mask)
            found = preview_rows(
                mapped,
                source,
                line.scratch,
                rows=rows,
                record=record,
                mask=mask,
                progress=line.progress.reading,
            )
            return tuple(found)


def too_slow(seconds: float | None) -> SourceError:
    """What is said of a model whose preview takes longer."""
    return SourceError(
        f"Reading the model took longer than {seconds or 0:.0f} seconds.",
        hint="Preview a smaller model, or one whose query is quicker.",
    )


def _file(path: Path) -> str:
    return f"read_parquet({quote_text(str(path))})"


def with_state_of_its_own(prepared: Setup, folder: Path) -> Setup:
    """The same line over a copy of its state: reading may take long, and a working run must be able to fold."""
    with Workbench(prepared.line.scratch) as bench:
        state = prepared.line.state.copied(bench, folder / "state.duckdb")
    return replace(prepared, line=replace(prepared.line, state=state))


@contextmanager
def plan_scratch(prepared: Setup) -> Iterator[Path]:
    """A folder for a plan that nobody sends."""
    folder = scratch_folder(prepared.home.plans)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
