"""The control store's connections, models and syncs as a project, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headcount.control.models import Connection, Model, Stream, Sync
from headcount.project.order import in_order
from headcount.project.project import Project
from headcount.service.states import usual_place

Entry = Mapping[str, Any]


def stored_project() -> Project:
    """What the control store holds, entry for entry as the project file would say it."""
    return Project(
        connections={row.key: entry_of(row) for row in Connection.objects.all()},
        models={row.key: entry_of(row) for row in Model.objects.all()},
        syncs={row.key: entry_of(row) for row in Sync.objects.all()},
    )


def entry_of(row: Connection | Model | Sync) -> dict[str, Any]:
    """One row as the project file would say it."""
    if isinstance(row, Connection):
        return in_order("connections", {**_name(row), "type": row.type, **row.settings})
    section = "models" if isinstance(row, Model) else "syncs"
    return in_order(section, {**_name(row), **row.definition})


def stored_row(section: str, key: str) -> Connection | Model | Sync | None:
    """The row of an entry, locked until the transaction ends where the database can do that."""
    row: Connection | Model | Sync | None = (
        _TABLES[section].objects.select_for_update().filter(key=key).first()
    )
    return row


def is_stored(section: str, key: str) -> bool:
    """Is there such an entry?"""
    return bool(_TABLES[section].objects.filter(key=key).exists())


_TABLES: dict[str, Any] = {"connections": Connection, "models": Model, "syncs": Sync}


def _name(row: Connection | Model | Sync) -> dict[str, str]:
    return {"name": row.name} if row.name != row.key else {}


def save_entry(section: str, key: str, entry: Entry) -> None:
    """Create or replace one entry; what it refers to must be stored already."""
    _SAVE[section](key, entry.get("name", key), {k: v for k, v in entry.items() if k != "name"})


def _save_connection(key: str, name: str, entry: dict[str, Any]) -> None:
    settings = {field: value for field, value in entry.items() if field != "type"}
    Connection.objects.update_or_create(
        key=key, defaults={"name": name, "type": entry["type"], "settings": settings}
    )


def _save_model(key: str, name: str, entry: dict[str, Any]) -> None:
    connection = Connection.objects.get(key=entry["connection"])
    Model.objects.update_or_create(
        key=key, defaults={"name": name, "connection": connection, "definition": entry}
    )


def _save_sync(key: str, name: str, entry: dict[str, Any]) -> None:
    """A key that named a sync before gets back its stream, and with it the ids of its events."""
    stream, _ = Stream.objects.get_or_create(key=key, defaults={"state_in": usual_place()})
    Sync.objects.update_or_create(
        key=key,
        defaults={
            "name": name,
            "model": Model.objects.get(key=entry["source"]["model"]),
            "destination": Connection.objects.get(key=entry["destination"]["connection"]),
            "object": entry["destination"]["object"],
            "definition": entry,
            "paused": entry.get("paused", False),
            "stream": stream,
        },
    )


_SAVE = {"connections": _save_connection, "models": _save_model, "syncs": _save_sync}
