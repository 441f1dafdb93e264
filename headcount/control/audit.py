"""Writes down who changed what."""

from __future__ import annotations

import getpass
from typing import Any

from headcount.control.models import Audit


def record(action: str, what: str, detail: dict[str, Any] | None = None, *, actor: str = "") -> None:
    """Add one line. ``detail`` must hold no secret and no row value; the project file's references are
    neither.
    """
    Audit.objects.create(
        actor=(actor or _whoever())[:200], action=action, what=what[:200], detail=detail or {}
    )


def _whoever() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a number that has no name
        return "unknown"
