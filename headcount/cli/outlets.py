"""What the commands about channels and webhooks have in common."""

from __future__ import annotations

import typer

from headcount.cli.output import complain

FAILED = 3


def send_a_test(kind: str, name: str) -> None:
    """Send a test to the channel or webhook of that name, now, and say what came of it."""
    from headcount.service.outlets import ARRIVED, find_by_name, try_out

    if trouble := try_out(kind, find_by_name(kind, name).id):
        complain("The test did not arrive.", trouble)
        raise typer.Exit(FAILED)
    typer.echo(ARRIVED[kind])
