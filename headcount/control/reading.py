"""Long lists of the control store, read some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)

AT_ONCE = 2000  # rows in one query


def by_number(rows: QuerySet[M], size: int = 0, *, newest_first: bool = False) -> Iterator[M]:
    """All ``rows`` in the order of their numbers, at most ``size`` (``AT_ONCE``) of them in memory.

    Not with the iterator of a query: a cursor of PostgreSQL that outlives its transaction copies every row before it
    gives the first.
    """
    size = size or AT_ONCE
    ordered, beyond = rows.order_by("-id" if newest_first else "id"), "id__lt" if newest_first else "id__gt"
    some = list(ordered[:size])
    while some:
        yield from some
        some = list(ordered.filter(**{beyond: some[-1].pk})[:size])
