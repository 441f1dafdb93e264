"""One row of the mapping editor, and what its buttons do to all rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from headcount.web.forms.origin import origin, shown

TYPES = ("auto", "text", "number", "boolean", "timestamp", "json", "base64")
NULLS = (("unset", "unset it"), ("skip", "leave it"), ("keep", 'send ""'))
MOST = 900  # rows that are read from a form; more than any object takes

_KNOWN = {"from", "to", "type", "nulls"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One mapping as typed. ``kept`` is JSON of what the mapping says besides, which no input shows."""

    kind: str = "column"
    text: str = ""
    to: str = ""
    type: str = "auto"
    nulls: str = "unset"
    kept: str = ""

    @staticmethod
    def of(mapping: Mapping[str, Any]) -> Row:
        kind, text = shown(mapping["from"])
        rest = {name: value for name, value in mapping.items() if name not in _KNOWN}
        return Row(
            kind=kind,
            text=text,
            to=mapping["to"],
            type=mapping.get("type", "auto"),
            nulls=mapping.get("nulls", "unset"),
            kept=json.dumps(rest) if rest else "",
        )

    @property
    def blank(self) -> bool:
        """Was the row added and never filled?"""
        return not self.to and not self.text and self.kind != "nothing"

    def mapping(self) -> dict[str, Any]:
        """The mapping as the project file says it. Raises ``Unreadable``."""
        parts: dict[str, Any] = {"from": origin(self.kind, self.text), "to": self.to}
        if self.type != "auto":
            parts["type"] = self.type
        if self.nulls != "unset":
            parts["nulls"] = self.nulls
        return {**parts, **unpacked(self.kept)}

    def pairs(self, number: int) -> Iterator[tuple[str, str]]:
        """Names and values of the row's inputs."""
        for part in ("kind", "text", "to", "type", "nulls", *(["kept"] if self.kept else [])):
            yield f"m-{number}-{part}", getattr(self, part)


def unpacked(kept: str) -> dict[str, Any]:
    """What travelled as JSON in a hidden input; nothing for what somebody made of it that is none."""
    try:
        found = json.loads(kept) if kept else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


Rows = tuple[Row, ...]


def rows_of(data: Mapping[str, str]) -> Rows:
    """The rows that a form sent."""
    count = data.get("m-count", "0")
    return tuple(_row(data, number) for number in range(min(int(count) if count.isdecimal() else 0, MOST)))


def _row(data: Mapping[str, str], number: int) -> Row:
    plain = Row()
    parts = {
        part: data.get(f"m-{number}-{part}", getattr(plain, part)).replace("\r\n", "\n")
        for part in ("kind", "text", "to", "type", "nulls", "kept")
    }
    return Row(**parts)


def without(rows: Rows, number: int) -> Rows:
    return (*rows[:number], *rows[number + 1 :])


def moved(rows: Rows, number: int, by: int) -> Rows:
    """The row one place up (-1) or down (1); at the end it stays."""
    other = number + by
    if not (0 <= number < len(rows) and 0 <= other < len(rows)):
        return rows
    changed = list(rows)
    changed[number], changed[other] = changed[other], changed[number]
    return tuple(changed)


def suggested(rows: Rows, to: str, columns: Sequence[str]) -> Rows:
    """One more row for a field with a meaning: before the others, from the column of the same name if there is one."""
    if any(row.to == to for row in rows):
        return rows
    return (Row(to=to, text=to if to in columns else ""), *rows)


def unset(rows: Rows, to: str) -> Rows:
    """The field is given nothing, so that it is removed from the records that have it."""
    rest = tuple(row for row in rows if row.to != to)
    return (*rest, Row(kind="nothing", to=to))


def with_all(rows: Rows, names: Mapping[str, str], skipped: Set[str]) -> Rows:
    """A row for every column (name: field name) that no row reads yet, except those that something else reads."""
    read = {row.text for row in rows if row.kind == "column"} | skipped
    taken = {row.to for row in rows}
    filled = tuple(row for row in rows if not row.blank)
    added = [
        Row(text=column, to=to) for column, to in names.items() if column not in read and to not in taken
    ]
    return (*filled, *added)
