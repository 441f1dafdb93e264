"""Commands that need no project: the sandbox and the demonstration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    for command in (sandbox, demo):
        app.command()(command)


def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8026,
    tls: Annotated[
        bool, typer.Option("--tls", help="Speak https, with a certificate made on the spot.")
    ] = False,
    state: Annotated[Path | None, typer.Option(help="Keep everything in this file.")] = None,
    sink: Annotated[
        bool, typer.Option("--sink", help="Check and count, keep nothing: for benchmarks.")
    ] = False,
) -> None:
    """Start a local Customer.io, to try things out without a workspace."""
    from headcount.sandbox.server import serve

    serve(host, port, tls=tls, state=state, sink=sink)


def demo() -> None:
    """Watch a sample company being kept in step with a local Customer.io."""
    from headcount.demo.walk import walk

    walk()
