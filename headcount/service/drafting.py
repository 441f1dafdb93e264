"""What an entry that is not saved would do: the payloads of real rows, and what saving it would send again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from headcount.control.models import Connection, Stream
from headcount.control.models import Model as ModelRow
from headcount.control.models import Sync as SyncRow
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.destinations.customerio.objects import destination_object
from headcount.errors import ConfigurationError, SourceError
from headcount.frozen import Frozen
from headcount.mapping import compile_sync
from headcount.model import Behavior, Column
from headcount.project.values import model_value, sync_value
from headcount.service.browsing import opening
from headcount.service.discreet import refuse_hidden
from headcount.service.known_columns import acquaint
from headcount.service.lines import Setup, find_sync, prepare_line, sync_as_of
from headcount.service.looking import look, look_at
from headcount.service.masking import mask_of
from headcount.service.planning import (
    PREVIEW_SECONDS,
    Forecast,
    forecast,
    plan_scratch,
    too_slow,
    with_state_of_its_own,
)
from headcount.service.previewing import PreviewRow, preview_rows
from headcount.service.remapped import BY_EDIT, SAVED, altered_by, saved_since
from headcount.service.settings import unquoted
from headcount.sync import Line, make_plan
from headcount.workbench import Workbench, quote_text

Entry = Mapping[str, Any]

PREVIEW_ROWS = 50
COMPARE_SECONDS = 45.0


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why rows would go again. ``why`` is one of ``BY_EDIT``, ``SAVED``, or empty (the source changed)."""

    field: str
    why: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Resend:
    """What the run after saving would send. ``because`` of those are records that go again because of the edit;
    the rest of ``planned`` would go without it. ``new_generation`` says what a new key means, or is empty.
    """

    acknowledged: int
    planned: int
    because: int
    reasons: tuple[Reason, ...]
    forecast: Forecast
    new_generation: str = ""

    @property
    def causes(self) -> str:
        """What of the edit sends records again, in words: ``full_name is new, plan is mapped differently``."""
        named = [f"{reason.field} {reason.why}" for reason in self.reasons if reason.why in BY_EDIT]
        return ", ".join(named[:4]) + (f" and {len(named) - 4} more" if len(named) > 4 else "")

    @property
    def saved_before(self) -> bool:
        """Do records go again because of an edit that is saved already, and that no run has sent yet?"""
        return any(reason.why == SAVED for reason in self.reasons)


@told()
def columns_of(model: str) -> tuple[Column, ...]:
    """The columns a model has today. Raises ``SourceError`` when its source cannot be asked."""
    setup()
    row = _model_row(model)
    with (
        unquoted(row.connection),
        look_at(row.connection.name) as patience,
        closing(patience.watching(opening(row.connection))()) as source,
    ):
        return source.columns(model_value(row.key, row.definition))


@told()
def preview_entry(key: str, entry: Entry, *, rows: int = PREVIEW_ROWS) -> tuple[PreviewRow, ...]:
    """The first rows of an entry's model as they would travel; masked values are veiled. ``entry`` was checked.

    Raises ``SourceError`` when the model cannot be read within the time a person waits, and ``ConfigurationError`` for
    one of which nothing may be shown.
    """
    home = setup()
    row = _model_row(entry["source"]["model"])
    sync = sync_value(key, entry, model_value(row.key, row.definition), stream_id=_stream(key).stream_id)
    with (
        unquoted(row.connection),
        look(PREVIEW_SECONDS, too_slow(PREVIEW_SECONDS)) as patience,
        closing(patience.watching(opening(row.connection))()) as source,
    ):
        acquaint(source, row.connection, sync.model)
        columns, mask = source.columns(sync.model), mask_of(sync.model)
        refuse_hidden(sync.model, mask)
        mapped = compile_sync(sync, columns, destination_object(sync.object))
        scratch = home.root / "scratch"
        shown = preview_rows(mapped, source, scratch, rows=rows, mask=mask, progress=patience.reading)
        return tuple(shown)


@told()
def resend_of(key: str, entry: Entry) -> Resend:
    """Plan a checked entry against a copy of what was sent, and throw the plan away. Sends and saves nothing.

    Raises ``SourceError`` when the model cannot be read within the time a person waits.
    """
    stored = find_sync(key)
    late = SourceError(
        f"Reading the model took longer than {COMPARE_SECONDS:.0f} seconds.",
        hint="Save, and look at the plan: it may take as long as it needs.",
    )
    draft = _draft_row(stored, entry)
    prepared = prepare_line(draft, None)
    with prepared.closing(), plan_scratch(prepared) as folder, look(COMPARE_SECONDS, late) as patience:
        # Nobody is looked up: that takes one question for each hundred people, and changes nothing sent before.
        unasked: Line = replace(patience.around(prepared.line), can_look_up=False)
        prepared = with_state_of_its_own(replace(prepared, line=unasked), folder)
        frozen = make_plan(prepared.line, folder)
        with Workbench(prepared.line.scratch, ordered=True) as bench:
            return _resend(prepared, stored, draft, frozen, bench)


