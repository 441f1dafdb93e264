"""What the selects and radio buttons of the sync editor offer: values and their labels."""

from __future__ import annotations

from collections.abc import Sequence

from headcount.schedule import DAYS
from headcount.service.choices import Choice
from headcount.web.forms.origin import KINDS, METADATA
from headcount.web.forms.row import NULLS, TYPES


def options(*pairs: tuple[str, str]) -> tuple[Choice, ...]:
    return tuple(Choice(value=value, label=label) for value, label in pairs)


def label_of(offered: Sequence[Choice], value: str) -> str:
    """The label of a value; one that is not offered is its own."""
    return next((option.label for option in offered if option.value == value), value)


STYLES = options(
    ("match_source_names", "as the columns"),
    ("snake_case", "snake_case"),
    ("camel_case", "camelCase"),
    ("start_case", "Start Case"),
    ("lower_case", "lower case"),
    ("upper_case", "UPPER CASE"),
)
EVENT_TYPES = options(("event", "event"), ("page", "page view"), ("screen", "screen view"))
FIRST_RUNS = options(
    ("backfill", "Backfill: send the rows that are there already"),
    ("record_as_seen", "Record as seen: remember them, and send only rows that come later"),
)
ZONES = (
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
)  # some of those that may be typed
OFFERED = {
    "kinds": options(*KINDS),
    "types": options(*((name, name) for name in TYPES)),
    "nulls": options(*NULLS),
    "event_types": EVENT_TYPES,
    "styles": STYLES,
    "metadata": METADATA,
    "first_runs": FIRST_RUNS,
    "ways": options(
        ("", "when somebody starts it"),
        ("minutes", "every so many minutes"),
        ("hourly", "hourly"),
        ("daily", "daily"),
        ("weekly", "weekly"),
        ("cron", "by a cron expression"),
    ),
    "days": options(*((day, day.capitalize()) for day in (*DAYS[1:], DAYS[0]))),
    "zones": ZONES,
}  # by the names that templates know
