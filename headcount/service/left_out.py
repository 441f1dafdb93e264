"""Why a run left rows out: all reasons with their numbers, and the examples that belong to each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING

from headcount.control import held
from headcount.control.models import Run
from headcount.home import current_home

if TYPE_CHECKING:
    from headcount.service.keyless import Keyless

WHOLE_ROW = "the whole row"  # what people read where a complaint names no field


@dataclass(frozen=True, kw_only=True)
class InvalidReason:
    """Why rows were not sent, how many, and the key of one of them, or, where it has none, some of its ``values``.
    Rows that differ in sizes have one reason.
    """

    field: str
    reason: str
    rows: int
    example: str
    values: dict[str, str] = dataclass_field(default_factory=dict)


def reasons_of(run: Run) -> tuple[InvalidReason, ...]:
    """The most frequent first."""
    examples = [(row.field, row.reason, row.key) for row in held.invalid(run)]
    keyless = _keyless(run) if any(not key for _, _, key in examples) else None
    return tuple(
        _with_example(field, reason, rows, examples, keyless) for field, reason, rows in run.invalid_reasons
    )


def _keyless(run: Run) -> Keyless:
    from headcount.service.keyless import Keyless  # reads files, for which lists of runs need no engine

    return Keyless(current_home(), run)


def _with_example(
    field: str, reason: str, rows: int, examples: Iterable[tuple[str, str, str]], keyless: Keyless | None
) -> InvalidReason:
    example = _example(examples, field, reason)
    values = keyless.values(field, reason) if keyless and not example else {}
    return InvalidReason(field=field, reason=reason, rows=rows, example=example, values=values)


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
