"""The JSON schema of the project file, for editors."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from headcount.engines import Field
from headcount.project.connection_entry import BudgetEntry
from headcount.project.entry import Entry
from headcount.project.kinds import BUDGET, KINDS, ConnectionKind
from headcount.project.model_entry import ModelEntry
from headcount.project.project import VERSION
from headcount.project.sync_entry import SyncEntry

_REFERENCE = {"type": "string", "pattern": r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|stored)$"}
_VARIABLE = {"type": "string", "pattern": r"^env:[A-Za-z_][A-Za-z0-9_]*$"}


def schema() -> dict[str, Any]:
    """The schema as JSON values (JSON Schema 2020-12)."""
    entries: tuple[type[Entry], ...] = (ModelEntry, SyncEntry, BudgetEntry)
    wanted = [(entry, "validation", TypeAdapter(entry)) for entry in entries]
    _, definitions = TypeAdapter.json_schemas(wanted, ref_template="#/$defs/{model}")  # type: ignore[arg-type]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "headcount.yml",
        "description": "Connections, models and syncs of Headcount.",
        "type": "object",
        "additionalProperties": False,
        "required": ["version"],
        "properties": {
            "version": {"const": VERSION},
            "connections": _section({"oneOf": [_connection(kind) for kind in KINDS.values()]}),
            "models": _section({"$ref": "#/$defs/ModelEntry"}),
            "syncs": _section({"$ref": "#/$defs/SyncEntry"}),
        },
        **definitions,
    }


def schema_text() -> str:
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _section(entry: dict[str, Any]) -> dict[str, Any]:
    return {"type": ["object", "null"], "additionalProperties": entry}


def _connection(kind: ConnectionKind) -> dict[str, Any]:
    fields = {field.name: _field(field) for field in kind.fields}
    if kind.role == "destination":
        fields[BUDGET] = {"$ref": "#/$defs/BudgetEntry"}
    return {
        "title": kind.label,
        "type": "object",
        "additionalProperties": False,
        "required": ["type", *(field.name for field in kind.fields if field.required)],
        "properties": {"name": {"type": "string"}, "type": {"const": kind.name}, **fields},
    }


def _field(field: Field) -> dict[str, Any]:
    return {"title": field.label, **({"description": field.help} if field.help else {}), **_shape(field)}


def _shape(field: Field) -> dict[str, Any]:
    if field.secret:
        return _REFERENCE
    if isinstance(field.default, int):
        return {"anyOf": [{"type": "integer"}, _VARIABLE]}
    if isinstance(field.default, list):
        return {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    return {"anyOf": [{"enum": list(field.choices)}, _VARIABLE]} if field.choices else {"type": "string"}
