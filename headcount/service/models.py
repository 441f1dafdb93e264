"""Models: listed, looked at, tried out, saved, deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Count

from headcount.control import audit
from headcount.control.models import Model as ModelRow
from headcount.control.models import Sync as SyncRow
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.engines.select import check_select
from headcount.errors import ConfigurationError
from headcount.model import FromColumn, Model
from headcount.project.kinds import KINDS
from headcount.project.problems import did_you_mean
from headcount.project.values import model_value, sync_value
from headcount.service.browsing import ROWS, ColumnInfo, Rows, columns_of, rows_of
from headcount.service.connections import find_connection, list_connections
from headcount.service.entries import Refused, Wrong, checked, save_checked
from headcount.service.keys import key_for
from headcount.service.masking import masked_names
from headcount.service.origins import Drift, digest, drift, drifts, forget
from headcount.service.stored import entry_of

WAYS = ("table", "query", "path")


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """A model in a list. ``way`` is table, query or path, and ``rows`` what stands there."""

    key: str
    name: str
    connection: str
    connection_name: str
    way: str
    rows: str
    syncs: int
    changed_here: bool


@dataclass(frozen=True, kw_only=True)
class SyncUsing:
    """A sync that reads a model. ``columns`` are those it needs."""

    key: str
    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ModelDetails:
    """Everything on the page of one model. ``version`` is what a form carries to notice other people's changes;
    ``masked`` are the masked columns of its connection.
    """

    key: str
    name: str
    connection: str
    connection_name: str
    way: str
    rows: str
    types: dict[str, str]
    masked: tuple[str, ...]
    syncs: tuple[SyncUsing, ...]
    version: str
    drift: Drift | None = field(default=None)


@dataclass(frozen=True, kw_only=True)
class ModelDraft:
    """A model as somebody writes it down. ``version`` is empty for a new one."""

    key: str
    name: str
    connection: str
    table: str = ""
    query: str = ""
    path: str = ""
    types: Mapping[str, str] = field(default_factory=dict)
    version: str = ""

    def entry(self) -> dict[str, Any]:
        """As the project file would say it."""
        ways = {"table": self.table.strip(), "query": self.query, "path": self.path.strip()}
        given = {way: text for way, text in ways.items() if text.strip()}
        types = {"types": dict(self.types)} if self.types else {}
        return {"name": self.name, "connection": self.connection, **given, **types}


def list_models() -> list[ModelInfo]:
    """All models in the order of their keys."""
    setup()
    with told():
        rows = list(ModelRow.objects.select_related("connection").annotate(used=Count("syncs")))
        changed = drifts("models", {row.key: entry_of(row) for row in rows})
    return [
        ModelInfo(
            key=row.key,
            name=row.name,
            connection=row.connection.key,
            connection_name=row.connection.name,
            **_said(row.definition),
            syncs=row.used,
            changed_here=row.key in changed,
        )
        for row in rows
    ]


def model_details(key: str) -> ModelDetails:
    """One model. Raises ``ConfigurationError`` when there is none of this key."""
    row = find_model(key)
    with told():
        entry = entry_of(row)
        return ModelDetails(
            key=row.key,
            name=row.name,
            connection=row.connection.key,
            connection_name=row.connection.name,
            **_said(row.definition),
            types=dict(row.definition.get("types", {})),
            masked=tuple(sorted(masked_names(row.connection.key))),
            syncs=tuple(_using(sync) for sync in row.syncs.all()),
            version=digest(entry),
            drift=drift("models", key, entry),
        )


def find_model(key: str) -> ModelRow:
    """Raises ``ConfigurationError`` with the nearest keys for a model that does not exist."""
    setup()
    with told():
        row = ModelRow.objects.select_related("connection").filter(key=key).first()
        known = list(ModelRow.objects.values_list("key", flat=True)) if row is None else []
    if row is None:
        raise ConfigurationError(
            f"There is no model {key}.",
            hint=did_you_mean(key, known) or "Add it under Models, or in headcount.yml.",
        )
    return row


def free_key(name: str) -> str:
    """The key a new model of this name gets."""
    setup()
    with told():
        return key_for(name, set(ModelRow.objects.values_list("key", flat=True)))


def try_model(draft: ModelDraft, *, limit: int = ROWS) -> Rows:
    """The first rows of what was written down, saved or not. Raises ``Refused`` and ``SourceError``."""
    setup()
    return rows_of(_value(draft), limit=limit)


def save_model(draft: ModelDraft, *, unread: bool = False) -> tuple[str, ...]:
    """Save a model whose source accepts it, and return warnings. ``unread`` saves it without asking the source.

    What the syncs that use it have sent stays known: only rows that come out differently are sent again. Raises
    ``Refused``, ``Stale`` and ``SourceError``; then nothing is saved.
    """
    setup()
    model = _value(draft)
    if model.query is not None:  # what can never be read is not saved unread
        check_select(model.query, KINDS[find_connection(model.connection).type].dialect)
    columns = () if unread else columns_of(model)
    with told(), transaction.atomic():
        entry = _checked(draft)
        save_checked("models", draft.key, entry, version=draft.version)
        syncs = SyncRow.objects.filter(model__key=draft.key)
        return () if unread else tuple(_missing(syncs, columns))


def delete_model(key: str) -> str:
    """Delete a model that no sync reads, and return its name. Raises ``ConfigurationError`` with the syncs' names."""
    row = find_model(key)
    with told(), transaction.atomic():
        if names := list(row.syncs.values_list("name", flat=True)):
            raise ConfigurationError(
                f"{row.name} is in use by {', '.join(names[:10])}.", hint="Delete these syncs first."
            )
        row.delete()
        forget("models", key)
        audit.record("deleted", f"model {key}")
    return row.name


