"""The command that opens the pages: serve."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headcount.cli.output import end_at_once

if TYPE_CHECKING:
    from headcount.cli.demo.stage import Stage
    from headcount.worker import Worker

DEMO = Path(".headcount") / "demo-pages"


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command()(serve)


def serve(
    host: Annotated[str, typer.Option(metavar="HOST", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="The port; 0 takes a free one.")
    ] = 8000,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A further name it is reached by; may be given several times."),
    ] = None,
    proxy: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="The address of a proxy in front, whose forwarded headers are believed."
        ),
    ] = "",
    demo: Annotated[
        bool, typer.Option("--demo", help="With a sample company and a sandbox, in a home of their own.")
    ] = False,
) -> None:
    """Open Headcount in the browser, and execute what is queued."""
    from headcount.serving.server import Listening
    from headcount.serving.server import serve as answer

    where = Listening(host=host, port=port, hosts=tuple(allow_host or ()), proxy=proxy)
    with _stage(demo) as stage:
        fill = stage.fill if stage else lambda: None
        at_rest = answer(
            where,
            lambda url: _greet(url, stage),
            first=fill,
            companions=[_worker],
            made_anew=demo,
            sandbox=stage.url if stage else "",
        )
    if not at_rest:
        end_at_once()


def _worker() -> Worker:
    from headcount.worker import Worker

    return Worker()


@contextmanager
def _stage(demo: bool) -> Iterator[Stage | None]:
    if not demo:
        yield None
        return
    from headcount.cli.demo.stage import staged

    typer.echo("Setting up the sample company …")
    with staged(DEMO) as stage:
        yield stage


def _greet(url: str, stage: Stage | None) -> None:
    """Where everything is. Lines and links are whole, for people who click and for programs that read."""
    from headcount.service.welcome import FIRST_OWNER_WITHIN, first_owner_path

    if stage:
        typer.echo(f"The sandbox, in the part of Customer.io, is at {stage.url} (any name signs in)")
        typer.echo(
            f"The sample company and its home are in {stage.folder.absolute()}; they are made anew at every start"
        )
    typer.echo(f"Headcount is at {url}")
    if path := first_owner_path():
        hours = int(FIRST_OWNER_WITHIN.total_seconds() / 3600)
        typer.echo(f"Create the Owner, once and within {hours} hours: {_public(url)}{path}")
    typer.echo("Ctrl-C ends it.")


def _public(url: str) -> str:
    """The address people reach it by, behind a proxy for example."""
    from django.conf import settings

    return str(settings.PUBLIC_URL).rstrip("/") or url
