"""The figures of an installation at this moment, for whoever watches it from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Count, Min, OuterRef, Subquery

from headcount.control.models import Run, Sync, Tally
from headcount.control.runs import UNFINISHED
from headcount.control.setup import setup
from headcount.control.tallies import SUMS
from headcount.control.trouble import told
from headcount.model import RunStatus


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One figure with its labels. ``total`` figures only grow; the others go up and down."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()
    total: bool = False


_HELP = {
    "runs": "Runs that ended.",
    "read": "Rows read from sources.",
    "accepted": "Operations that destinations accepted.",
    "rejected": "Operations that destinations rejected.",
    "in_doubt": "Operations that may or may not have been applied.",
    "invalid": "Rows that were never sent.",
    "requests": "Requests to destinations.",
    "bytes": "Bytes of requests to destinations.",
    "seconds": "Seconds that runs worked.",
}


@told()
def measures() -> list[Measure]:
    """Everything, from the control store alone: no source, destination or state is opened."""
    setup()
    return [*_totals(), *_queue(), *_syncs()]


def _totals() -> Iterator[Measure]:
    rows = list(Tally.objects.select_related("sync"))
    for name in ("runs", *SUMS, "seconds"):
        for row in rows:
            labels = (("sync", row.sync.key), ("status", row.status))
            yield Measure(name=name, help=_HELP[name], value=getattr(row, name), labels=labels, total=True)


def _queue() -> Iterator[Measure]:
    open_ = Run.objects.filter(status__in=[status.value for status in UNFINISHED])
    counts = dict(open_.values_list("status").annotate(n=Count("id")).order_by())
    for status in UNFINISHED:
        yield Measure(
            name="open_runs",
            help="Runs that have not ended.",
            value=counts.get(status.value, 0),
            labels=(("status", status.value),),
        )
    oldest = open_.filter(status=RunStatus.QUEUED.value).aggregate(at=Min("created_at"))["at"]
    waited = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
    yield Measure(name="queue_wait_seconds", help="How long the oldest queued run has waited.", value=waited)


def _syncs() -> Iterator[Measure]:
    """Each sync's newest runs come from an index, one by one: the rows of all others stay unread."""
    runs = Run.objects.filter(sync=OuterRef("pk")).order_by("-id")
    completed = runs.filter(status=RunStatus.COMPLETED.value)
    rows = Sync.objects.select_related("timetable").annotate(
        begun=Subquery(runs.values("created_at")[:1]), done=Subquery(completed.values("finished_at")[:1])
    )
    for row in rows:
        yield from _sync(row, row.begun, row.done, (("sync", row.key),))


def _sync(
    row: Sync, begun: datetime | None, done: datetime | None, labels: tuple[tuple[str, str], ...]
) -> Iterator[Measure]:
    moments: dict[str, tuple[str, datetime | None]] = {
        "last_success_timestamp_seconds": ("When the last run that completed ended.", done),
        "last_run_timestamp_seconds": ("When the newest run was recorded.", begun),
        "next_due_timestamp_seconds": ("When a schedule starts it next.", _due(row)),
    }
    for name, (help_, moment) in moments.items():
        if moment is not None:
            yield Measure(name=f"sync_{name}", help=help_, value=moment.timestamp(), labels=labels)
    for name, help_, value in (
        ("acknowledged_records", "Records whose values were accepted.", row.acknowledged),
        ("held_records", "Records that are held back after a refusal.", row.held),
        ("paused", "1 while nothing starts it by itself.", int(row.paused)),
    ):
        yield Measure(name=f"sync_{name}", help=help_, value=value or 0, labels=labels)


def _due(row: Sync) -> datetime | None:
    table = getattr(row, "timetable", None)
    return table.due_at if table else None
