"""Rows that were never sent and have no key: some of their other values, by which people can find them.

The values are in the run's plan and in no table, so they go when the plan goes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from headcount.control.models import Run
from headcount.home import Home
from headcount.service.plans import plan_folder
from headcount.service.refusals import EXAMPLES_EACH
from headcount.workbench import Workbench, quote_text

SHOWN = 3  # values of a row
LONGEST = 60  # characters of a value

Values = dict[str, str]


class Keyless:
    """The keyless rows of one run, by field and reason, as far as examples are kept of them."""

    def __init__(self, home: Home, run: Run) -> None:
        self._found: dict[tuple[str, str], list[Values]] = defaultdict(list)
        path = plan_folder(home, run.pk) / "invalid.parquet"
        for field, reason, about in _abouts(home, path):
            self._found[field, reason].append(values_of(about))

    def values(self, field: str, reason: str, number: int = 0) -> Values:
        """Of the row of that number, counted from 0, among those with one complaint; nothing where that is not known.

        Keyless rows with the same complaint cannot be told apart otherwise, so any numbering will do.
        """
        found = self._found.get((field, reason), [])
        return found[number] if number < len(found) else {}


def values_of(about: str | None) -> Values:
    """The first values of a row by the names of its fields, as plain text of some length."""
    told: Values = {}
    for id_, value in json.loads(about or "{}").items():
        if len(told) < SHOWN:
            told.setdefault(_name(id_), _short(value))
    return told


def words_of(values: Values) -> str:
    """``email ada@example.com, plan free``."""
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _name(id_: str) -> str:
    slot, _, to = id_.partition(".")
    return to if slot in ("attributes", "person") else slot


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _abouts(home: Home, path: Path) -> Iterator[tuple[str, str, str]]:
    if not path.exists():
        return
    file = f"read_parquet({quote_text(str(path))})"
    with Workbench(home.root / "scratch", ordered=True, maps=False) as bench:
        if "about" not in {name for name, *_ in bench.run(f"DESCRIBE FROM {file}")}:
            return  # a plan that an older version made
        sql = (
            f"SELECT field, reason, about FROM {file} WHERE about IS NOT NULL "
            f"QUALIFY row_number() OVER (PARTITION BY field, reason) <= {EXAMPLES_EACH}"
        )
        yield from bench.run(sql)
