"""When a sync runs by itself, by the names that orchestrators know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_EVERY = {1: "continuous", 15: "quarter_hourly", 60: "hourly"}


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """``day`` is written out, hours and minutes are of the schedule's own time zone."""

    frequency: str = "never"
    day: str | None = None
    hour: int | None = None
    minute: int | None = None
    cron: str | None = None
    timezone: str | None = None


def schedule(entry: Mapping[str, Any]) -> Schedule:
    """Of a sync's entry. What these names cannot say reads ``expression``; the entry has it in full."""
    given = (entry.get("triggers") or {}).get("schedule")
    if not given:
        return Schedule()
    if every := given.get("every_minutes"):
        return Schedule(frequency=_EVERY.get(every, "expression"), cron=_cron(every))
    frequency, zone = given.get("frequency"), given.get("timezone", "UTC")
    if frequency is None:
        return Schedule(frequency="expression", cron=given.get("cron"), timezone=zone)
    return Schedule(
        frequency=frequency,
        day=given.get("day", "monday").capitalize() if frequency == "weekly" else None,
        hour=given.get("hour", 0) if frequency != "hourly" else None,
        minute=given.get("minute", 0),
        timezone=zone,
    )


def _cron(every: int) -> str | None:
    return f"*/{every} * * * *" if every not in _EVERY and 60 % every == 0 else None
