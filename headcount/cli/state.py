"""Commands about where the state of a sync is kept."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from headcount.amounts import amount
from headcount.cli.output import Json, console, print_json

_WORDS = {"file": "a file of this machine", "postgresql": "the PostgreSQL of the control store"}


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    state = typer.Typer(no_args_is_help=True, help="Where it is kept what a sync has sent so far.")
    state.command()(move)
    state.callback()(_state)
    app.add_typer(state, name="state")


def _state() -> None:
    """Where it is kept what a sync has sent so far."""


def move(
    sync: Annotated[str, typer.Argument(metavar="SYNC", help="The sync's key.")],
    to: Annotated[
        str | None, typer.Option(metavar="PLACE", help="file or postgresql; the other one without it.")
    ] = None,
    json: Json = False,
) -> None:
    """Keep a sync's state in the other place; nothing is sent again for it."""
    from headcount.service.moving import move_state

    moved = move_state(sync, to)
    if json:
        print_json(asdict(moved))
        return
    what = f"The state of {sync} ({amount(moved.acknowledged, 'record')}, {moved.held:,} held)"
    console.print(f"{what} is {'now' if moved.moved else 'already'} in {_WORDS[moved.place]}.")
