"""The preview of an editor: real rows one at a time, and what is wrong with the others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from headcount.errors import HeadcountError
from headcount.service.drafting import preview_entry
from headcount.service.previewing import PreviewRow


@dataclass(frozen=True, kw_only=True)
class Preview:
    """``number`` counts rows from 1. ``trouble`` says why there is nothing to see."""

    rows: tuple[PreviewRow, ...] = ()
    number: int = 1
    trouble: str = ""

    @property
    def row(self) -> PreviewRow | None:
        return self.rows[self.number - 1] if self.rows else None

    @property
    def text(self) -> str:
        """The payload of the row in sight, one value in a line."""
        return pretty(self.row.payload) if self.row and self.row.payload else ""

    @property
    def before(self) -> int:
        return max(1, self.number - 1)

    @property
    def after(self) -> int:
        return min(len(self.rows), self.number + 1)

    @property
    def invalid(self) -> list[tuple[int, PreviewRow]]:
        """The first rows that would never be sent, with their numbers."""
        found = [(number, row) for number, row in enumerate(self.rows, start=1) if row.problems]
        return found[:5]

    @property
    def reasons(self) -> list[tuple[str, str, int]]:
        """Why rows would never be sent: field, reason, rows."""
        counted = Counter(problem for row in self.rows for problem in row.problems)
        return [(field, reason, count) for (field, reason), count in counted.most_common(8)]

    @property
    def invalid_count(self) -> int:
        return sum(bool(row.problems) for row in self.rows)


def previewed(key: str, entry: Mapping[str, Any], number: str) -> Preview:
    """The preview of a checked entry. What the source says when it cannot be read is its trouble."""
    try:
        rows = preview_entry(key, entry)
    except HeadcountError as error:
        return Preview(trouble=str(error))
    wanted = int(number) if number.isdecimal() and len(number) < 6 else 1
    return Preview(rows=rows, number=max(1, min(wanted, len(rows))))


def pretty(payload: str) -> str:
    """JSON text with line breaks, every number digit for digit as it is sent."""
    value = json.loads(payload, parse_float=_as_it_is, parse_int=_as_it_is)
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _as_it_is(number: str) -> orjson.Fragment:
    return orjson.Fragment(number)
