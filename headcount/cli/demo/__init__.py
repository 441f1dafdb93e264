"""The command that shows everything once."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command()(demo)


def demo() -> None:
    """Watch a sample company being kept in step with a local Customer.io."""
    from headcount.cli.demo.walk import walk

    walk()
