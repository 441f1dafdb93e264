"""One is one: numbers agree with their nouns, in sentences of the program and on pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import headcount
from headcount.amounts import amount

ROOM = Path(headcount.__file__).parent
NOUNS = "rows|records|runs|requests|changes|states|plans|answers|days|messages|secrets|syncs|fields|people|events|bytes"
ADJECTIVE = r"(?:[a-z]+ ){0,2}"
# A counted number in an f-string or a template, and a noun that is always in the plural.
IN_CODE = re.compile(rf"\{{[^{{}}]*(?::,|len\([^{{}}]*\))\}} {ADJECTIVE}(?:{NOUNS})\b")
IN_TEMPLATES = re.compile(rf"\|(?:number|length) *\}}\}}(?:</b>|</a>)* {ADJECTIVE}(?:{NOUNS})\b")
# Numbers that are never one, and comparisons: "3 of the rows".
NEVER_ONE = ("{RETRIED:,} rows", "{len(name.encode())} bytes")


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [
        (1, ("row",), "1 row"),
        (0, ("row",), "0 rows"),
        (1234, ("row",), "1,234 rows"),
        (1, ("entry", "entries"), "1 entry"),
        (2, ("row was", "rows were"), "2 rows were"),
        (1.5, ("minute",), "1.5 minutes"),
        (1.0, ("minute",), "1 minute"),
        (5.0, ("minute",), "5 minutes"),
    ],
)
def test_a_number_and_its_noun_agree(count: float, words: tuple[str, ...], said: str) -> None:
    assert amount(count, *words) == said


def test_no_sentence_counts_in_the_plural_alone() -> None:
    found = [
        f"{path.relative_to(ROOM)}: {match}"
        for pattern, kind in ((IN_CODE, "*.py"), (IN_TEMPLATES, "*.html"))
        for path in sorted(ROOM.rglob(kind))
        if "sandbox" not in path.parts
        for match in pattern.findall(path.read_text(encoding="utf-8"))
        if match not in NEVER_ONE
    ]
    assert found == []
