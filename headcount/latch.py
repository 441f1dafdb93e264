"""Locks that end with their process, however it ends. The number of a process says less: another may have it next."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import IO

NAPS = (0.002, 0.01, 0.03)  # seconds between tries; whoever only looks has the file for an instant


def latched(path: Path) -> IO[str] | None:
    """The file at ``path``, made if it is missing and locked until it is closed; None while somebody else has it.

    Waits no longer than somebody may look whether it is locked. Raises ``OSError`` for a file that cannot be written.
    """
    file = path.open("w")
    if _locked(file) or any(_locked(file, after=nap) for nap in NAPS):
        return file
    file.close()
    return None


def _locked(file: IO[str], *, after: float = 0.0) -> bool:
    time.sleep(after)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_latched(path: Path) -> bool:
    """Does anybody who lives have it?"""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
