"""The command that says what starts each sync."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from headcount.cli.output import Json, print_json, print_table

if TYPE_CHECKING:
    from headcount.service.timetables import TimetableLine


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(schedule)


def schedule(as_json: Json = False) -> None:
    """What starts each sync by itself, when it is due next, and its last run."""
    from headcount.service.timetables import timetables

    found = timetables()
    if as_json:
        print_json(asdict(found))
        return
    if not found.syncs:
        typer.echo("No syncs yet.")
        return
    print_table(("sync", "starts", "next due", "last run"), (_row(line) for line in found.syncs))
    if not found.attended and any(line.triggers and not line.paused for line in found.syncs):
        typer.echo("No worker is looking, so nothing starts: headcount worker, or headcount serve.")


def _row(line: TimetableLine) -> tuple[object, ...]:
    starts = "; ".join(line.triggers) or "by hand"
    last = f"{line.last_run} {line.last_status}" if line.last_run else "never"
    return (line.sync, starts, _due(line), last)


def _due(line: TimetableLine) -> str:
    if line.paused:
        return "paused"
    return line.upcoming or ("when that has happened" if line.triggers else "")
