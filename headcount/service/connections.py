"""Connections: listed, looked at, added, tested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from headcount.control import audit, secrets
from headcount.control.models import Connection
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.model import Budget
from headcount.project.connection_entry import mistakes, settings_of, unknown_kind
from headcount.project.keys import wrong_with
from headcount.project.kinds import BUDGET, KINDS, ConnectionKind
from headcount.project.problems import did_you_mean
from headcount.project.references import STORED
from headcount.project.values import budget_value
from headcount.service.entries import stale, version_of
from headcount.service.masking import masked_names
from headcount.service.noting import basis, note
from headcount.service.origins import Drift, digest, drift, drifts
from headcount.service.reaching import TestReport, sharing, tried
from headcount.service.stored import entry_of

__all__ = ["TestReport"]  # what testing answers, for those who test


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
    label: str = ""  # of the type
    shared_with: tuple[str, ...] = ()  # names of connections to the same workspace
    changed_here: bool = False  # since the project file was applied


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One setting as it is shown; a secret is shown by where it is kept."""

    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class UsedBy:
    """A model or sync that needs the connection."""

    section: str  # models or syncs
    key: str
    name: str


@dataclass(frozen=True, kw_only=True)
class ConnectionDetails:
    """Everything on the page of one connection. ``version`` is what a form carries to notice other people's changes."""

    info: ConnectionInfo
    facts: tuple[Fact, ...]
    used_by: tuple[UsedBy, ...]
    stored: tuple[str, ...]  # labels of the secrets that are kept here
    masked: tuple[str, ...]  # columns whose values nobody sees
    version: str
    drift: Drift | None = field(default=None)


def list_connections() -> list[ConnectionInfo]:
    """All connections in the order of their keys."""
    setup()
    with told():
        rows = list(Connection.objects.prefetch_related("syncs", "models__syncs"))
        changed = drifts("connections", {row.key: entry_of(row) for row in rows})
    workspaces: dict[tuple[int, str], list[Connection]] = defaultdict(list)
    for row in rows:
        if row.environment_id is not None:
            workspaces[row.environment_id, row.region].append(row)
    return [
        _info(row, workspaces.get((row.environment_id or 0, row.region), ()), changed=row.key in changed)
        for row in rows
    ]


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


def connection_details(key: str) -> ConnectionDetails:
    """One connection. Raises ``ConfigurationError`` when there is none of this key."""
    row = find_connection(key)
    kind = KINDS[row.type]
    with told():
        kept = secrets.stored_fields(row)
        entry = entry_of(row)
        return ConnectionDetails(
            info=_info(row, sharing(row)),
            facts=tuple(_facts(kind, row.settings)),
            used_by=used_by(row),
            stored=tuple(field.label for field in kind.fields if field.name in kept),
            masked=tuple(sorted(masked_names(key))),
            version=digest(entry),
            drift=drift("connections", key, entry),
        )


def used_by(row: Connection) -> tuple[UsedBy, ...]:
    """The models that read from the connection with their syncs, and the syncs that write to it."""
    models = list(row.models.prefetch_related("syncs"))
    syncs = [*row.syncs.all(), *(sync for model in models for sync in model.syncs.all())]
    return (
        *(UsedBy(section="models", key=model.key, name=model.name) for model in models),
        *(UsedBy(section="syncs", key=sync.key, name=sync.name) for sync in syncs),
    )


def kind_of(key: str, type_: str | None) -> ConnectionKind:
    """The kind of a new or stored connection. Raises ``ConfigurationError`` when it is not known."""
    setup()
    row = Connection.objects.filter(key=key).first()
    if row is None and (found := wrong_with(key)):
        raise ConfigurationError(found[0], hint=found[1])
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
    ``WrongWorkspace`` is raised. Raises ``ConfigurationError`` for settings that cannot be used, ``Stale`` when
    it was saved or deleted during the test, and ``SourceBusy`` when it could not be tested now.
    """
    version = version_of("connections", key)
    row = Connection.objects.filter(key=key).first() or Connection(key=key, name=key, type=kind.name)
    values = dict(given_secrets or {})
    merged = {**row.settings, **settings, **dict.fromkeys(values, STORED)}
    if found := next(mistakes(kind, merged), None):
        raise ConfigurationError(found[1], hint=found[2])
    row.settings = settings_of(kind, merged, Path.cwd())
    row.name = name or row.name
    report = tried(row, kind, values)
    with told(), transaction.atomic():
        if version_of("connections", key) != version:
            raise stale("connections", key)
        row.save()
        for field_name, value in values.items():
            secrets.store(row, field_name, value)
        audit.record("saved", f"connection {key}", {"settings": row.settings, "stored": sorted(values)})
    return report


def test_connection(key: str) -> TestReport:
    """Ask the service behind a connection who it is, and note the answer, unless the connection was changed or deleted
    meanwhile. Writes nothing there.

    Raises ``WrongWorkspace`` when the credentials lead to another workspace than they did, and ``SourceBusy`` when
    nobody could be asked now: then nothing is noted.
    """
    row = find_connection(key)
    tested = basis(row)
    report = tried(row, KINDS[row.type], {})
    note(row, tested)
    return report


test_connection.__test__ = False  # type: ignore[attr-defined]  # not a test either


def _facts(kind: ConnectionKind, settings: Mapping[str, Any]) -> Iterable[Fact]:
    for declared in kind.fields:
        value = settings.get(declared.name, declared.default)
        if value in ("", []):
            continue
        if value == STORED and declared.secret:
            value = "stored, encrypted"
        yield Fact(label=declared.label, value=", ".join(value) if isinstance(value, list) else str(value))
    given = settings.get(BUDGET) or {}
    if kind.role == "destination":
        yield Fact(label="Requests a second", value=_pace(budget_value(settings)))
    for name, value in given.items():
        if name not in ("requests_per_second", "reserve"):
            yield Fact(label=f"Budget: {name.replace('_', ' ')}", value=f"{value:,}")


def _pace(budget: Budget) -> str:
    whole = f"{budget.requests_per_second:,g}"
    if not budget.reserve:
        return whole
    return f"{budget.pace:,g} of {whole}; {budget.reserve * 100:g} % are left to others"


def _info(row: Connection, same: Iterable[Connection] = (), *, changed: bool = False) -> ConnectionInfo:
    workspace = ""
    if row.environment_id is not None:
        workspace = f"workspace {row.environment_id}{', ' + row.region.upper() if row.region else ''}"
        workspace = f"{row.workspace_name} ({workspace})" if row.workspace_name else workspace
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
        label=KINDS[row.type].label,
        shared_with=tuple(other.name for other in same if other.key != row.key),
        changed_here=changed,
    )


def present_settings(key: str) -> dict[str, Any]:
    """What is stored under a key, with references in the place of secrets; empty for a new one."""
    setup()
    row = Connection.objects.filter(key=key).first()
    return dict(row.settings) if row else {}
