"""Writes down who changed what."""

from __future__ import annotations

import getpass
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from headcount.control.models import Audit

_COMMAND_LINE = "command line"
_acting: ContextVar[str] = ContextVar("acting", default="")
_through: ContextVar[str] = ContextVar("through", default=_COMMAND_LINE)


@contextmanager
def acting_as(actor: str, *, through: str = "") -> Iterator[None]:
    """What is recorded inside is this person's doing, not that of the system's user. ``through`` says by which means:
    empty for the pages, else ``token nightly`` for example.
    """
    actor_before, through_before = _acting.set(actor), _through.set(through)
    try:
        yield
    finally:
        _acting.reset(actor_before)
        _through.reset(through_before)


def means() -> dict[str, str]:
    """For a ``detail``: through what somebody acts now; nothing for the pages."""
    return {"through": through} if (through := _through.get()) else {}


def last_by(what: str, actions: Collection[str]) -> str:
    """Who did one of the ``actions`` with this last: ``you`` for whoever looks at a page, else the actor's name. Empty
    when nobody knows.
    """
    notes = Audit.objects.filter(what=what[:200], action__in=actions)
    actor = notes.order_by("-id").values_list("actor", flat=True).first() or ""
    return "you" if actor and actor == _acting.get() and not means() else actor


def who() -> str:
    """Who acts now, as ``told_who`` tells it."""
    return told_who(_actor(), means())


def told_who(actor: str, detail: Mapping[str, Any]) -> str:
    """Whose deed a line tells of, in words.

    >>> told_who("ann", {"through": "token nightly"})
    'ann (token nightly)'
    """
    return f"{actor} ({detail['through']})" if detail.get("through") else actor


def record(action: str, what: str, detail: dict[str, Any] | None = None, *, actor: str = "") -> None:
    """Add one line. ``detail`` must hold no secret and no row value; the project file's references are
    neither.
    """
    Audit.objects.create(
        actor=(actor or _actor())[:200],
        action=action,
        what=what[:200],
        detail=detail or {},
    )


def _actor() -> str:
    if acting := _acting.get():
        return acting
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a number that has no name
        return "unknown"
