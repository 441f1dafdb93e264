"""Connections: listed, added, tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from headcount.control import audit, secrets
from headcount.control.models import Connection
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.destinations.customerio.client import CustomerIoClient
from headcount.engines import open_source
from headcount.errors import ConfigurationError, HeadcountError, WrongWorkspace
from headcount.model import Workspace
from headcount.project.connection_entry import mistakes, settings_of, unknown_kind
from headcount.project.kinds import KINDS, ConnectionKind
from headcount.project.problems import did_you_mean
from headcount.project.references import STORED
from headcount.service.settings import resolved


@dataclass(frozen=True, kw_only=True)
class ConnectionInfo:
    """A connection as people see it. ``settings`` holds references in the place of secrets."""

    key: str
    name: str
    type: str
    role: str
    settings: dict[str, Any]
    workspace: str  # "Production (123, eu)", or empty
    tested_at: datetime | None
    passed: bool | None
    result: str
    syncs: int


@dataclass(frozen=True, kw_only=True)
class TestReport:
    """What a connection answered. ``hint`` says what to do when it did not pass."""

    __test__ = False  # not a test, though pytest would take it for one

    key: str
    passed: bool
    message: str
    hint: str = ""


def list_connections() -> list[ConnectionInfo]:
    """All connections in the order of their keys."""
    setup()
    with told():
        return [_info(row) for row in Connection.objects.prefetch_related("syncs", "models__syncs")]


def find_connection(key: str) -> Connection:
    """Raises ``ConfigurationError`` with the nearest keys for a connection that does not exist."""
    setup()
    with told():
        row = Connection.objects.filter(key=key).first()
        known = list(Connection.objects.values_list("key", flat=True)) if row is None else []
    if row is None:
        hint = did_you_mean(key, known) or "Add it with headcount connections add, or in headcount.yml."
        raise ConfigurationError(f"There is no connection {key}.", hint=hint)
    return row


def kind_of(key: str, type_: str | None) -> ConnectionKind:
    """The kind of a new or stored connection. Raises ``ConfigurationError`` when it is not known."""
    setup()
    row = Connection.objects.filter(key=key).first()
    if row is not None and type_ not in (None, row.type):
        raise ConfigurationError(f"The connection {key} is of type {row.type}.", hint="Choose another key.")
    name = type_ or (row.type if row else None)
    if name not in KINDS:
        wrong, mend = unknown_kind(name)
        raise ConfigurationError(wrong, hint=mend)
    return KINDS[name]


def save_connection(
    key: str,
    kind: ConnectionKind,
    settings: Mapping[str, Any],
    *,
    name: str = "",
    given_secrets: Mapping[str, str] | None = None,
) -> TestReport:
    """Add a connection, or replace settings and secrets of one; settings that are not given stay.

    ``given_secrets`` are the values themselves: they are stored encrypted. The connection is tested first.
    It is saved even when it cannot be reached, but not when it leads to another workspace than it did: then
    ``WrongWorkspace`` is raised. Raises ``ConfigurationError`` for settings that cannot be used.
    """
    row = Connection.objects.filter(key=key).first() or Connection(key=key, name=key, type=kind.name)
    values = dict(given_secrets or {})
    merged = {**row.settings, **settings, **dict.fromkeys(values, STORED)}
    if found := next(mistakes(kind, merged), None):
        raise ConfigurationError(found[1], hint=found[2])
    row.settings = settings_of(kind, merged, Path.cwd())
    row.name = name or row.name
    report = _tried(row, kind, values)
    with told(), transaction.atomic():
        row.save()
        for field, value in values.items():
            secrets.store(row, field, value)
        audit.record("saved", f"connection {key}", {"settings": row.settings, "stored": sorted(values)})
    return report


def test_connection(key: str) -> TestReport:
    """Ask the service behind a connection who it is, and note the answer. Writes nothing there.

    Raises ``WrongWorkspace`` when the credentials lead to another workspace than they did.
    """
    row = find_connection(key)
    report = _tried(row, KINDS[row.type], {})
    with told():
        row.save()
    return report


test_connection.__test__ = False  # type: ignore[attr-defined]  # not a test either


def _tried(row: Connection, kind: ConnectionKind, values: Mapping[str, str]) -> TestReport:
    """Test a connection that may not be saved yet, and put the answer into the row.

    A refusal of the credentials is an answer; another workspace is not: nothing may be written over the row
    then.
    """
    try:
        settings = _present(row, values)
        message = (
            _ask_destination(row, settings) if kind.role == "destination" else _ask_source(row, settings)
        )
        report = TestReport(key=row.key, passed=True, message=message)
    except WrongWorkspace:
        raise
    except HeadcountError as error:
        report = TestReport(key=row.key, passed=False, message=error.message, hint=error.hint)
    row.tested_at, row.test_passed, row.test_result = timezone.now(), report.passed, report.message
    return report


def _present(row: Connection, values: Mapping[str, str]) -> dict[str, Any]:
    rest = {name: value for name, value in row.settings.items() if name not in values}
    return {**resolved(Connection(pk=row.pk, key=row.key, settings=rest)), **values}


def _ask_source(row: Connection, settings: dict[str, Any]) -> str:
    source = open_source(row.type, settings)
    try:
        return source.check()
    finally:
        source.close()


def _ask_destination(row: Connection, settings: dict[str, Any]) -> str:
    client = CustomerIoClient(**settings, environment_id=row.environment_id)
    try:
        workspace = client.workspace()
    finally:
        client.close()
    row.environment_id, row.region = workspace.environment_id, workspace.region
    row.url, row.workspace_name = workspace.url, workspace.name
    return f"Customer.io answers: {_spelled(workspace)}."


def _spelled(workspace: Workspace) -> str:
    name = f"{workspace.name}, " if workspace.name else ""
    return f"{name}workspace {workspace.environment_id}, region {workspace.region}"


def _info(row: Connection) -> ConnectionInfo:
    workspace = ""
    if row.environment_id is not None:
        workspace = f"{row.workspace_name or 'workspace'} ({row.environment_id}, {row.region})"
    return ConnectionInfo(
        key=row.key,
        name=row.name,
        type=row.type,
        role=KINDS[row.type].role,
        settings=row.settings,
        workspace=workspace,
        tested_at=row.tested_at,
        passed=row.test_passed,
        result=row.test_result,
        syncs=len(row.syncs.all()) + sum(len(model.syncs.all()) for model in row.models.all()),
    )


def present_settings(key: str) -> dict[str, Any]:
    """What is stored under a key, with references in the place of secrets; empty for a new one."""
    setup()
    row = Connection.objects.filter(key=key).first()
    return dict(row.settings) if row else {}
