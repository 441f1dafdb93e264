"""Who did what, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headcount.control.models import Audit
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.service.lines import find_sync
from headcount.service.slices import PAGE, Slice, sliced


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One deed. ``kind`` and ``key`` are the parts of ``what`` when it names a sync, a model or a connection."""

    id: int
    at: datetime
    actor: str
    action: str
    what: str
    kind: str
    key: str
    detail: dict[str, Any]


KINDS = ("sync", "model", "connection", "run")


@told()
def activity(*, sync: str | None = None, before: int | None = None) -> Slice[Entry]:
    """A page of everything, or of what concerns a sync: itself, its model and both of its connections."""
    setup()
    found = Audit.objects.order_by("-id")
    if sync is not None:
        found = found.filter(what__in=_concerning(sync))
    if before is not None:
        found = found.filter(id__lt=before)
    return sliced(list(found[: PAGE + 1]), PAGE, _entry, lambda row: row.pk)


def _concerning(key: str) -> list[str]:
    row = find_sync(key)
    return [
        f"sync {row.key}",
        f"model {row.model.key}",
        f"connection {row.model.connection.key}",
        f"connection {row.destination.key}",
    ]


def _entry(row: Audit) -> Entry:
    kind, _, key = row.what.partition(" ")
    named = kind in KINDS
    return Entry(
        id=row.pk,
        at=row.at,
        actor=row.actor,
        action=row.action,
        what=row.what,
        kind=kind if named else "",
        key=key if named else "",
        detail=row.detail,
    )
