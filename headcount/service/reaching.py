"""Asking the service behind a connection who it is. Nothing is written there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

from django.utils import timezone

from headcount.control.models import Connection
from headcount.destinations.customerio.client import CustomerIoClient
from headcount.engines import open_source
from headcount.errors import HeadcountError, SourceBusy, WrongWorkspace
from headcount.model import Workspace
from headcount.project.kinds import ConnectionKind
from headcount.service.looking import look_at
from headcount.service.settings import resolved, unquoted


@dataclass(frozen=True, kw_only=True)
class TestReport:
    """What a connection answered. ``hint`` says what to do when it did not pass, ``notes`` what else is worth knowing.

    ``field`` is the setting that is to blame, where that is known. ``milliseconds`` is how long the answer took.
    """

    __test__ = False  # not a test, though pytest would take it for one

    key: str
    passed: bool
    message: str
    hint: str = ""
    field: str = ""
    milliseconds: int | None = None
    notes: tuple[str, ...] = ()


def tried(row: Connection, kind: ConnectionKind, values: Mapping[str, str]) -> TestReport:
    """Test a connection that may not be saved yet, and put the answer into the row. ``values`` are secrets that are
    not stored yet.

    A refusal of the credentials is an answer; another workspace is not: nothing may be written over the row
    then, and ``WrongWorkspace`` is raised. Nor is it one that nobody was asked, because too many look into sources:
    ``SourceBusy``.
    """
    began = perf_counter()
    try:
        with unquoted(row):
            report = _asked(row, kind, _present(row, values))
    except (WrongWorkspace, SourceBusy):
        raise
    except HeadcountError as error:
        report = TestReport(
            key=row.key, passed=False, message=error.message, hint=error.hint, field=_blamed(kind, error)
        )
    report = replace(report, milliseconds=round((perf_counter() - began) * 1000))
    row.tested_at, row.test_passed, row.test_result = timezone.now(), report.passed, report.message
    return report


def _present(row: Connection, values: Mapping[str, str]) -> dict[str, Any]:
    rest = {name: value for name, value in row.settings.items() if name not in values}
    return {**resolved(Connection(pk=row.pk, key=row.key, type=row.type, settings=rest)), **values}


def _asked(row: Connection, kind: ConnectionKind, settings: dict[str, Any]) -> TestReport:
    if kind.role == "destination":
        return _destination(row, settings)
    return _source(row, kind, settings)


def _source(row: Connection, kind: ConnectionKind, settings: dict[str, Any]) -> TestReport:
    with (
        look_at(row.name) as patience,
        closing(patience.watching(lambda: open_source(kind.name, settings))()) as source,
    ):
        message = source.check()
        empty = not source.relations()
    notes = ("Nothing can be read there yet: no table, view or file is visible to this connection.",)
    return TestReport(key=row.key, passed=True, message=message, notes=notes if empty else ())


def _destination(row: Connection, settings: dict[str, Any]) -> TestReport:
    client = CustomerIoClient(**settings, environment_id=row.environment_id)
    try:
        workspace = client.workspace()
    finally:
        client.close()
    row.environment_id, row.region = workspace.environment_id, workspace.region
    row.url, row.workspace_name = workspace.url, workspace.name
    return TestReport(
        key=row.key,
        passed=True,
        message=f"Customer.io answers: {_spelled(workspace)}.",
        notes=tuple(_notes(row, settings)),
    )


def _spelled(workspace: Workspace) -> str:
    name = f"{workspace.name}, " if workspace.name else ""
    return f"{name}workspace {workspace.environment_id}, region {workspace.region.upper()}"


def _notes(row: Connection, settings: Mapping[str, Any]) -> Iterator[str]:
    if not settings.get("app_api_key"):
        yield (
            "Without an App API Key the workspace's name is not known, and people cannot be looked up before "
            "Update Only."
        )
    if (said := settings.get("region")) and said != row.region:
        yield f"The connection says region {said}. Customer.io says {row.region}, and that is used: correct it."
    if others := sharing(row):
        names = " and ".join(other.name for other in others)
        yield f"{names} leads to this workspace too: they share its budget, and may write the same fields."


def sharing(row: Connection) -> list[Connection]:
    """The other connections that lead to the same workspace."""
    if row.environment_id is None:
        return []
    same = Connection.objects.filter(environment_id=row.environment_id, region=row.region)
    return list(same.exclude(key=row.key).order_by("key"))


def _blamed(kind: ConnectionKind, error: HeadcountError) -> str:
    """The field an error is about: the one whose label or name its message holds, the longest first."""
    words = error.message
    if kind.role == "destination":
        hint = error.hint
        words = (
            f"{words} {'App API Key' if 'keyType=app' in hint else 'API Key' if 'Tracking' in hint else ''}"
        )
    fields = sorted(kind.fields, key=lambda field: -len(field.label))
    return next((field.name for field in fields if f" {field.label}" in f" {words}"), "")
