"""The inputs about what starts a sync, to and from ``triggers`` of its entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMES = (
    "starts",
    "every_minutes",
    "at_minute",
    "at_hour",
    "on_day",
    "cron",
    "timezone",
    "after",
    "after_dbt",
)

_AT = {"hourly": ("minute",), "daily": ("hour", "minute"), "weekly": ("day", "hour", "minute")}
_INPUTS = {"minute": "at_minute", "hour": "at_hour", "day": "on_day"}


def trigger_inputs(triggers: Mapping[str, Any]) -> dict[str, Any]:
    """The texts of those inputs that a stored entry fills."""
    schedule: Mapping[str, Any] = triggers.get("schedule") or {}
    shown = {
        "starts": _way(schedule),
        "every_minutes": schedule.get("every_minutes"),
        "cron": schedule.get("cron"),
        "timezone": schedule.get("timezone"),
        "after": " ".join(triggers.get("after", [])),
        "after_dbt": triggers.get("after_dbt"),
        **{name: schedule.get(key) for key, name in _INPUTS.items()},
    }
    return {name: str(value) for name, value in shown.items() if value is not None}


def triggers_of(inputs: Mapping[str, str], wrong: dict[str, list[str]]) -> dict[str, Any]:
    """What the inputs mean. What is missing is noted in ``wrong``, by input."""
    triggers: dict[str, Any] = {"after": inputs["after"].split()}
    if inputs["starts"]:
        triggers["schedule"] = _schedule(inputs, wrong)
    if inputs["after_dbt"].strip():
        triggers["after_dbt"] = inputs["after_dbt"].strip()
    return triggers


def _way(schedule: Mapping[str, Any]) -> str:
    if schedule.get("every_minutes"):
        return "minutes"
    return "cron" if schedule.get("cron") else str(schedule.get("frequency") or "")


def _schedule(inputs: Mapping[str, str], wrong: dict[str, list[str]]) -> dict[str, Any]:
    starts = inputs["starts"]
    if starts == "minutes":  # which no time zone makes longer
        return {"every_minutes": _whole(inputs, "every_minutes", wrong)}
    zone = {"timezone": inputs["timezone"].strip() or "UTC"}
    if starts == "cron":
        return {**zone, "cron": " ".join(inputs["cron"].split())}
    at = {key: _at(key, inputs, wrong) for key in _AT.get(starts, ())}
    return {**zone, "frequency": starts, **at}


def _at(key: str, inputs: Mapping[str, str], wrong: dict[str, list[str]]) -> Any:
    name = _INPUTS[key]
    return inputs[name] if key == "day" else _whole(inputs, name, wrong)


def _whole(inputs: Mapping[str, str], name: str, wrong: dict[str, list[str]]) -> int:
    text = inputs[name].strip()
    if text.isdecimal() and text.isascii() and len(text) < 10:
        return int(text)
    wrong[name] = ["Type a whole number."]
    return 1  # stands for it until then, so that nothing else is said about it
