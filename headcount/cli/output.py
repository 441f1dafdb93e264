"""How commands speak: text and tables for people, JSON for programs, complaints on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from headcount.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.console import Console

WRONG_USE, INTERRUPTED = 2, 130  # exit codes
WIDE = 10_000  # columns where there is no terminal

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def __getattr__(name: str) -> Any:
    """``console`` is made when it is first asked for: loading Rich takes as long as the rest of a small
    command.
    """
    if name == "console":
        globals()["console"] = _console()
        return globals()["console"]
    raise AttributeError(name)


def _console() -> Console:
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, soft_wrap=True, width=WIDE)  # a program reads: one row, one line


def print_json(value: Any) -> None:
    """Any mixture of JSON values and times, as one document."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=_as_json) + "\n")


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table without lines; cells are shown as they are. Where it is too narrow the widest columns are broken, at
    words if that is possible.
    """
    from rich.markup import escape
    from rich.table import Table

    from headcount.cli.output import console

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row))
    console.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return f"{value:,}" if isinstance(value, int) else str(value)


def ask(question: str, consequence: str, *, as_json: bool) -> None:
    """Leave the command unless the answer is yes. Where nobody can answer, ``consequence`` says what would have been
    done: "This deletes …".
    """
    if as_json or not sys.stdin.isatty():
        raise ConfigurationError(f"{consequence}, and nobody is here to ask.", hint="Add --yes.")
    try:
        agreed = typer.confirm(question)
    except typer.Abort:  # Ctrl-C, or nobody there
        raise typer.Exit(INTERRUPTED) from None
    if not agreed:
        typer.echo("Nothing was done.", err=True)
        raise typer.Exit(INTERRUPTED)


def complain(message: str, hint: str = "") -> None:
    """What happened, and what to do about it."""
    sys.stderr.write(f"{message}\n")
    if hint:
        sys.stderr.write(f"→ {hint}\n")


def end_at_once() -> NoReturn:
    """For a process whose worker was not waited for, or did not come to rest: a thread would keep it alive."""
    complain(
        "Ended before everything was handed back.",
        "A run that was begun goes on when a worker finds it, within a minute.",
    )
    sys.stderr.flush()
    os._exit(INTERRUPTED)
