"""Values of columns without a type are made into wire values by Python, and elsewhere by SQL: both say the same."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from headcount.model import Kind, ValueType
from headcount.prepare import wire_of
from headcount.wire import wire_value
from headcount.workbench import Workbench

ODD = (
    "null", "true", "false", '""', '"\\u0000x"', '"\\"q\\\\"', '"\\/"', '"\\ud83d\\ude00"', "!nul", "-0", "0", "-0.0",
    "0e5", "0.0e-3",
    "1e999", "1e1000", "5.", ".5", "+1", "+.5e+3", "00012", "1.500", "1E5", "-1.25e-7", "1e-999", "NaN",
)  # fmt: skip
CHARACTERS = tuple(json.dumps(f"\n{chr(code)}", ensure_ascii=False) for code in range(1, 0x800))
NUMBERS = st.from_regex(r"[+-]?[0-9]{0,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"])).map(json.dumps)


def by_sql(values: list[str], scratch: Path) -> list[str | None]:
    with Workbench(scratch) as bench:
        bench.connection.register("given", pa.table({"i": range(len(values)), "x": values}))
        wire = wire_value("x", Kind.VARIANT, ValueType.AUTO)
        return [found for (found,) in bench.run(f"SELECT {wire} FROM given ORDER BY i")]


def test_every_character_and_every_odd_value_has_one_wire_value(tmp_path: Path) -> None:
    values = [*ODD, *CHARACTERS]
    assert [wire_of(value) for value in values] == by_sql(values, tmp_path)


@settings(max_examples=15, deadline=None)
@given(values=st.lists((NUMBERS | TEXTS).filter(bool), min_size=50, max_size=200))
def test_any_value_has_one_wire_value(values: list[str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        assert [wire_of(value) for value in values] == by_sql(values, Path(scratch))
