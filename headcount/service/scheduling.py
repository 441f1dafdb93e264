"""Which syncs are due by their triggers, and their runs put into the queue: once each, however many workers look.

What fell due while nobody looked is run once. A paused sync has no timetable; when it goes on, its next time is the
first one after that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import DatabaseError, transaction

from headcount.control import runs
from headcount.control.models import Run, Sync, Timetable
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import HeadcountError, StateError
from headcount.model import RunKind, RunStatus
from headcount.project.trigger_entry import TriggersEntry
from headcount.service.dbt import DbtRun, dbt_run
from headcount.service.queue import queue_run


@dataclass(frozen=True, kw_only=True)
class View:
    """What the triggers of one sync saw: its next time, when each parent last completed, dbt's last run."""

    due_at: datetime | None = None
    after: dict[str, str] = field(default_factory=dict)
    dbt: str = ""

    @property
    def seen(self) -> dict[str, Any]:
        return {"after": self.after, "dbt": self.dbt}


Troubled = Callable[[str, str], None]  # told a sync's key, and what kind of error it was


@told()
def tick(now: datetime, troubled: Troubled | None = None) -> list[int]:
    """Look once; returns the numbers of the runs that were recorded. ``now`` has a zone. Sends nothing itself.

    A sync whose triggers cannot be looked at keeps no other from its time; ``troubled`` is told of it, at each look.
    """
    setup()
    Timetable.objects.filter(sync__paused=True).delete()
    with_triggers = Sync.objects.filter(paused=False).select_related("timetable")
    begun = []
    for row in with_triggers:
        try:
            run = _look(row, now)
        except (DatabaseError, StateError):
            raise
        except Exception as error:  # of whatever it waits for: nobody else's business
            if troubled is not None:
                troubled(row.key, type(error).__name__)
            continue
        begun += [] if run is None else [run]
    return begun


def _look(row: Sync, now: datetime) -> int | None:
    entry = row.definition.get("triggers")
    if not entry:
        Timetable.objects.filter(sync=row).delete()
        return None
    triggers, said = TriggersEntry.model_validate(entry), json.dumps(entry, sort_keys=True)
    table: Timetable | None = getattr(row, "timetable", None)
    if table is None or table.said != said:
        _begin(row, triggers, said, now)
        return None
    return _act(row, table, triggers, now)


def _begin(row: Sync, triggers: TriggersEntry, said: str, now: datetime) -> None:
    """What is there already when a trigger is set starts nothing; only what comes after it does."""
    latest = dbt_run(triggers.after_dbt)
    view = View(
        due_at=triggers.schedule.schedule().next_after(now) if triggers.schedule else None,
        after=_completed(triggers.after),
        dbt=latest.id if latest else "",
    )
    Timetable.objects.update_or_create(
        sync=row, defaults={"said": said, "due_at": view.due_at, "seen": view.seen}
    )


def _act(row: Sync, table: Timetable, triggers: TriggersEntry, now: datetime) -> int | None:
    """The first trigger that has something new starts the run; what the others saw goes with it."""
    before = View(due_at=table.due_at, **table.seen)
    news = list(_news(before, triggers, now))
    if not news:
        return None
    after = before
    for _, change, _ in news:
        after = replace(after, **change)
    with transaction.atomic():
        mine = Timetable.objects.filter(pk=table.pk, turn=table.turn).update(
            due_at=after.due_at, seen=after.seen, turn=table.turn + 1
        )
        if not mine:  # another worker was quicker
            return None
        trigger, _, trouble = news[0]
        scheduled = before.due_at if trigger == "schedule" else now
        return _skip(row, trigger, trouble) if trouble else _queue(row, trigger, scheduled or now)


def _news(before: View, triggers: TriggersEntry, now: datetime) -> Iterator[tuple[str, dict[str, Any], str]]:
    """What is new: the trigger, what it has seen now, and why no run may follow from it, if so."""
    if triggers.schedule and before.due_at is not None and before.due_at <= now:
        yield "schedule", {"due_at": triggers.schedule.schedule().next_after(now)}, ""
    if triggers.after:
        completed = _completed(triggers.after)
        if all(completed.get(key, "") > before.after.get(key, "") for key in triggers.after):
            yield "after", {"after": completed}, ""
    latest = dbt_run(triggers.after_dbt)
    if latest is not None and latest.id != before.dbt:
        yield "dbt", {"dbt": latest.id}, _trouble(latest)


def _trouble(latest: DbtRun) -> str:
    if not latest.failed:
        return ""
    nodes = "one of its nodes" if latest.failed == 1 else f"{latest.failed} of its nodes"
    return f"dbt ran, and {nodes} failed; what it left behind may be incomplete."


def _completed(parents: list[str]) -> dict[str, str]:
    """When each of these syncs last completed a run of its whole model."""
    found = {}
    for key in parents:
        last = (
            Run.objects.filter(sync__key=key, status=RunStatus.COMPLETED.value)
            .exclude(kind=RunKind.TEST.value)
            .order_by("-finished_at")
            .values_list("finished_at", flat=True)
            .first()
        )
        if last is not None:
            found[key] = last.isoformat()
    return found


def _queue(row: Sync, trigger: str, scheduled: datetime) -> int:
    number = queue_run(row.key, trigger=trigger)
    Run.objects.filter(pk=number).update(scheduled_for=scheduled)
    return number


def _skip(row: Sync, trigger: str, why: str) -> int:
    run = runs.add(row, trigger=trigger)
    hint = f"Run it by hand when the data is right: headcount run {row.key}"
    runs.finish(run, RunStatus.SKIPPED, error=HeadcountError(why, hint=hint))
    return run.pk
