"""What connections, models and syncs may be called by in files, commands and addresses."""

from __future__ import annotations

import re

RESERVED = ("new", "add")  # /models/new/ is where models are made, and so on

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def wrong_with(key: str) -> tuple[str, str] | None:
    """What is wrong with a key, and how to mend it."""
    if not _KEY.fullmatch(key):
        return f"{key} cannot be a key.", "Use letters, digits, - and _; the name may hold anything."
    if key in RESERVED:
        return f"{key} cannot be a key: addresses of pages have that word.", "Choose another key."
    return None
