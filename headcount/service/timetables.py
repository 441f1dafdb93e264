"""What starts each sync, when next, and how it went the last time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from headcount.control.models import Sync
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.service.heartbeat import last_beat, worker_seen
from headcount.service.overview import list_syncs
from headcount.service.timing import timing


@dataclass(frozen=True, kw_only=True)
class TimetableLine:
    """One sync. ``upcoming`` is ``next_due`` in the schedule's time zone, in words; empty without one."""

    sync: str
    name: str
    triggers: tuple[str, ...]
    paused: bool
    next_due: datetime | None
    upcoming: str
    last_run: int | None
    last_status: str | None
    last_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Timetables:
    """All syncs by key. ``worker_seen_at`` is when a worker last looked at them; ``attended``: within a minute."""

    syncs: tuple[TimetableLine, ...]
    worker_seen_at: datetime | None
    attended: bool


@told()
def timetables() -> Timetables:
    """Four queries, however many syncs there are."""
    setup()
    now = datetime.now(UTC)
    lasts = {summary.key: summary.last for summary in list_syncs()}
    lines = []
    for row in Sync.objects.select_related("timetable"):
        timed, last = timing(row, now), lasts.get(row.key)
        lines.append(
            TimetableLine(
                sync=row.key,
                name=row.name,
                triggers=timed.words,
                paused=row.paused,
                next_due=timed.next_due,
                upcoming="".join(timed.upcoming),
                last_run=last.run if last else None,
                last_status=last.status if last else None,
                last_at=last.at if last else None,
            )
        )
    return Timetables(syncs=tuple(lines), worker_seen_at=last_beat(), attended=worker_seen(now))
