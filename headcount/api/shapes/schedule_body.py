"""A schedule as it is sent, in the words that other products' clients use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NoReturn

from pydantic import Field

from headcount.api.shapes.schedule import schedule
from headcount.api.shapes.strict import Strict
from headcount.api.trouble import Mistaken
from headcount.errors import ConfigurationError
from headcount.schedule import DAYS, check_cron, check_timezone

Frequency = Literal["never", "continuous", "quarter_hourly", "hourly", "daily", "weekly", "expression"]

_MINUTES = {"continuous": 1, "quarter_hourly": 15}


class ScheduleBody(Strict):
    """When a sync runs by itself. ``schedule_timezone`` is an addition: hours and cron are of UTC without it."""

    schedule_frequency: Frequency | None = None
    schedule_day: str | None = Field(None, max_length=9, description="A weekday, such as Friday.")
    schedule_hour: int | None = Field(None, ge=0, le=23)
    schedule_minute: int | None = Field(None, ge=0, le=59)
    cron_expression: str | None = Field(None, max_length=200, description="With the frequency expression.")
    schedule_timezone: str | None = Field(None, max_length=100, description="Such as Europe/Berlin.")

    @property
    def says_when(self) -> bool:
        """Is anything of a schedule given?"""
        return any(getattr(self, name) is not None for name in ScheduleBody.model_fields)


def scheduled(stored: Mapping[str, Any], body: ScheduleBody) -> dict[str, Any]:
    """``triggers`` of an entry with the schedule that was sent; what is not given of it stays as it is stored.

    Other triggers stay. Raises ``Mistaken``.
    """
    triggers = dict(stored.get("triggers") or {})
    before = triggers.pop("schedule", None) or {}
    made = _made(before, schedule(stored).frequency, body)
    return {**triggers, **({"schedule": made} if made else {})}


def _made(before: Mapping[str, Any], frequency: str, body: ScheduleBody) -> dict[str, Any]:
    wanted = body.schedule_frequency or ("expression" if body.cron_expression else frequency)
    if wanted == "never":
        return {} if body.schedule_frequency else _unsaid()
    if wanted in _MINUTES:
        return {"every_minutes": _MINUTES[wanted]}
    zone = {"timezone": body.schedule_timezone or before.get("timezone", "UTC")}
    _checked("schedule_timezone", check_timezone, zone["timezone"])
    if wanted == "expression":
        return _by_expression(before, body, zone)
    kept = {name: before[name] for name in ("day", "hour", "minute") if name in before}
    given = {"day": _day(body.schedule_day), "hour": body.schedule_hour, "minute": body.schedule_minute}
    return {
        **zone,
        "frequency": wanted,
        **kept,
        **{name: value for name, value in given.items() if value is not None},
    }


def _by_expression(before: Mapping[str, Any], body: ScheduleBody, zone: dict[str, str]) -> dict[str, Any]:
    if body.cron_expression is None and before.get("every_minutes"):
        return dict(before)
    cron = body.cron_expression or before.get("cron")
    if not cron:
        raise Mistaken([(("cron_expression",), "cron_expression is missing.", "For example: 0 6 * * 1-5.")])
    _checked("cron_expression", check_cron, cron)
    return {**zone, "cron": cron}


def _unsaid() -> NoReturn:
    wrong = "The sync has no schedule yet, so its frequency is needed."
    raise Mistaken([(("schedule_frequency",), wrong, "Send schedule_frequency with it.")])


def _checked(field: str, check: Any, value: str) -> None:
    try:
        check(value)
    except ConfigurationError as error:
        raise Mistaken([((field,), error.message, error.hint)]) from None


def _day(name: str | None) -> str | None:
    if name is None:
        return None
    if name.lower() not in DAYS:
        raise Mistaken([(("schedule_day",), f"{name} is no weekday.", "Send Monday, Tuesday and so on.")])
    return name.lower()
