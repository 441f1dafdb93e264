"""Sources and destinations under their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headcount.control.models import Connection
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.project.kinds import KINDS
from headcount.project.references import STORED
from headcount.service.register.slices import Slice, Sliced, numbered, sliced

SOURCE, DESTINATION = "source", "destination"


@dataclass(frozen=True, kw_only=True)
class NumberedConnection:
    """A connection without its secrets: ``credentials`` says of each where it is (stored, environment, file)."""

    id: int
    key: str
    name: str
    type: str
    label: str  # what people call the service
    role: str
    settings: dict[str, Any]
    credentials: dict[str, str]
    workspace: int | None
    workspace_name: str
    region: str
    tested_at: datetime | None
    passed: bool | None
    result: str
    created_at: datetime
    changed_at: datetime


@told()
def connections(wanted: Slice, role: str | None = None) -> Sliced[NumberedConnection]:
    """The connections, or those of one role."""
    setup()
    rows = Connection.objects.all()
    return sliced(rows.filter(type__in=_types(role)) if role else rows, wanted, _shape)


@told()
def connection(number: int, role: str | None = None) -> NumberedConnection:
    """Raises ``ConfigurationError`` when there is none, or none of that role."""
    setup()
    rows = Connection.objects.filter(type__in=_types(role)) if role else Connection.objects.all()
    return _shape(numbered(rows, number, role or "connection"))


@told()
def number_of(key: str) -> int:
    """The number of a connection that exists."""
    return int(Connection.objects.values_list("pk", flat=True).get(key=key))


def _types(role: str) -> list[str]:
    return [kind.name for kind in KINDS.values() if kind.role == role]


def _shape(row: Connection) -> NumberedConnection:
    kind = KINDS[row.type]
    return NumberedConnection(
        id=row.pk,
        key=row.key,
        name=row.name,
        type=row.type,
        label=kind.label,
        role=kind.role,
        settings={name: value for name, value in row.settings.items() if name not in kind.secrets},
        credentials={name: _place(row.settings[name]) for name in kind.secrets if row.settings.get(name)},
        workspace=row.environment_id,
        workspace_name=row.workspace_name,
        region=row.region,
        tested_at=row.tested_at,
        passed=row.test_passed,
        result=row.test_result,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def _place(reference: str) -> str:
    if reference == STORED:
        return STORED
    return "environment" if reference.startswith("env:") else "file"
