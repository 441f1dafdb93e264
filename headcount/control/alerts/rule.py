"""The kinds of alerts, and a rule as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class AlertKind(Enum):
    FAILED = "failed"  # a run failed
    REJECTED = "rejected"  # too great a share of the rows sent was rejected, or of the rows read is invalid
    NO_ROWS = "no_rows"  # the model has no rows
    UNUSUAL = "unusual"  # a number is far from that of earlier runs
    LATE = "late"  # a run that was due did not begin in time
    LONG = "long"  # a run takes too long
    WAITING = "waiting"  # a guard asks for approval


# What goes wrong, as a title says it after the name of the sync.
TITLES = {
    AlertKind.FAILED: "a run failed",
    AlertKind.REJECTED: "rows were refused",
    AlertKind.NO_ROWS: "no rows",
    AlertKind.UNUSUAL: "an unusual number of rows",
    AlertKind.LATE: "a run is late",
    AlertKind.LONG: "a run takes long",
    AlertKind.WAITING: "a run waits for approval",
}

BY_SHARE = (AlertKind.REJECTED, AlertKind.UNUSUAL)  # their threshold is in percent
BY_TIME = (AlertKind.LATE, AlertKind.LONG)  # theirs is in minutes, and a clock has to look after them

# Numbers of a run that may be unusual: headcount.model.Counts, and in words.
NUMBERS = {
    "read": "rows read",
    "planned": "changes planned",
    "add": "rows to add",
    "change": "rows to change",
    "remove": "rows to remove",
    "accepted": "rows accepted",
    "rejected": "rows rejected",
    "invalid": "invalid rows",
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """``threshold`` is in percent or minutes, by kind. ``counts`` and ``runs`` are for unusual numbers: which one,
    and of how many earlier runs the average is what is usual.
    """

    kind: AlertKind
    threshold: float = 0
    counts: str = "read"
    runs: int = 5
    every_time: bool = False
    recovery: bool = True
