"""Long lists, a page at a time: the next page begins where this one ends, so none is slower than the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
Row = TypeVar("Row")

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Slice(Generic[T]):
    """``next`` is what the next page is asked for with; None at the end."""

    rows: tuple[T, ...]
    next: int | None = None


def sliced(
    found: Sequence[Row], size: int, shown: Callable[[Row], T], place: Callable[[Row], int]
) -> Slice[T]:
    """``found`` holds one row more than a page when there is more; ``place`` is what pages are cut by."""
    page = found[:size]
    more = len(found) > size
    return Slice(rows=tuple(shown(row) for row in page), next=place(page[-1]) if more else None)
