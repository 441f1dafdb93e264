"""Why a run left rows out: all reasons with their numbers, and the examples that belong to each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from headcount.control import held
from headcount.control.models import Run


@dataclass(frozen=True, kw_only=True)
class InvalidReason:
    """Why rows were not sent, how many, and the key of one of them. Rows that differ in sizes have one reason."""

    field: str
    reason: str
    rows: int
    example: str


def reasons_of(run: Run) -> tuple[InvalidReason, ...]:
    """The most frequent first."""
    examples = [(row.field, row.reason, row.key) for row in held.invalid(run)]
    return tuple(
        InvalidReason(field=field, reason=reason, rows=rows, example=_example(examples, field, reason))
        for field, reason, rows in run.invalid_reasons
    )


def _example(examples: Iterable[tuple[str, str, str]], field: str, reason: str) -> str:
    alike = re.compile(pattern_of(reason))
    return next((key for where, why, key in examples if where == field and alike.search(why)), "")


def pattern_of(reason: str) -> str:
    """A regular expression, for Python and databases, of the reasons that are counted as this one.

    >>> bool(re.search(pattern_of("it is too many bytes long"), "it is 171 bytes long"))
    True
    """
    words = map(re.escape, re.split("too many(?= bytes)|[0-9]+", reason))
    return f"^{'(too many|[0-9]+)'.join(words)}$"
