"""The command that looks after an installation: doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from headcount.cli.output import Json, print_json

if TYPE_CHECKING:
    from headcount.service.doctor.finding import Finding

SIGNS = {"ok": ("✓", "green"), "attention": ("!", "yellow"), "failed": ("✗", "red")}


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command()(doctor)


def doctor(
    connections: Annotated[
        bool,
        typer.Option("--connections", help="Also ask the services behind connections, and their clocks."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Is this installation in order? Exit code 1 when something does not work."""
    from headcount.service.doctor.examination import examine

    found = list(examine(connections=connections))
    if as_json:
        print_json([_plain(finding) for finding in found])
    else:
        _print(found)
    if any(finding.health.value == "failed" for finding in found):
        raise typer.Exit(1)


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "subject": finding.subject,
        "health": finding.health.value,
        "message": finding.message,
        "todo": finding.todo,
    }


def _print(found: list[Finding]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from headcount.cli.output import console

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in found:
        sign, colour = SIGNS[finding.health.value]
        told = escape(finding.message) + (f"\n→ {escape(finding.todo)}" if finding.todo else "")
        table.add_row(f"[{colour}]{sign} {finding.health.value}[/]", escape(finding.subject), told)
    console.print(table)
