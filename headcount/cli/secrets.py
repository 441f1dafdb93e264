"""The commands about the key of stored secrets: new-key, rotate."""

from __future__ import annotations

from dataclasses import asdict

import typer

from headcount.amounts import amount
from headcount.cli.output import Json, print_json


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    group = typer.Typer(help="The key that stored credentials are encrypted with.", no_args_is_help=True)
    group.callback()(_about)
    group.command("new-key")(new_key)
    group.command()(rotate)
    app.add_typer(group, name="secrets")


def _about() -> None:
    """The key that stored credentials are encrypted with."""


def new_key() -> None:
    """Print a key for HEADCOUNT_SECRET_KEY. It is kept nowhere, and nothing is changed."""
    from headcount.service.rotation import new_key as made

    typer.echo(made())


def rotate(as_json: Json = False) -> None:
    """Encrypt all stored credentials with a new key."""
    from headcount.service.rotation import rotate as encrypt_anew

    done = encrypt_anew()
    if as_json:
        print_json(asdict(done))
        return
    typer.echo(
        f"{amount(done.secrets, 'stored secret is', 'stored secrets are')} encrypted with the first key of {done.key}."
    )
    if done.from_environment:
        typer.echo(f"Now remove the older keys from {done.key} on every machine.")
    workers = " and headcount worker everywhere" if done.from_environment else ""
    typer.echo(f"Restart headcount serve{workers}: everybody signs in again, and open links end.")
