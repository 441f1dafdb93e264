"""The command that starts a local Customer.io."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headcount.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command()(sandbox)


def sandbox(
    host: Annotated[str, typer.Option(metavar="HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", help="Port to listen on; 0 takes a free one.")] = 8026,
    tls: Annotated[bool, typer.Option("--tls", help="Serve https with a certificate of its own.")] = False,
    state: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep everything in this file.")] = None,
    sink: Annotated[bool, typer.Option("--sink", help="Check and count everything, keep nothing.")] = False,
) -> None:
    """A Customer.io on this machine, to try things with. Its pages are at the address it prints."""
    from headcount.sandbox.server import serve

    try:
        serve(host, port, tls=tls, state=state, sink=sink)
    except (OSError, OverflowError) as error:
        why = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise ConfigurationError(
            f"The sandbox cannot start at {host}:{port}: {why}.",
            hint="Is another one running there? --port 0 takes a free port.",
        ) from error
