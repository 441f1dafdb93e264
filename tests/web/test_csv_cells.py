from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headcount.web.csv_cells import cell

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
)


def _no_json(word: str) -> None:
    raise ValueError(word)


@pytest.mark.parametrize("text", ["free", "Ada & Co., 3rd floor", "Zoë", "12 days", "a = b", "two\nlines"])
def test_a_text_stands_plainly(text: str) -> None:
    assert cell(json.dumps(text)) == text


@pytest.mark.parametrize(
    "text", ["12", "007", "1.5", "1e5", "true", "null", "", " 12", "[]", '"', "=1+1", "-1", "@a"]
)
def test_a_text_that_would_read_as_something_else_keeps_its_quotes(text: str) -> None:
    assert cell(json.dumps(text)) == json.dumps(text)


@given(VALUES)
def test_a_cell_tells_every_value(value: object) -> None:
    shown = cell(json.dumps(value))
    try:
        told = json.loads(shown, parse_constant=_no_json)
    except ValueError:
        told = shown
    assert (type(told), told) == (type(value), value)
    assert shown != ""