@told()
def starts_over(key: str, entry: Entry) -> bool:
    """Would a checked entry know its records by something else, so that nothing accepted so far carries over?"""
    stored = find_sync(key)
    return bool(stored.acknowledged) and _identity(stored) != _identity(_draft_row(stored, entry))


def _identity(row: SyncRow) -> tuple[object, ...]:
    sync = sync_as_of(row)
    workspace = row.destination.environment_id or row.destination.key
    return workspace, sync.object, sync.identifier, sync.key_column


def _resend(prepared: Setup, stored: SyncRow, draft: SyncRow, frozen: Frozen, bench: Workbench) -> Resend:
    altered = altered_by(frozen, stored)
    again = 0 if _once(frozen) else _count(bench, frozen, altered)
    if frozen.new_generation and _identity(stored) != _identity(draft):
        again = frozen.plan.size
    return Resend(
        acknowledged=frozen.acknowledged,
        planned=frozen.plan.size,
        because=again,
        reasons=tuple(_reasons(frozen, {**saved_since(frozen, stored), **altered})),
        forecast=forecast(prepared, frozen, bench),
        new_generation=_generation(prepared, frozen),
    )


def _once(frozen: Frozen) -> bool:
    return frozen.mapped.sync.behavior is Behavior.APPEND_ONLY


def _count(bench: Workbench, frozen: Frozen, altered: Mapping[str, str]) -> int:
    """Records that were sent before and go again because one of these fields differs."""
    wanted = [i for i, id_ in enumerate(frozen.mapped.field_ids) if id_ in altered]
    if not wanted or not frozen.plan.change:
        return 0
    differs = " OR ".join(f"(f{i:03d} IS NOT NULL AND f{i:03d} IS DISTINCT FROM o{i:03d})" for i in wanted)
    file = f"read_parquet({quote_text(str(frozen.plan.path))})"
    return int(bench.value(f"SELECT count(*) FROM {file} WHERE op = 'change' AND ({differs})"))


def _reasons(frozen: Frozen, words: Mapping[str, str]) -> list[Reason]:
    """What the edit does comes first, then what was saved before, then the source."""
    why = {id_.partition(".")[2]: word for id_, word in words.items()}
    found = [
        Reason(field=field, why=why.get(field, ""), rows=rows)
        for field, rows in frozen.planned.field_changes.items()
    ]
    order = (*BY_EDIT, SAVED, "")
    return sorted(found, key=lambda reason: (max(1, order.index(reason.why)), -reason.rows))


def _generation(prepared: Setup, frozen: Frozen) -> str:
    if not frozen.new_generation:
        return ""
    fate = "sent again" if prepared.line.sync.backfill else "recorded as seen and not sent"
    return (
        f"Records are known by another key than before, so nothing of the {frozen.acknowledged:,} accepted ones "
        f"carries over: every row is {fate}. The next run stops and asks first."
    )


def _draft_row(stored: SyncRow, entry: Entry) -> SyncRow:
    """The stored sync as it would be; never saved."""
    return SyncRow(
        pk=stored.pk,
        key=stored.key,
        name=entry.get("name", stored.key),
        model=_model_row(entry["source"]["model"]),
        destination=_destination(entry["destination"]["connection"]),
        object=entry["destination"]["object"],
        definition={name: value for name, value in entry.items() if name != "name"},
        stream=stored.stream,
    )


def _model_row(key: str) -> ModelRow:
    row = ModelRow.objects.select_related("connection").filter(key=key).first()
    if row is None:
        raise ConfigurationError(f"There is no model {key}.", hint="Choose one of those under Models.")
    return row


def _destination(key: str) -> Connection:
    row = Connection.objects.filter(key=key).first()
    if row is None:
        raise ConfigurationError(
            f"There is no connection {key}.", hint="Choose one of those under Connections."
        )
    return row


def _stream(key: str) -> Stream:
    """The stream the sync has, or one like it will get: ids of events in a preview are only certain once saved."""
    return Stream.objects.filter(key=key).first() or Stream(key=key)
