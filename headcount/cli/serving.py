"""The command that opens the pages: serve."""

from __future__ import annotations

from typing import Annotated

import typer

from headcount.cli.output import console


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command()(serve)


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A further name it is reached by; may be given several times.")
    ] = None,
    proxy: Annotated[
        str, typer.Option(help="The address of a proxy in front, whose forwarded headers are believed.")
    ] = "",
) -> None:
    """Open Headcount in the browser."""
    from headcount.serving.server import Listening
    from headcount.serving.server import serve as answer

    where = Listening(host=host, port=port, hosts=tuple(allow_host or ()), proxy=proxy)
    answer(where, lambda url: console.print(f"Headcount is at {url}"))
