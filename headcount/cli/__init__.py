"""The command ``headcount``: words -> service -> text.

Exit codes: 0 done; 1 done, but rows were rejected or invalid; 2 wrong use or configuration; 3 a run failed;
130 interrupted.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

import typer

from headcount.cli.output import INTERRUPTED, complain
from headcount.errors import ConfigurationError, CredentialsRefused, HeadcountError, WrongWorkspace
from headcount.logs import lines

# Which module adds which command. Only the module of the command that was asked for is loaded, so that small
# commands start fast; help and completion load all.
COMMANDS: dict[str, str] = {
    "init": "headcount.cli.project",
    "apply": "headcount.cli.project",
    "export": "headcount.cli.project",
    "schema": "headcount.cli.project",
    "connections": "headcount.cli.connections",
    "preview": "headcount.cli.running",
    "test": "headcount.cli.running",
    "plan": "headcount.cli.running",
    "run": "headcount.cli.running",
    "approve": "headcount.cli.running",
    "retry": "headcount.cli.running",
    "explain": "headcount.cli.running",
    "runs": "headcount.cli.listings",
    "rejected": "headcount.cli.listings",
    "schedule": "headcount.cli.schedule",
    "cancel": "headcount.cli.listings",
    "pause": "headcount.cli.listings",
    "resume": "headcount.cli.running",
    "worker": "headcount.cli.worker",
    "backup": "headcount.cli.keeping",
    "restore": "headcount.cli.keeping",
    "forget": "headcount.cli.keeping",
    "tidy": "headcount.cli.keeping",
    "state": "headcount.cli.state",
    "serve": "headcount.cli.serving",
    "users": "headcount.cli.users",
    "alerts": "headcount.cli.alerts",
    "webhooks": "headcount.cli.webhooks",
    "secrets": "headcount.cli.secrets",
    "doctor": "headcount.cli.doctor",
    "sandbox": "headcount.cli.sandbox",
    "demo": "headcount.cli.demo",
}

# Commands that do what else a worker does and write it down as it would. ``worker`` and ``serve`` start a log by
# themselves.
LOGGED = ("run", "approve", "resume", "retry", "test", "alerts", "webhooks")

WRONG_USE, FAILED = 2, 3


def main() -> None:
    """The entry point of the command. To be told to end (SIGTERM) is the same as Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    gc.set_threshold(
        50_000, 20, 20
    )  # loading makes many objects and no garbage: looking for it takes a tenth of that
    code = run(sys.argv[1:], log=True)
    _hang_up()
    sys.exit(code)


def _hang_up() -> None:
    """Say good-bye to the control store's server, if there was one to talk to."""
    if "django.db" not in sys.modules:
        return
    from django.conf import settings

    from headcount.control.setup import close

    if settings.configured:
        close()


def run(arguments: Sequence[str], *, log: bool = False) -> int:
    """Execute one command line and return its exit code. No error of ours ends in a traceback.

    ``log``: what the command has to write down goes to stderr, for this process has nothing else to do.
    """
    try:
        if log and arguments and arguments[0] in LOGGED:
            lines.start(quiet=True)
        code = program(arguments)(args=list(arguments), prog_name="headcount", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except HeadcountError as error:
        complain(error.message, error.hint)
        _show_trace_if_wanted()
        settings = (ConfigurationError, CredentialsRefused, WrongWorkspace)
        return WRONG_USE if isinstance(error, settings) else FAILED
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("Stopped.\n")
        return INTERRUPTED
    except SystemExit:  # whoever read our output has seen enough, and closed the pipe
        return 0
    except Exception as error:
        if callable(
            show := getattr(error, "show", None)
        ):  # Typer's way to say that the command line is wrong
            show()
            return WRONG_USE
        # A bug. Its message may quote a row or a secret, so it is not shown.
        complain(
            f"Headcount came upon something it did not expect: {type(error).__name__}.",
            "Run the command again with HEADCOUNT_DEBUG=1 to see where, and report it.",
        )
        _show_trace_if_wanted()
        return FAILED


def program(arguments: Sequence[str]) -> typer.Typer:
    """The program with the command that is wanted, or with all of them."""
    app = typer.Typer(
        help="Keeps Customer.io in step with the tables a company already has.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_common)
    wanted = COMMANDS.get(arguments[0]) if arguments else None
    for module in [wanted] if wanted else dict.fromkeys(COMMANDS.values()):
        import_module(module).register(app)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from headcount import __version__

        typer.echo(f"headcount {__version__}")
        raise typer.Exit


def _common(
    version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_print_version, help="Print the version and exit."
    ),
) -> None:
    """What stands before the command."""


def _show_trace_if_wanted() -> None:
    if os.environ.get("HEADCOUNT_DEBUG"):
        import traceback

        traceback.print_exc()
