"""Words -> service -> text. Each module registers its commands here, in the order in which the help shows them."""

from __future__ import annotations

import sys

import typer

from headcount.cli import local, running
from headcount.cli.output import tell
from headcount.errors import HeadcountError

app = typer.Typer(
    name="headcount",
    help="Keeps Customer.io in step with the tables you already have.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)

for module in (running, local):
    module.register(app)


def main() -> None:
    """The command ``headcount``. Exit codes: 0 done, 1 done with rows left out, 2 wrong use, 3 failed."""
    try:
        app()
    except HeadcountError as error:
        sys.exit(tell(error))
