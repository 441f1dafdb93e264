"""What starts a sync by itself: ``triggers:`` of a sync."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from headcount.project.entry import Entry
from headcount.schedule import Schedule, by_frequency

Frequency = Literal["hourly", "daily", "weekly"]
Day = Literal["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
WAYS = ("every_minutes", "frequency", "cron")


class ScheduleEntry(Entry):
    """When it runs: exactly one of every_minutes, frequency and cron."""

    every_minutes: int | None = Field(None, ge=1, le=10_080, description="Every so many minutes, from 1.")
    frequency: Frequency | None = Field(None, description="hourly, daily or weekly.")
    minute: int = Field(0, ge=0, le=59, description="With a frequency: the minute of the hour.")
    hour: int = Field(0, ge=0, le=23, description="With daily and weekly: the hour of the day.")
    day: Day = Field("monday", description="With weekly: the day.")
    cron: str | None = Field(None, description="Five fields, as in 0 6 * * 1-5.")
    timezone: str = Field("UTC", description="The time zone of hours and cron, such as Europe/Berlin.")

    @property
    def given(self) -> list[str]:
        """The ways that are used, of which there must be one."""
        return [way for way in WAYS if getattr(self, way) is not None]

    def schedule(self) -> Schedule:
        """The schedule as a value."""
        if self.every_minutes:
            return Schedule(every_minutes=self.every_minutes)
        if self.cron:
            return Schedule(cron=self.cron, timezone=self.timezone)
        at: dict[str, Any] = {"minute": self.minute, "hour": self.hour, "day": self.day}
        return by_frequency(self.frequency or "hourly", timezone=self.timezone, **at)


class TriggersEntry(Entry):
    """Several may hold at once. A run that is due while another of the same sync works is skipped."""

    schedule: ScheduleEntry | None = Field(None, description="When it runs.")
    after: list[str] = Field([], description="Keys of syncs: it runs once all of them have completed anew.")
    after_dbt: str | None = Field(
        None,
        min_length=1,
        description="The run_results.json of a dbt project: it runs when dbt has written a new one without errors.",
    )
