"""When a sync is due: every so many minutes, or by a cron expression in a time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from headcount.amounts import amount
from headcount.errors import ConfigurationError

DAYS = (
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
)  # cron counts from Sunday
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Exactly one of ``every_minutes`` and ``cron`` is set. ``timezone`` is an IANA name and only matters to cron."""

    every_minutes: int | None = None
    cron: str = ""
    timezone: str = "UTC"

    def next_after(self, moment: datetime) -> datetime:
        """The first due time after ``moment`` (with a zone), in UTC.

        Minutes are counted on a grid of their own, the same whenever it was looked at. Where the clocks go forward, a
        time that is left out is due right after the gap; where they go back, a time that comes twice is due once, while
        "every hour" stays every hour.
        """
        if self.every_minutes:
            step = timedelta(minutes=self.every_minutes)
            return _EPOCH + step * ((moment - _EPOCH) // step + 1)
        return next(_ticks(self.cron, moment.astimezone(_zone(self.timezone)))).astimezone(UTC)

    def upcoming(self, moment: datetime, count: int) -> tuple[datetime, ...]:
        """The first due times after ``moment``, in UTC."""
        found: list[datetime] = []
        for _ in range(count):
            found.append(self.next_after(found[-1] if found else moment))
        return tuple(found)

    def said(self, moment: datetime) -> str:
        """A moment in the schedule's time zone, as people say it."""
        local = moment.astimezone(_zone(self.timezone))
        return f"{local:%A}, {local.day} {local:%B %Y at %H:%M} ({self.timezone})"

    @property
    def words(self) -> str:
        """As people say it."""
        if self.every_minutes:
            return "every minute" if self.every_minutes == 1 else f"every {self.every_minutes} minutes"
        return f"{_said(self.cron)} ({self.timezone})"


def by_frequency(
    frequency: str, *, minute: int = 0, hour: int = 0, day: str = "monday", timezone: str
) -> Schedule:
    """``hourly``, ``daily`` or ``weekly`` as a schedule."""
    cron = {
        "hourly": f"{minute} * * * *",
        "daily": f"{minute} {hour} * * *",
        "weekly": f"{minute} {hour} * * {DAYS.index(day)}",
    }[frequency]
    return Schedule(cron=cron, timezone=timezone)


def check_cron(expression: str) -> None:
    """Raise ``ConfigurationError`` for what is no cron expression of five fields, or is never due."""
    hint = "Its five fields are minute, hour, day of month, month and day of week. For example: 0 6 * * 1-5."
    if (given := len(expression.split())) != 5:
        raise ConfigurationError(f"This cron expression has {amount(given, 'field')}.", hint=hint)
    try:
        next(CronSim(expression, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise ConfigurationError(f"This is no cron expression: {str(error).lower()}.", hint=hint) from error
    except StopIteration:
        raise ConfigurationError("No day fits this cron expression.", hint=hint) from None


def check_timezone(name: str) -> None:
    """Raise ``ConfigurationError`` for what is no time zone."""
    _zone(name)


def _ticks(expression: str, moment: datetime) -> CronSim:
    return CronSim(expression, moment)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"There is no time zone {name}.",
            hint="Use a name such as Europe/Berlin, America/New_York or UTC.",
        ) from None


def _said(expression: str) -> str:
    minute, hour, *rest = expression.split()
    if minute.isdecimal() and hour == "*" and rest == ["*", "*", "*"]:
        return f"every hour at minute {minute}"
    if minute.isdecimal() and hour.isdecimal():
        clock = f"{int(hour):02}:{int(minute):02}"
        if rest == ["*", "*", "*"]:
            return f"every day at {clock}"
        if rest[:2] == ["*", "*"] and rest[2].isdecimal():
            return f"every {DAYS[int(rest[2]) % 7].capitalize()} at {clock}"
    return f"cron {expression}"
