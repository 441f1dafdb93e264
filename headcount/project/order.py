"""The order in which an entry's names stand, which is that of their declarations: PostgreSQL keeps none of its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from headcount.project.connection_entry import BudgetEntry
from headcount.project.entry import Entry
from headcount.project.kinds import BUDGET, KINDS
from headcount.project.model_entry import ModelEntry
from headcount.project.sync_entry import SyncEntry

Form = type[Entry] | None


def in_order(section: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The same entry of connections, models or syncs. Names that are declared nowhere stay behind the others."""
    if section == "connections":
        return _connection_in_order(entry)
    ordered: dict[str, Any] = _ordered(ModelEntry if section == "models" else SyncEntry, entry)
    return ordered


def _connection_in_order(entry: Mapping[str, Any]) -> dict[str, Any]:
    kind = KINDS.get(entry.get("type", ""))
    fields = [field.name for field in kind.fields] if kind else []
    names = [name for name in ("name", "type", *fields) if name in entry]
    rest = {name: value for name, value in entry.items() if name not in names}
    if BUDGET in rest:
        rest[BUDGET] = _ordered(BudgetEntry, rest[BUDGET])
    return {**{name: entry[name] for name in names}, **rest}


def _ordered(form: Form, value: Any) -> Any:
    if isinstance(value, list):
        return [_ordered(form, item) for item in value]
    if form is None or not isinstance(value, Mapping):
        return value
    declared = {name: inner for name, inner in _names(form).items() if name in value}
    known = {name: _ordered(inner, value[name]) for name, inner in declared.items()}
    return {**known, **{name: inner for name, inner in value.items() if name not in known}}


@cache
def _names(form: type[Entry]) -> dict[str, Form]:
    """The names as they are written, each with what declares the names inside of it."""
    return {
        field.alias or name: _form_in(field.annotation) or _form_in(tuple(field.metadata))
        for name, field in form.model_fields.items()
    }


def _form_in(annotation: Any) -> Form:
    """The first declaration in a type such as ``list[Annotated[MappingEntry, …]] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, Entry):
        return annotation
    parts = annotation if isinstance(annotation, tuple) else get_args(annotation)
    return next((form for form in map(_form_in, parts) if form is not None), None)