def stored_draft(key: str) -> ModelDraft:
    """What a form for a stored model begins with."""
    found = model_details(key)
    return ModelDraft(
        key=key,
        name=found.name,
        connection=found.connection,
        types=found.types,
        version=found.version,
        **{found.way: found.rows},
    )


def sources() -> tuple[tuple[str, str, str], ...]:
    """Key, name and type of each connection that a model can read."""
    return tuple((info.key, info.name, info.label) for info in list_connections() if info.role == "source")


def ways_of(connection: str) -> tuple[str, ...]:
    """How a model of this connection may name its rows: table, query, path."""
    return KINDS[find_connection(connection).type].models


def _checked(draft: ModelDraft) -> dict[str, Any]:
    if not draft.version and ModelRow.objects.filter(key=draft.key).exists():
        raise Refused([Wrong(field="key", wrong=f"There is a model {draft.key} already.")])
    return checked("models", draft.key, draft.entry())


def _value(draft: ModelDraft) -> Model:
    with told():
        return model_value(draft.key, _checked(draft))


def _missing(syncs: Iterable[SyncRow], columns: Iterable[ColumnInfo]) -> Iterable[str]:
    have = {column.name for column in columns}
    for sync in syncs:
        if gone := [name for name in _using(sync).columns if name not in have]:
            names = ", ".join(gone)
            yield f"The sync {sync.name} needs {names}, which the model does not have any more: its next run will stop."


def _using(sync: SyncRow) -> SyncUsing:
    reading = sync_value(sync.key, sync.definition, Model(key="", name="", connection=""))
    named = [mapping.source.name for mapping in reading.mappings if isinstance(mapping.source, FromColumn)]
    columns = dict.fromkeys(name for name in (reading.key_column, *named) if name)
    return SyncUsing(key=sync.key, name=sync.name, columns=tuple(columns))


def _said(definition: Mapping[str, Any]) -> dict[str, str]:
    way = next((way for way in WAYS if definition.get(way)), "query")
    return {"way": way, "rows": str(definition.get(way, ""))}
