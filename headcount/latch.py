"""Locks that end with their process, however it ends. The number of a process says less: another may have it next."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO


def latched(path: Path) -> IO[str] | None:
    """The file at ``path``, made if it is missing and locked until it is closed; None while somebody else has it.

    Never waits. Raises ``OSError`` for a file that cannot be written.
    """
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def is_latched(path: Path) -> bool:
    """Does anybody who lives have it? Whoever tries to get it at this very moment may be told so, too."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
