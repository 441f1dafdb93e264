"""Syncs under their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from headcount.control.models import Run, Sync
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.service.editing import version_of
from headcount.service.register.slices import Slice, Sliced, numbered, sliced
from headcount.service.stored import entry_of
from headcount.service.timing import timing


@dataclass(frozen=True, kw_only=True)
class NumberedSync:
    """A sync, the model it reads, and how its latest run stands.

    ``entry`` is what ``headcount.yml`` says under its key; ``last_run`` is a run's status, None before the first.
    """

    id: int
    key: str
    name: str
    object: str
    entry: dict[str, Any]
    paused: bool
    source: int
    destination: int
    model: int
    model_name: str
    model_entry: dict[str, Any]
    model_created_at: datetime
    model_changed_at: datetime
    acknowledged: int | None
    held: int | None
    last_run: str | None
    last_run_id: int | None
    next_due: datetime | None
    created_at: datetime
    changed_at: datetime
    version: str  # comes back when the sync is saved, so that nobody's change is overwritten unseen


@told()
def syncs(wanted: Slice) -> Sliced[NumberedSync]:
    """All syncs."""
    setup()
    return sliced(_rows(), wanted, _shape)


@told()
def sync(number: int) -> NumberedSync:
    """Raises ``ConfigurationError`` when there is none."""
    setup()
    return _shape(numbered(_rows(), number, "sync"))


@told()
def key_of(number: int) -> str:
    """The key of a sync. Raises ``ConfigurationError`` when there is none."""
    setup()
    return numbered(Sync.objects.all(), number, "sync").key


@told()
def number_of(key: str) -> int:
    """The number of a sync that exists."""
    return int(Sync.objects.values_list("pk", flat=True).get(key=key))


def _rows() -> QuerySet[Sync]:
    latest = Run.objects.filter(sync=OuterRef("pk")).order_by("-id")
    return Sync.objects.select_related("model", "timetable").annotate(
        last_run=Subquery(latest.values("status")[:1]), last_run_id=Subquery(latest.values("pk")[:1])
    )


def _shape(row: Any) -> NumberedSync:
    return NumberedSync(
        id=row.pk,
        key=row.key,
        name=row.name,
        object=row.object,
        entry=entry_of(row),
        paused=row.paused,
        source=row.model.connection_id,
        destination=row.destination_id,
        model=row.model_id,
        model_name=row.model.name,
        model_entry=row.model.definition,
        model_created_at=row.model.created_at,
        model_changed_at=row.model.changed_at,
        acknowledged=row.acknowledged,
        held=row.held,
        last_run=row.last_run,
        last_run_id=row.last_run_id,
        next_due=timing(row, datetime.now(UTC)).next_due,
        created_at=row.created_at,
        changed_at=row.changed_at,
        version=version_of(entry_of(row)),
    )
