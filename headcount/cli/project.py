"""Commands about the project file: init, apply, export, schema."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headcount.cli.output import Json, ask, print_json

if TYPE_CHECKING:
    from headcount.service.applying import Outlook
    from headcount.service.difference import Change, Edit

MARKS = {"add": "+", "change": "~", "delete": "-", "omitted": " "}


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    for command in (init, apply, export, schema):
        app.command()(command)


def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to begin in.")]) -> None:
    """Write a project file to start from. Never overwrites one."""
    from headcount.service.starting import start

    for path in start(folder):
        typer.echo(f"wrote {path}")
    typer.echo(f"Next: fill in {folder / 'headcount.yml'}, then run headcount apply there.")


def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The project file.")] = Path("headcount.yml"),
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete what is stored and not in the file.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference and stop.")] = False,
    as_json: Json = False,
) -> None:
    """Show what the project file changes, then make it so."""
    from headcount.service.applying import apply as apply_outlook
    from headcount.service.applying import look

    seen = look(file, prune=prune)
    if not as_json:
        _print_outlook(seen)
    wanted = bool(seen.effective) and not dry_run
    if wanted and seen.losses and not yes:
        names = ", ".join(loss.what for loss in seen.losses)
        ask("Delete all of this for good?", f"This deletes {names}", as_json=as_json)
    if not dry_run:
        apply_outlook(seen)  # with nothing to change it is noted that the file agrees with what is stored
    if as_json:
        print_json(_as_values(seen, applied=wanted))
    elif wanted:
        typer.echo("Applied.")


def _print_outlook(seen: Outlook) -> None:
    for change in seen.changes:
        _print_change(change)
    if not seen.effective:
        typer.echo("Nothing to change.")
    for loss in seen.losses:
        typer.echo(f"! deleting {loss.what}: {loss.sentence}.")
    for warning in seen.warnings:
        typer.echo(f"! {warning}")


def _print_change(change: Change) -> None:
    if change.action == "omitted":
        typer.echo(f"  {change.what} is not in the file and stays. --prune deletes it.")
        return
    typer.echo(f"{MARKS[change.action]} {change.what}")
    for edit in change.edits:
        typer.echo(f"    {edit.path}: {_edit(edit)}")


def _edit(edit: Edit) -> str:
    if edit.old is None:
        return _short(edit.new)
    return f"{_short(edit.old)} -> {_short(edit.new) if edit.new is not None else '(nothing)'}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= 100 else f"{text[:99]}…"


def _as_values(seen: Outlook, *, applied: bool) -> dict[str, Any]:
    return {
        "applied": applied,
        "changes": [asdict(change) for change in seen.changes],
        "losses": [asdict(loss) for loss in seen.losses],
        "warnings": list(seen.warnings),
    }


def export() -> None:
    """Print the control store as a project file. Secrets stand in it as references."""
    from headcount.service.applying import export as export_project

    sys.stdout.write(export_project())


def schema() -> None:
    """Print the JSON schema of the project file, for editors."""
    from headcount.project.schema import schema_text

    sys.stdout.write(schema_text())
