"""The command that executes what is queued."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from headcount.cli.output import end_at_once

if TYPE_CHECKING:
    from headcount.worker import Worker

LOOK = 0.5  # seconds between two looks whether a signal came
PATIENCE = 30.0  # seconds that runs are given to finish their requests


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(worker)


def worker(
    runs: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Runs at a time, and half as many backfills. Default: HEADCOUNT_WORKER_RUNS, or 4.",
        ),
    ] = None,
) -> None:
    """Execute queued runs until it is told to end. Several workers share the work."""
    from headcount.logs import lines
    from headcount.worker.worker import Worker

    lines.start()
    working = Worker(parallel=runs)
    working.start()
    try:
        typer.echo("Waiting for runs. Ctrl-C ends the worker and hands its runs back.", err=True)
        while True:  # a signal that comes while a wait begins is not noticed before it is over
            time.sleep(LOOK)
    except KeyboardInterrupt:
        typer.echo("Ending: requests on their way are finished first.", err=True)
    if not _ended(working):
        end_at_once()
    raise typer.Exit(0)


def _ended(working: Worker) -> bool:
    try:
        return working.stop(PATIENCE)
    except KeyboardInterrupt:
        return False
