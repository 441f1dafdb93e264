"""The types of each database: what kind they are, which Arrow type arrives, and which value."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from headcount.engines import Source
from headcount.errors import SourceError
from headcount.model import Kind, Model
from tests.engines.worlds import DuckDBWorld, FilesWorld, MySQLWorld, PostgreSQLWorld, SQLiteWorld, model

UTC = dt.UTC
at = dt.datetime.fromisoformat  # a time without a zone, as such columns hold it
BIG = "12345678901234567890.1234567890"


def one(source: Source, wanted: Model) -> dict[str, tuple[Kind, str, Any]]:
    """Kind, Arrow type and first value of each column."""
    columns = source.columns(wanted)
    with source.read(wanted, [column.name for column in columns]) as reader:
        table = reader.read_all()
    table.validate(full=True)
    types = {field.name: str(field.type) for field in table.schema}
    return {
        column.name: (column.kind, types[column.name], table[column.name][0].as_py()) for column in columns
    }


DUCKDB = [
    ("127::TINYINT", Kind.INTEGER, "int8", 127),
    ("18446744073709551615::UBIGINT", Kind.INTEGER, "uint64", 2**64 - 1),
    ("'-170141183460469231731687303715884105728'::HUGEINT", Kind.INTEGER, "string", str(-(2**127))),
    ("'340282366920938463463374607431768211455'::UHUGEINT", Kind.INTEGER, "string", str(2**128 - 1)),
    (f"{BIG}::DECIMAL(38,10)", Kind.DECIMAL, "decimal128(38, 10)", Decimal(BIG)),
    ("1.5::FLOAT", Kind.FLOAT, "float", 1.5),
    ("0.1::DOUBLE", Kind.FLOAT, "double", 0.1),
    ("true", Kind.BOOLEAN, "bool", True),
    ("DATE '1901-02-03'", Kind.DATE, "date32[day]", dt.date(1901, 2, 3)),
    ("DATE 'infinity'", Kind.DATE, "date32[day]", None),
    (
        "TIMESTAMP '1969-12-31 23:59:59.5'",
        Kind.TIMESTAMP,
        "timestamp[us]",
        at("1969-12-31 23:59:59.500000"),
    ),
    ("TIMESTAMP_S '2020-01-01 00:00:00'", Kind.TIMESTAMP, "timestamp[us]", at("2020-01-01 00:00:00")),
    (
        "TIMESTAMPTZ '2020-01-01 02:00:00+02'",
        Kind.TIMESTAMPTZ,
        "timestamp[us, tz=UTC]",
        dt.datetime(2020, 1, 1, tzinfo=UTC),
    ),
    ("TIME '12:34:56.5'", Kind.TIME, "string", "12:34:56.5"),
    ("INTERVAL 1 DAY", Kind.TEXT, "string", "1 day"),
    (
        "'00000000-0000-0000-0000-00000000000A'::UUID",
        Kind.UUID,
        "string",
        "00000000-0000-0000-0000-00000000000a",
    ),
    ("'\\x00\\xFF'::BLOB", Kind.BINARY, "binary", b"\x00\xff"),
    ("'{\"a\": 1.10}'::JSON", Kind.JSON, "string", '{"a": 1.10}'),
    ("'x'::ENUM('x', 'y')", Kind.TEXT, "string", "x"),
    ("[1, 2]", Kind.JSON, "string", "[1,2]"),
    ("[TIMESTAMPTZ '2020-01-01 00:00:00+00']", Kind.JSON, "string", '["2020-01-01 00:00:00+00"]'),
    ("{'a': [1], 'b': 'x'}", Kind.JSON, "string", '{"a":[1],"b":"x"}'),
    ("MAP {'k': 1}", Kind.JSON, "string", '{"k":1}'),
    ("'101'::BIT", Kind.TEXT, "string", "101"),
    ("NULL", Kind.TEXT, "string", None),
    ("'a' || chr(0) || 'b'", Kind.TEXT, "string", "a\0b"),
]

POSTGRESQL = [
    ("32767::int2", Kind.INTEGER, "int16", 32767),
    ("4294967295::oid", Kind.INTEGER, "int64", 2**32 - 1),
    (f"{BIG}::numeric", Kind.DECIMAL, "string", BIG),
    ("'NaN'::numeric", Kind.DECIMAL, "string", "NaN"),
    ("1234.50::numeric::money", Kind.DECIMAL, "string", "1234.50"),
    ("1.5::float4", Kind.FLOAT, "float", 1.5),
    ("'Infinity'::float8", Kind.FLOAT, "double", float("inf")),
    ("true", Kind.BOOLEAN, "bool", True),
    ("date '1901-02-03'", Kind.DATE, "date32[day]", dt.date(1901, 2, 3)),
    ("date 'infinity'", Kind.DATE, "date32[day]", None),
    (
        "timestamp '1969-12-31 23:59:59.5'",
        Kind.TIMESTAMP,
        "timestamp[us]",
        at("1969-12-31 23:59:59.500000"),
    ),
    (
        "timestamptz '2020-01-01 02:00:00+02'",
        Kind.TIMESTAMPTZ,
        "timestamp[us, tz=UTC]",
        dt.datetime(2020, 1, 1, tzinfo=UTC),
    ),
    ("timestamptz '-infinity'", Kind.TIMESTAMPTZ, "timestamp[us, tz=UTC]", None),
    ("time '12:34:56.5'", Kind.TIME, "string", "12:34:56.5"),
    ("timetz '12:34:56+02'", Kind.TIME, "string", "12:34:56+02"),
    ("interval '1 day'", Kind.TEXT, "string", "1 day"),
    (
        "'00000000-0000-0000-0000-00000000000A'::uuid",
        Kind.UUID,
        "string",
        "00000000-0000-0000-0000-00000000000a",
    ),
    ("'\\x00ff'::bytea", Kind.BINARY, "binary", b"\x00\xff"),
    ("'{\"a\": 1.10}'::json", Kind.JSON, "string", '{"a": 1.10}'),
    ("'{\"a\":  1.10}'::jsonb", Kind.JSON, "string", '{"a": 1.10}'),
    ("array[[1,2],[3,4]]", Kind.JSON, "string", "[[1,2],[3,4]]"),
    ("array['a', null]", Kind.JSON, "string", '["a",null]'),
    ("row(1, 'x')::pair", Kind.JSON, "string", '{"x":1,"y":"x"}'),
    ("'happy'::mood", Kind.TEXT, "string", "happy"),
    ("5::positive", Kind.INTEGER, "int32", 5),
    ("'x'::char(3)", Kind.TEXT, "string", "x"),
    ("'1.2.3.4'::inet", Kind.TEXT, "string", "1.2.3.4"),
    ("'1.2.3.4/24'::inet", Kind.TEXT, "string", "1.2.3.4/24"),
    ("int4range(1, 3)", Kind.TEXT, "string", "[1,3)"),
    ("b'101'", Kind.TEXT, "string", "101"),
    ("'x'::name", Kind.TEXT, "string", "x"),
]

MYSQL = [
    ("tinyint", "127", Kind.INTEGER, "int64", 127),
    ("tinyint(1)", "1", Kind.BOOLEAN, "bool", True),
    ("int unsigned", "4294967295", Kind.INTEGER, "uint64", 2**32 - 1),
    ("bigint unsigned", "18446744073709551615", Kind.INTEGER, "uint64", 2**64 - 1),
    ("decimal(30,10)", BIG, Kind.DECIMAL, "string", BIG),
    ("float", "1.5", Kind.FLOAT, "double", 1.5),
    ("double", "0.1", Kind.FLOAT, "double", 0.1),
    ("date", "'1901-02-03'", Kind.DATE, "date32[day]", dt.date(1901, 2, 3)),
    ("date", "'0000-00-00'", Kind.DATE, "date32[day]", None),
    (
        "datetime(6)",
        "'1969-12-31 23:59:59.5'",
        Kind.TIMESTAMP,
        "timestamp[us]",
        at("1969-12-31 23:59:59.500000"),
    ),
    ("datetime", "'2020-00-10 00:00:00'", Kind.TIMESTAMP, "timestamp[us]", None),
    (
        "timestamp NULL",
        "FROM_UNIXTIME(1577836800)",
        Kind.TIMESTAMPTZ,
        "timestamp[us, tz=UTC]",
        dt.datetime(2020, 1, 1, tzinfo=UTC),
    ),
    ("time(3)", "'-100:00:00.5'", Kind.TIME, "string", "-100:00:00.500"),
    ("year", "2020", Kind.INTEGER, "uint64", 2020),
    ("char(3)", "'é'", Kind.TEXT, "string", "é"),
    ("text", "'😀'", Kind.TEXT, "string", "😀"),
    ("varchar(3) CHARACTER SET latin1", "'é'", Kind.TEXT, "string", "é"),
    ("blob", "x'00ff'", Kind.BINARY, "binary", b"\x00\xff"),
    ("varbinary(3)", "'a'", Kind.BINARY, "binary", b"a"),
    ("enum('x', 'y')", "'y'", Kind.TEXT, "string", "y"),
    ("set('p', 'q')", "'p,q'", Kind.TEXT, "string", "p,q"),
    ("bit(1)", "1", Kind.BOOLEAN, "bool", True),
    ("bit(10)", "513", Kind.INTEGER, "uint64", 513),
]


def test_duckdb_types_whatever_the_machines_time_zone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    world = DuckDBWorld(tmp_path)
    listed = ", ".join(f"{sql} AS c{i}" for i, (sql, *_) in enumerate(DUCKDB))
    world.execute(f"CREATE TABLE t AS SELECT {listed}")
    source = world.open()
    found = one(source, model(table="t"))
    source.close()
    for i, (sql, *expected) in enumerate(DUCKDB):
        assert found[f"c{i}"] == tuple(expected), sql


def test_parquet_types_are_those_of_duckdb(tmp_path: Path) -> None:
    world = FilesWorld(tmp_path, "parquet")
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT 1.50::DECIMAL(9,2) a, [1] b, DATE '1901-02-03' c) TO '{world.folder}/t.parquet'"
        )
    source = world.open()
    found = one(source, model(path="t.parquet"))
    source.close()
    assert found == {
        "a": (Kind.DECIMAL, "decimal128(9, 2)", Decimal("1.50")),
        "b": (Kind.JSON, "string", "[1]"),
        "c": (Kind.DATE, "date32[day]", dt.date(1901, 2, 3)),
    }


def test_postgresql_types(postgresql_address: dict[str, Any]) -> None:
    world = PostgreSQLWorld(postgresql_address)
    world.execute("CREATE TYPE mood AS ENUM ('happy')")
    world.execute("CREATE TYPE pair AS (x int, y text)")
    world.execute("CREATE DOMAIN positive AS int CHECK (VALUE > 0)")
    listed = ", ".join(f"{sql} AS c{i}" for i, (sql, *_) in enumerate(POSTGRESQL))
    world.execute(f"CREATE TABLE t AS SELECT {listed}")
    source = world.open()
    found = one(source, model(table="t"))
    source.close()
    world.close()
    for i, (sql, *expected) in enumerate(POSTGRESQL):
        assert found[f"c{i}"] == tuple(expected), sql


def test_mysql_types(mysql_address: dict[str, Any]) -> None:
    world = MySQLWorld(mysql_address)
    world.execute("SET sql_mode = ''")
    world.execute(
        f"CREATE TABLE t ({', '.join(f'c{i} {declared}' for i, (declared, *_) in enumerate(MYSQL))})"
    )
    world.execute(f"INSERT INTO t VALUES ({', '.join(value for _, value, *_ in MYSQL)})")
    source = world.open()
    found = one(source, model(table="t"))
    source.close()
    world.close()
    for i, (declared, _, *expected) in enumerate(MYSQL):
        assert found[f"c{i}"] == tuple(expected), declared


SQLITE = [
    ("9223372036854775807", 2**63 - 1),
    ("0.1 + 0.2", 0.1 + 0.2),
    ("1e300 * 1e300", None),
    ("'a' || char(0) || 'b\"\\'", 'a\0b"\\'),
    ("x'00ff'", "AP8="),
    ("NULL", None),
    ("''", ""),
]


def test_each_sqlite_value_brings_its_own_type(tmp_path: Path) -> None:
    world = SQLiteWorld(tmp_path)
    world.execute("CREATE TABLE t (v integer)")
    for sql, _ in SQLITE:
        world.execute(f"INSERT INTO t VALUES ({sql})")
    source = world.open()
    with source.read(model(table="t"), ["v"]) as reader:
        texts = reader.read_all()["v"].to_pylist()
    (column,) = source.columns(model(table="t"))
    source.close()
    assert (column.kind, column.declared) == (Kind.VARIANT, "INTEGER")
    assert [None if text is None else json.loads(text) for text in texts] == [value for _, value in SQLITE]


def test_a_number_is_spelled_the_same_in_every_batch(tmp_path: Path) -> None:
    world = SQLiteWorld(tmp_path)
    world.execute("CREATE TABLE t (alone, mixed)")
    world.execute("INSERT INTO t VALUES (1.0, 1.0), (0.1, 0.1), (1e20, 1e20), (1.0, 'x')")
    source = world.open()
    with source.read(model(table="t"), ["alone", "mixed"]) as reader:
        table = reader.read_all()
    source.close()
    assert table["alone"].to_pylist()[:3] == table["mixed"].to_pylist()[:3]


def test_declared_types_of_sqlite_arrive_as_the_values_own_words(tmp_path: Path) -> None:
    world = SQLiteWorld(tmp_path)
    world.execute("CREATE TABLE t (n, b, j)")
    world.execute(
        "INSERT INTO t VALUES ('42', x'00ff', '{\"a\":1}'), (7, 'text', NULL), ('nonsense', NULL, 'x')"
    )
    wanted = Model(
        key="m",
        name="m",
        connection="c",
        table="t",
        types={"n": Kind.INTEGER, "b": Kind.BINARY, "j": Kind.JSON},
    )
    source = world.open()
    assert [column.kind for column in source.columns(wanted)] == [Kind.INTEGER, Kind.BINARY, Kind.JSON]
    with source.read(wanted, ["n", "b", "j"]) as reader:
        assert reader.read_all().to_pydict() == {
            "n": ["42", "7", "nonsense"],
            "b": [b"\x00\xff", b"text", None],
            "j": ['{"a":1}', None, "x"],
        }
    source.close()


def test_text_that_is_not_utf8_in_sqlite_is_a_clear_error(tmp_path: Path) -> None:
    world = SQLiteWorld(tmp_path)
    world.execute("CREATE TABLE t (v)")
    world.execute("INSERT INTO t VALUES (CAST(x'ff' AS TEXT))")
    source = world.open()
    with pytest.raises(SourceError, match="not UTF-8"), source.read(model(table="t"), ["v"]) as reader:
        reader.read_all()
    source.close()


def test_text_of_a_typed_source_can_be_declared_and_other_types_cannot(tmp_path: Path) -> None:
    world = DuckDBWorld(tmp_path)
    world.execute("""CREATE TABLE t AS SELECT '{"a":1}' AS j, 1 AS n""")
    source = world.open()
    declared = Model(key="m", name="m", connection="c", table="t", types={"j": Kind.JSON})
    assert source.columns(declared)[0].kind is Kind.JSON
    with pytest.raises(SourceError, match="'n' is INTEGER"):
        source.columns(Model(key="m", name="m", connection="c", table="t", types={"n": Kind.TEXT}))
    source.close()
