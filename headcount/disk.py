"""What stands in the way of writing a file, in words for people. There is one sentence for a full disk."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from headcount.errors import StateError

FULL = (errno.ENOSPC, errno.EDQUOT)
_FULL_WORDS = tuple(os.strerror(number) for number in FULL)  # as engines quote them
_FILE = re.compile(r'file \\?"([^"\\]+)')
_NOTHING = 65_536  # bytes; with less no database goes on


def unusable(path: Path, error: OSError) -> StateError:
    """The error for a file or folder that cannot be written, with what to do about it."""
    if error.errno in FULL:
        return full(path)
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return StateError(f"{path} is not a folder.", hint="Set HEADCOUNT_HOME to a folder.")
    return StateError(
        f"Headcount cannot write to {path}: {error.strerror or error}.",
        hint="Make the folder writable, or set HEADCOUNT_HOME to another one.",
    )


def entries(folder: Path) -> list[Path]:
    """What is in one of Headcount's own folders. Raises ``StateError`` for one that cannot be read."""
    try:
        return list(folder.iterdir())
    except FileNotFoundError as error:
        raise StateError(
            f"{folder} is not there any more.", hint="Start Headcount again: it makes the folder anew."
        ) from error
    except OSError as error:
        raise unreadable(folder, error) from error


def unreadable(path: Path, error: OSError) -> StateError:
    """The error for one of Headcount's own files or folders that is there and cannot be read."""
    if error.errno == errno.ENOTDIR:
        return StateError(f"{path} is not a folder.", hint="Move it away, and start Headcount again.")
    return StateError(
        f"Headcount cannot read {path}: {error.strerror or error}.",
        hint="Make it readable for the user who runs Headcount.",
    )


def full(path: Path) -> StateError:
    """The disk that holds ``path`` has no room left."""
    return StateError(f"The disk that holds {path} is full.", hint="Free some space, then run again.")


def full_by_words(words: str, otherwise: Path) -> StateError | None:
    """The same if an engine says so in its ``words``, of the file they name, or of ``otherwise``."""
    if not any(sign in words for sign in _FULL_WORDS):
        return None
    named = _FILE.search(words)
    return full(Path(named[1]) if named else otherwise)


def is_full(path: Path) -> bool:
    """Is there no room at all on the disk that holds ``path``? False when nobody can say."""
    try:
        found = os.statvfs(path if path.exists() else path.parent)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < _NOTHING
