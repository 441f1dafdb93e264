"""JSON objects put together in SQL from wire values."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from headcount.destinations.base import Placed


def sql_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def json_text(text: str) -> str:
    """A JSON string literal of a fixed text, for use inside SQL text."""
    return orjson.dumps(text).decode()


def members(fields: Sequence[Placed]) -> str:
    """SQL for the inside of a JSON object. A field whose wire value is NULL is left out, with its comma."""
    certain = [placed for placed in fields if not placed.field.nullable]
    if not certain:
        return f"substr({_with_commas(fields)}, 2)" if fields else "''"
    first, *others = certain
    others += [placed for placed in fields if placed.field.nullable]
    return f"concat({_member(first, comma='')}{''.join(', ' + _member(placed) for placed in others)})"


def _with_commas(fields: Sequence[Placed]) -> str:
    return f"concat({', '.join(_member(placed) for placed in fields)})"


def _member(placed: Placed, comma: str = ",") -> str:
    name = sql_text(f"{comma}{json_text(placed.field.to)}:")
    return f"{name} || {placed.sql}"
