"""What starts a sync by itself, in words, and when next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headcount.control.models import Sync, Timetable
from headcount.project.trigger_entry import TriggersEntry


@dataclass(frozen=True, kw_only=True)
class Timing:
    """``words`` has one entry for each trigger. ``next_due`` is only known of a schedule, and only while nobody has
    paused the sync; ``upcoming`` says it and those after it in the schedule's time zone.
    """

    words: tuple[str, ...] = ()
    next_due: datetime | None = None
    upcoming: tuple[str, ...] = ()


def timing_of(entry: Mapping[str, Any], now: datetime, *, count: int = 3) -> Timing:
    """Of a checked entry, as if its triggers were set at this moment."""
    triggers = _triggers(entry)
    schedule = triggers.schedule.schedule() if triggers.schedule else None
    times = schedule.upcoming(now, count) if schedule else ()
    return Timing(
        words=_words(triggers),
        next_due=times[0] if times and not entry.get("paused") else None,
        upcoming=tuple(schedule.said(time) for time in times) if schedule else (),
    )


def timing(row: Sync, now: datetime) -> Timing:
    """Of a stored sync; its timetable should be loaded. What fell due and was not begun yet is due in the past."""
    triggers = _triggers(row.definition)
    if row.paused or triggers.schedule is None:
        return Timing(words=_words(triggers))
    schedule = triggers.schedule.schedule()
    due = _noted(row) or schedule.next_after(now)
    return Timing(words=_words(triggers), next_due=due, upcoming=(schedule.said(due),))


def _noted(row: Sync) -> datetime | None:
    """The next time as a worker has noted it, unless the triggers were changed since."""
    table: Timetable | None = getattr(row, "timetable", None)
    if table is None or table.said != json.dumps(row.definition.get("triggers"), sort_keys=True):
        return None
    return table.due_at


def _triggers(entry: Mapping[str, Any]) -> TriggersEntry:
    return TriggersEntry.model_validate(entry.get("triggers") or {})


def _words(triggers: TriggersEntry) -> tuple[str, ...]:
    said = [triggers.schedule.schedule().words] if triggers.schedule else []
    if triggers.after:
        said.append(f"after {_listed(triggers.after)}")
    if triggers.after_dbt:
        said.append(f"after dbt writes {triggers.after_dbt}")
    return tuple(said)


def _listed(keys: list[str]) -> str:
    return keys[0] if len(keys) == 1 else f"{', '.join(keys[:-1])} and {keys[-1]}"
