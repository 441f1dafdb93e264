"""The table of types in the manual is what mapping really does."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from headcount.destinations.customerio.objects import destination_object
from headcount.errors import ConfigurationError
from headcount.mapping import compile_sync
from headcount.model import Behavior, Column, FromColumn, Kind, Mapping, Model, Sync, ValueType
from headcount.prepare import prepare
from headcount.staging import staging
from headcount.workbench import Workbench
from tests.docs.pages import page

# The column's kind, how the manual writes the value, and the value as a source delivers it.
SAMPLES: list[tuple[Kind, str, pa.DataType, Any]] = [
    (Kind.TEXT, "`yes`", pa.string(), "yes"),
    (Kind.TEXT, "`10.50`", pa.string(), "10.50"),
    (Kind.TEXT, "`2024-01-31`", pa.string(), "2024-01-31"),
    (Kind.TEXT, '`{"b":1,"a":2}`', pa.string(), '{"b":1,"a":2}'),
    (Kind.INTEGER, "1", pa.int64(), 1),
    (Kind.DECIMAL, "10.50", pa.decimal128(10, 2), Decimal("10.50")),
    (Kind.FLOAT, "1e15", pa.float64(), 1e15),
    (Kind.BOOLEAN, "true", pa.bool_(), True),
    (Kind.DATE, "2024-01-31", pa.date32(), date(2024, 1, 31)),
    (Kind.TIMESTAMP, "2024-01-31 09:30:00", pa.timestamp("us"), datetime(2024, 1, 31, 9, 30)),
    (
        Kind.TIMESTAMPTZ,
        "2024-01-31 10:30:00+01",
        pa.timestamp("us", "UTC"),
        datetime(2024, 1, 31, 9, 30, tzinfo=UTC),
    ),
    (Kind.TIME, "09:30:00", pa.string(), "09:30:00"),
    (Kind.UUID, "`9F3C…`", pa.string(), "9F3C"),
    (Kind.BINARY, "two bytes", pa.binary(), b"\x01\x02"),
    (Kind.NESTED, "a list of 1 and 2", pa.list_(pa.int64()), [1, 2]),
    (Kind.JSON, '`{"b": 1.50, "a": null}`', pa.string(), '{"b": 1.50, "a": null}'),
    (Kind.VARIANT, "the text 10", pa.string(), '"10"'),
    (Kind.VARIANT, "the number 10.0", pa.string(), "10.0"),
]


@pytest.mark.parametrize(("kind", "words", "arrow", "value"), SAMPLES)
def test_every_cell_of_the_table_of_types_is_what_a_row_becomes(
    kind: Kind, words: str, arrow: pa.DataType, value: Any, tmp_path: Path
) -> None:
    array = pa.array([value], arrow)
    cells = [_cell(kind, array, type_, tmp_path) for type_ in ValueType]
    line = f"| {kind.value} | {words} | {' | '.join(cells)} |"
    assert line in page("docs/people.md").text.splitlines(), line


def test_the_table_of_types_has_every_kind_of_column_and_every_type() -> None:
    assert {kind for kind, *_ in SAMPLES} == set(Kind)
    heads = " | ".join(f"`{type_.value}`" for type_ in ValueType)
    assert f"| column is | such as | {heads} |" in page("docs/people.md").text


def _cell(kind: Kind, array: pa.Array, type_: ValueType, scratch: Path) -> str:
    columns = [Column(name="id", kind=Kind.INTEGER), Column(name="value", kind=kind)]
    table = pa.table({"id": pa.array([1]), "value": array})
    try:
        mapped = compile_sync(_sync(type_), columns, destination_object("person"))
        how = staging(mapped, table.schema, "source_rows")
    except ConfigurationError:
        return "no"
    with Workbench(scratch) as bench:
        bench.connection.register("source_rows", prepare(table.to_reader(), how.prepared))
        ((wire, invalid),) = bench.run(f"SELECT f000, invalid FROM ({how.select})")
        return "invalid" if invalid else f"`{wire}`"


def _sync(type_: ValueType) -> Sync:
    return Sync(
        key="sync",
        name="sync",
        model=Model(key="m", name="m", connection="c", table="t"),
        destination="d",
        object="person",
        behavior=Behavior.UPDATE_OR_CREATE,
        identifier="id",
        key_column="id",
        mappings=(Mapping(to="value", source=FromColumn("value"), type=type_),),
    )
