"""A driver's message without the row values it may quote (promise P8)."""

from __future__ import annotations

import re

QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`")
NUMBER = re.compile(r"-?\b\d[\d.,:+Ee-]*\b")


def first_line(error: object) -> str:
    """The first line of a message, for errors that speak about the SQL and not about rows."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip()


def masked(error: object) -> str:
    """The first line with everything in quotes, and every number, left out."""
    return NUMBER.sub("…", QUOTED.sub("…", first_line(error)))
