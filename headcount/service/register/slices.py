"""One page of a list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

from headcount.errors import ConfigurationError

T = TypeVar("T")
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Which part of a list is wanted. Pages count from 1."""

    page: int = 1
    per_page: int = 25
    newest_first: bool = True


@dataclass(frozen=True, kw_only=True)
class Sliced(Generic[T]):
    """A part of a list, and how long the whole is."""

    items: tuple[T, ...]
    total: int
    slice: Slice


def sliced(rows: QuerySet[Any], wanted: Slice, shape: Callable[[Any], T]) -> Sliced[T]:
    """The part of ``rows`` that is wanted, in the order they were made; two queries."""
    start = (wanted.page - 1) * wanted.per_page
    found = rows.order_by("-id" if wanted.newest_first else "id")[start : start + wanted.per_page]
    return Sliced(items=tuple(shape(row) for row in found), total=rows.count(), slice=wanted)


def numbered(rows: QuerySet[Row], number: int, noun: str) -> Row:
    """The row with a number. Raises ``ConfigurationError`` when there is none."""
    row = rows.filter(pk=number).first()
    if row is None:
        raise ConfigurationError(f"There is no {noun} {number}.")
    return row
