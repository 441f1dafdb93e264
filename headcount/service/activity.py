"""Who did what, newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headcount.control.models import Audit, Connection, Model, Run, Sync
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.service.lines import find_sync
from headcount.service.slices import PAGE, Slice, sliced


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One deed. ``kind`` and ``key`` are the parts of ``what`` when it names a sync, a model, a connection or a run;
    ``there`` says whether that still exists, ``run_there`` whether the run that ``detail`` names does.
    """

    id: int
    at: datetime
    actor: str
    action: str
    what: str
    kind: str
    key: str
    there: bool
    detail: dict[str, Any]
    run_there: bool


_NAMED: dict[str, type[Sync | Model | Connection]] = {
    "sync": Sync,
    "model": Model,
    "connection": Connection,
}  # by their keys
KINDS = (*_NAMED, "run")


@told()
def activity(*, sync: str | None = None, before: int | None = None) -> Slice[Entry]:
    """A page of everything, or of what concerns a sync: itself, its model and both of its connections."""
    setup()
    found = Audit.objects.order_by("-id")
    if sync is not None:
        found = found.filter(what__in=_concerning(sync))
    if before is not None:
        found = found.filter(id__lt=before)
    rows = list(found[: PAGE + 1])
    present = _present(rows)
    return sliced(rows, PAGE, lambda row: _entry(row, present), lambda row: row.pk)


def _concerning(key: str) -> list[str]:
    row = find_sync(key)
    return [
        f"sync {row.key}",
        f"model {row.model.key}",
        f"connection {row.model.connection.key}",
        f"connection {row.destination.key}",
    ]


def _present(rows: Iterable[Audit]) -> set[tuple[str, str]]:
    """What the deeds name and still exists, as kind and key; one query for each kind."""
    named = defaultdict(set)
    for row in rows:
        for kind, key in (_parts(row), ("run", _run(row))):
            named[kind].add(key)
    present = {
        (kind, key)
        for kind, model in _NAMED.items()
        if named[kind]
        for key in model.objects.filter(key__in=named[kind]).values_list("key", flat=True)
    }
    if numbers := [int(key) for key in named["run"] if key.isdecimal()]:
        found = Run.objects.filter(pk__in=numbers).values_list("pk", flat=True)
        present.update(("run", str(number)) for number in found)
    return present


def _parts(row: Audit) -> tuple[str, str]:
    """Kind and key, empty when it names something without a page of its own."""
    kind, _, key = row.what.partition(" ")
    return (kind, key) if kind in KINDS else ("", "")


def _run(row: Audit) -> str:
    return str(row.detail.get("run", ""))


def _entry(row: Audit, present: set[tuple[str, str]]) -> Entry:
    kind, key = _parts(row)
    return Entry(
        id=row.pk,
        at=row.at,
        actor=row.actor,
        action=row.action,
        what=row.what,
        kind=kind,
        key=key,
        there=(kind, key) in present,
        detail=row.detail,
        run_there=("run", _run(row)) in present,
    )
