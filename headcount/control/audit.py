"""Writes down who changed what."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from headcount.control.models import Audit

_acting: ContextVar[str] = ContextVar("acting", default="")


@contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """What is recorded inside is this person's doing, not that of the system's user."""
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)


def record(action: str, what: str, detail: dict[str, Any] | None = None, *, actor: str = "") -> None:
    """Add one line. ``detail`` must hold no secret and no row value; the project file's references are
    neither.
    """
    Audit.objects.create(
        actor=(actor or _acting.get() or _whoever())[:200],
        action=action,
        what=what[:200],
        detail=detail or {},
    )


def _whoever() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a number that has no name
        return "unknown"
