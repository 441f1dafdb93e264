"""Pages of the App API: start is where the page before ended, next is empty on the last one."""

from collections.abc import Sequence
from typing import TypeVar

from headcount.sandbox.app_errors import AppError
from headcount.sandbox.call import Call

Row = TypeVar("Row")


def page(rows: Sequence[Row], call: Call, *, default: int, most: int) -> tuple[Sequence[Row], str]:
    start, limit = number(call, "start", 0), number(call, "limit", default)
    if not 1 <= limit <= most:
        raise AppError(f"limit must be between 1 and {most}")
    end = start + limit
    return rows[start:end], str(end) if end < len(rows) else ""


def number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, "")
    if text and not text.isdecimal():
        raise AppError(f"{name} must be a number")
    return int(text) if text else default
