"""Do all lines of a text file end in the same way?"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

NAMES = {b"\n": "LF", b"\r\n": "CR LF", b"\r": "CR"}


def first_other_ending(path: Path) -> tuple[int, str, str] | None:
    """The first line that ends otherwise than the first one does: its number, its ending and the first line's.

    Line breaks inside quotes are part of a value and do not count. None when all lines end alike.
    """
    first: bytes | None = None
    for number, ending in _endings(path):
        if first is None:
            first = ending
        elif ending != first:
            return number, NAMES[ending], NAMES[first]
    return None


def _endings(path: Path) -> Iterator[tuple[int, bytes]]:
    quoted = False
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            bare = line.rstrip(b"\r\n")
            if not quoted and b"\r" in bare and b'"' not in bare:
                yield number, b"\r"
            quoted ^= bare.count(b'"') % 2 == 1
            if not quoted and line.endswith(b"\n"):
                yield number, b"\r\n" if line.endswith(b"\r\n") else b"\n"


def _opened(path: Path) -> BinaryIO:
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    return cast(BinaryIO, opener(path, "rb"))
