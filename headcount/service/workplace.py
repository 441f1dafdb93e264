"""What a worker needs to know of where it works."""

from __future__ import annotations

from headcount.control import bell, leases
from headcount.control.setup import close, setup
from headcount.home import Home


def home() -> Home:
    """The home the environment names, with its control store ready for use. Raises ``StateError``."""
    return setup()


def place(at: Home) -> str:
    """The home on this machine, as a short name: the same for a process that is started again."""
    return leases.place(at)


def rings(at: Home) -> int:
    """A number that changes when there is something to do. Asks the file system only."""
    return bell.rung(at)


def let_go() -> None:
    """Give back this thread's connection to the control store; the next query opens a new one."""
    close()
