"""Commands about connections: add, list, test, remove."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headcount.cli.output import Json, ask, complain, print_json, print_table
from headcount.errors import ConfigurationError, WrongWorkspace

if TYPE_CHECKING:
    from headcount.engines import Field
    from headcount.project.kinds import ConnectionKind
    from headcount.service.connections import ConnectionInfo, TestReport
    from headcount.service.removal import Removal

NONE_YET = "No connections yet. headcount init DIR writes a project file to start from."

Key = Annotated[str, typer.Argument(metavar="KEY", help="The connection's key in the project file.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    group = typer.Typer(help="Ways into databases and workspaces.", no_args_is_help=True)
    group.command("add")(add)
    group.command("list")(list_)
    group.command("test")(test)
    group.command("remove")(remove)
    app.add_typer(group, name="connections")


def add(
    key: Key,
    type_: Annotated[
        str | None,
        typer.Option(
            "--type", metavar="TYPE", help="postgresql, mysql, duckdb, sqlite, files or customerio."
        ),
    ] = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="What people call it.")] = "",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="One field; may be repeated.")
    ] = None,
    from_stdin: Annotated[
        str | None,
        typer.Option("--secret-from-stdin", metavar="FIELD", help="Read this secret from standard input."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Add a connection, or give it new credentials. Secrets are asked for and stored encrypted."""
    from headcount.service.connections import kind_of, save_connection

    kind = kind_of(key, type_)
    given = _settings(kind, settings or [])
    secrets = {from_stdin: sys.stdin.read().strip()} if from_stdin else {}
    if sys.stdin.isatty() and not as_json:
        _ask(key, kind, given, secrets)
    report = save_connection(key, kind, given, name=name, given_secrets=secrets)
    _finish([report], as_json)


def _settings(kind: ConnectionKind, pairs: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for pair in pairs:
        field, equals, value = pair.partition("=")
        if not equals:
            raise ConfigurationError(
                "--set needs a field and a value.", hint="For example: --set host=db.internal"
            )
        declared = kind.field(field)
        if declared is not None and isinstance(declared.default, list):
            given.setdefault(field, []).append(value)
        else:
            given[field] = int(value) if declared and _is_number(declared, value) else value
    return given


def _is_number(field: Field, value: str) -> bool:
    return isinstance(field.default, int) and value.isdecimal()


def _ask(key: str, kind: ConnectionKind, given: dict[str, Any], secrets: dict[str, str]) -> None:
    """Ask for what is required, and for every secret that nobody referred to."""
    from headcount.service.connections import present_settings

    present = present_settings(key)
    for field in kind.fields:
        if field.name in given or field.name in secrets:
            continue
        if field.secret and present.get(field.name, "stored") == "stored":
            if value := typer.prompt(
                f"{field.label} (hidden)", default="", hide_input=True, show_default=False
            ):
                secrets[field.name] = value.strip()
        elif field.required and field.name not in present:
            given[field.name] = typer.prompt(field.label)


def list_(as_json: Json = False) -> None:
    """All connections, and what they said when they were last tested."""
    from headcount.service.connections import list_connections

    found = list_connections()
    if as_json:
        print_json([asdict(info) for info in found])
    elif not found:
        typer.echo(NONE_YET)
    else:
        print_table(("key", "type", "syncs", "tested", "result"), map(_row, found))


def _row(info: ConnectionInfo) -> tuple[object, ...]:
    """The workspace stands in what Customer.io answered."""
    key = info.key if info.name == info.key else f"{info.key} ({info.name})"
    tested = info.tested_at.astimezone().strftime("%Y-%m-%d") if info.tested_at else "never"
    return (key, info.type, info.syncs, tested, info.result)


def test(
    keys: Annotated[list[str] | None, typer.Argument(metavar="KEY", help="All when left out.")] = None,
    as_json: Json = False,
) -> None:
    """Ask the services behind connections who they are. Changes nothing there."""
    from headcount.service.connections import list_connections

    wanted = keys or [info.key for info in list_connections()]
    if not wanted and not as_json:
        typer.echo(NONE_YET)
    _finish([_tested(key) for key in wanted], as_json)


def _tested(key: str) -> TestReport:
    """The others are asked too when one leads to another workspace than it did."""
    from headcount.service.connections import TestReport, test_connection

    try:
        return test_connection(key)
    except WrongWorkspace as error:
        return TestReport(key=key, passed=False, message=error.message, hint=error.hint)


def remove(
    key: Key,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting secrets.")] = False,
    as_json: Json = False,
) -> None:
    """Remove a connection that nothing uses, with the secrets that are stored for it."""
    from headcount.service.removal import look_at_removal, remove_connection

    seen = look_at_removal(key)
    if seen.secrets and not yes:
        _ask_removal(seen, as_json)
    removed = remove_connection(key)
    if as_json:
        print_json(asdict(removed))
        return
    also = f", and its stored {' and '.join(removed.secrets)}" if removed.secrets else ""
    typer.echo(f"Removed the connection {key}{also}. If the project file names it, apply adds it again.")


def _ask_removal(seen: Removal, as_json: bool) -> None:
    stored = f"the stored {' and '.join(seen.secrets)} of {seen.key}"
    ask(f"Delete {stored} for good?", f"This deletes {stored}", as_json=as_json)


def _finish(reports: list[TestReport], as_json: bool) -> None:
    if as_json:
        print_json([asdict(report) for report in reports])
    else:
        for report in reports:
            _print(report)
    if not all(report.passed for report in reports):
        raise typer.Exit(2)


def _print(report: TestReport) -> None:
    if report.passed:
        typer.echo(f"✓ {report.key}: {report.message}")
        for note in report.notes:
            typer.echo(f"  note {note}")
    else:
        complain(f"✗ {report.key}: {report.message}", report.hint)
