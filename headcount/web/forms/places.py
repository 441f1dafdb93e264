"""Beside which input of the sync form a problem of the entry belongs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

Path = tuple[str | int, ...]

# The longest beginning of a path that is listed decides.
_INPUTS: dict[Path, str] = {
    ("key",): "key",
    ("name",): "name",
    ("source",): "model",
    ("destination",): "connection",
    ("destination", "object"): "object",
    ("behavior",): "behavior",
    ("identifier",): "identifier_from",
    ("identifier", "to"): "identifier_to",
    ("unique_id",): "unique_id",
    ("first_run",): "first_run",
    ("event",): "event_name",
    ("event", "type"): "event_type",
    ("event", "person"): "person_from",
    ("event", "person", "to"): "person_to",
    ("event", "timestamp"): "timestamp",
    ("sync_all_columns",): "all_names",
    ("changed_fields_only",): "changed_fields_only",
    ("checks",): "warn",
    ("guards", "max_changed"): "max_changed",
    ("guards", "max_removed"): "max_removed",
    ("guards", "minimum"): "minimum",
    ("guards", "zero_rows"): "zero_rows",
    ("timeout_minutes",): "timeout_minutes",
    ("triggers",): "starts",
    ("triggers", "schedule", "every_minutes"): "every_minutes",
    ("triggers", "schedule", "minute"): "at_minute",
    ("triggers", "schedule", "hour"): "at_hour",
    ("triggers", "schedule", "day"): "on_day",
    ("triggers", "schedule", "cron"): "cron",
    ("triggers", "schedule", "timezone"): "timezone",
    ("triggers", "after"): "after",
    ("triggers", "after_dbt"): "after_dbt",
}
_PARTS = {"from": "text", "to": "to", "type": "type", "nulls": "nulls"}


class Placed(Protocol):
    """A problem that knows its path."""

    @property
    def path(self) -> Path: ...


def place_of(path: Path, rows: Sequence[int]) -> str:
    """The name of the input; empty for the whole form. ``rows`` says which row each mapping came from."""
    if len(path) > 1 and path[0] == "mappings" and isinstance(path[1], int) and path[1] < len(rows):
        part = str(path[2]) if len(path) > 2 else "from"
        return f"m-{rows[path[1]]}-{_PARTS.get(part, 'text')}"
    beginnings = (path[:length] for length in range(len(path), 0, -1))
    return next((_INPUTS[beginning] for beginning in beginnings if beginning in _INPUTS), "")


def placed(problems: Iterable[Placed], rows: Sequence[int]) -> dict[str, list[str]]:
    """All problems as messages by input."""
    wrong: dict[str, list[str]] = {}
    for problem in problems:
        wrong.setdefault(place_of(problem.path, rows), []).append(str(problem))
    return wrong
