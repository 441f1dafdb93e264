"""What each source value becomes, to the letter."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest

from headcount.destinations.customerio.objects import destination_object
from headcount.engines import open_source
from headcount.errors import ConfigurationError
from headcount.mapping import compile_sync
from headcount.model import Constant, Kind, Mapping, Model, NullRule, Template, ValueType
from headcount.prepare import prepare
from headcount.staging import staging
from headcount.workbench import Workbench
from tests.line.harness import World, column, people

T = ValueType


def staged(
    folder: Path, kind: str, settings: dict[str, Any], model: Model, *mappings: Mapping, **options: Any
) -> list[tuple[Any, ...]]:
    """Key, wire values and complaint per row, in the order of the keys."""
    source = open_source(kind, settings)
    sync = people(*mappings, model=model, **options)
    mapped = compile_sync(sync, source.columns(model), destination_object("person"))
    with Workbench(folder / "scratch") as bench, source.read(model, mapped.source_columns) as reader:
        how = staging(mapped, reader.schema, "source_rows")
        bench.connection.register("source_rows", prepare(reader, how.prepared))
        found = bench.run(f"SELECT * EXCLUDE warned FROM ({how.select}) ORDER BY key")
    source.close()
    return found


def wire(folder: Path, value: str, type_: ValueType = T.AUTO) -> str | None:
    """The wire value of one DuckDB expression; SQL NULL stays None, a refusal is its words."""
    path = folder / "source.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(f"CREATE OR REPLACE TABLE rows AS SELECT 1 AS id, {value} AS v")
    model = Model(key="m", name="m", connection="c", table="rows")
    ((_, found, invalid),) = staged(
        folder, "duckdb", {"path": str(path)}, model, column("v", type=type_, null=NullRule.SKIP)
    )
    return invalid.split("\x1f")[1] if invalid else found


HUGE = "99999999999999999999999999999999999999"
NUMBERS = [
    ("1::TINYINT", "1"),
    ("-7::BIGINT", "-7"),
    ("18446744073709551615::UBIGINT", "18446744073709551615"),
    (f"{HUGE}::HUGEINT", HUGE),
    ("-170141183460469231731687303715884105727::HUGEINT", "-170141183460469231731687303715884105727"),
    ("1.50::DECIMAL(10,2)", "1.5"),
    ("0.00::DECIMAL(10,2)", "0"),
    ("-0.10::DECIMAL(10,2)", "-0.1"),
    ("-0.10::DECIMAL(2,2)", "-0.1"),
    ("0::DECIMAL(2,2)", "0"),
    ("100::DECIMAL(10,2)", "100"),
    (f"{HUGE}::DECIMAL(38,0)", HUGE),
    (
        "'0.12345678901234567890123456789012345678'::DECIMAL(38,38)",
        "0.12345678901234567890123456789012345678",
    ),
    ("1.0::DOUBLE", "1"),
    ("0.1::DOUBLE", "0.1"),
    ("0.1::FLOAT", "0.1"),
    ("1e15::DOUBLE", "1000000000000000"),
    ("1e22::DOUBLE", "1" + "0" * 22),
    ("-1.5e-7::DOUBLE", "-0.00000015"),
    ("5e-324::DOUBLE", "0." + "0" * 323 + "5"),
    ("1.7976931348623157e308::DOUBLE", "17976931348623157" + "0" * 292),
    ("'-0.0'::DOUBLE", "0"),
    ("'nan'::DOUBLE", None),
    ("'inf'::DOUBLE", None),
    ("'-inf'::FLOAT", None),
    ("NULL::BIGINT", None),
]


@pytest.mark.parametrize(("value", "expected"), NUMBERS)
def test_a_number_has_one_text_as_number_and_as_text(
    tmp_path: Path, value: str, expected: str | None
) -> None:
    quoted = None if expected is None else f'"{expected}"'
    assert wire(tmp_path, value) == expected
    assert wire(tmp_path, value, T.NUMBER) == expected
    assert wire(tmp_path, value, T.JSON) == expected
    assert wire(tmp_path, value, T.TEXT) == quoted


OTHERS: list[tuple[str, ValueType, str | None]] = [
    ("true", T.AUTO, "true"),
    ("false", T.NUMBER, "0"),
    ("true", T.TEXT, '"true"'),
    ("NULL::BOOLEAN", T.AUTO, None),
    ("1", T.BOOLEAN, "true"),
    ("0.0::DOUBLE", T.BOOLEAN, "false"),
    ("2", T.BOOLEAN, "the value is not a boolean (true/false, yes/no, 1/0)"),
    ("DATE '1970-01-01'", T.AUTO, "0"),
    ("DATE '1969-12-31'", T.AUTO, "-86400"),
    ("DATE '0001-01-01'", T.AUTO, "-62135596800"),
    ("DATE '2024-02-29'", T.TEXT, '"2024-02-29"'),
    ("'infinity'::DATE", T.AUTO, None),
    ("TIMESTAMP '2024-01-02 03:04:05.999999'", T.AUTO, "1704164645"),
    ("TIMESTAMP '1969-12-31 23:59:59.5'", T.AUTO, "-1"),
    ("TIMESTAMP '2024-01-02 03:04:05.5'", T.TEXT, '"2024-01-02T03:04:05Z"'),
    ("TIMESTAMPTZ '2024-01-02 03:04:05+05:30'", T.AUTO, "1704144845"),
    ("TIMESTAMPTZ '2024-01-02 03:04:05+05:30'", T.TEXT, '"2024-01-01T21:34:05Z"'),
    ("TIME '03:04:05.5'", T.AUTO, '"03:04:05.5"'),
    ("1704164645", T.TIMESTAMP, "1704164645"),
    ("1704164645.9::DOUBLE", T.TIMESTAMP, "1704164645"),
    ("-1.5::DECIMAL(3,1)", T.TIMESTAMP, "-2"),
    ("1704164645000", T.TIMESTAMP, "the time is in milliseconds; unix seconds are needed"),
    ("'2024-01-02T03:04:05+02:00'", T.TIMESTAMP, "1704157445"),
    ("'2024-01-02'", T.TIMESTAMP, "1704153600"),
    ("' 1704164645 '", T.TIMESTAMP, "1704164645"),
    ("'tomorrow'", T.TIMESTAMP, "the value is not a date or time"),
    ("'infinity'", T.TIMESTAMP, "the value is not a date or time"),
    ("''", T.TIMESTAMP, None),
    ("' 1.50e1 '", T.NUMBER, "15"),
    ("'NaN'", T.NUMBER, None),
    ("'1,5'", T.NUMBER, "the value is not a number"),
    ("'Yes'", T.BOOLEAN, "true"),
    ("'off'", T.BOOLEAN, "false"),
    ("'maybe'", T.BOOLEAN, "the value is not a boolean (true/false, yes/no, 1/0)"),
    ('\'{"b":1.0,"a":[1e3,null]}\'', T.JSON, '{"a":[1000,null],"b":1}'),
    ("'{'", T.JSON, "the text is not valid JSON"),
    ("'\"\\ud83d\"'", T.JSON, "the text is not valid JSON"),
    ("'null'", T.JSON, None),
    ("UUID 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", T.AUTO, '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"'),
    ("'\\xDE\\xAD'::BLOB", T.BASE64, '"3q0="'),
    ("'ä'", T.BASE64, '"w6Q="'),
    ("'a' || chr(0)", T.AUTO, "the text contains a NUL byte"),
    ("{'b': 1.50::DECIMAL(4,2), 'a': [DATE '2024-01-02']}", T.AUTO, '{"a":["2024-01-02"],"b":1.5}'),
    ("MAP {'z': 1, 'y': 2}", T.AUTO, '{"y":2,"z":1}'),
    ("[1, NULL]", T.TEXT, '"[1,null]"'),
    ('\'{"a":"x\\u0000"}\'::JSON', T.AUTO, "the text contains a NUL byte"),
    ("'\"just text\"'::JSON", T.TEXT, '"just text"'),
    ("'null'::JSON", T.AUTO, None),
    ("'{\"n\":12345678901234567890123.4500}'::JSON", T.AUTO, '{"n":12345678901234567890123.45}'),
]


@pytest.mark.parametrize(("value", "type_", "expected"), OTHERS)
def test_a_value_becomes_what_its_type_says(
    tmp_path: Path, value: str, type_: ValueType, expected: str | None
) -> None:
    assert wire(tmp_path, value, type_) == expected


TEXTS = [
    "",
    " ",
    "plain",
    'say "no"',
    "it's",
    "\\",
    "\x01\x1f\x7f",
    "\n\t",
    "ä😀\u2028",
    "!nul",
    "null",
    "💥" * 200,
]


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_arrives_as_it_stands_in_the_source(world: World, text: str) -> None:
    world.table({"id": "INTEGER", "v": "VARCHAR"}, (1, text))
    world.run(people(column("v")))
    assert json.loads(world.wires()["1"]["v"]) == text


@pytest.mark.parametrize("type_", [t for t in ValueType if t is not T.BASE64])
def test_binary_columns_travel_as_base64_and_no_other_way(tmp_path: Path, type_: ValueType) -> None:
    with pytest.raises(ConfigurationError, match="binary"):
        wire(tmp_path, "'x'::BLOB", type_)


def test_a_type_that_no_value_could_have_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    for value, type_ in [("1", T.BASE64), ("true", T.TIMESTAMP), ("DATE '2024-01-01'", T.BOOLEAN)]:
        with pytest.raises(ConfigurationError):
            wire(tmp_path, value, type_)


CSV_KINDS = {
    "whole": Kind.INTEGER,
    "dec": Kind.DECIMAL,
    "real": Kind.FLOAT,
    "flag": Kind.BOOLEAN,
    "day": Kind.DATE,
    "at": Kind.TIMESTAMP,
}
SAME = {
    T.AUTO: ["10", "10.5", "10", "true", "1704153600", "1704164645"],
    T.TEXT: ['"10"', '"10.5"', '"10"', '"true"', '"2024-01-02"', '"2024-01-02T03:04:05Z"'],
    T.NUMBER: ["10", "10.5", "10", "1", "1704153600", "1704164645"],
    T.JSON: ["10", "10.5", "10", "true", '"2024-01-02"', '"2024-01-02T03:04:05Z"'],
}


@pytest.mark.parametrize("type_", SAME)
def test_the_same_values_from_different_engines_have_the_same_wire_values(
    tmp_path: Path, type_: ValueType
) -> None:
    (tmp_path / "t.csv").write_text(
        "id,whole,dec,real,flag,day,at\n1,010,10.50,1.0e1,yes,2024-01-02,2024-01-02 03:04:05.25\n"
    )
    with duckdb.connect(str(tmp_path / "t.duckdb")) as database:
        database.execute(
            "CREATE TABLE t AS SELECT 1 AS id, 10::INTEGER AS whole, 10.5::DECIMAL(38,9) AS dec, 10::DOUBLE AS real, "
            "true AS flag, DATE '2024-01-02' AS day, TIMESTAMP '2024-01-02 03:04:05.25' AS at"
        )
    with sqlite3.connect(tmp_path / "t.sqlite") as sqlite:
        sqlite.execute("CREATE TABLE t (id, whole, dec, real, flag, day, at)")
        sqlite.execute(
            "INSERT INTO t VALUES (1, 10, 10.5, 10.0, 'true', '2024-01-02', '2024-01-02 03:04:05.25')"
        )
    sqlite.close()
    mappings = [column(name, type=type_) for name in CSV_KINDS]
    named = {"key": "m", "name": "m", "connection": "c", "types": CSV_KINDS}
    sources = [
        ("files", {"folders": [str(tmp_path)]}, Model(**named, path="t.csv")),
        ("duckdb", {"path": str(tmp_path / "t.duckdb")}, Model(**named, table="t")),
        ("sqlite", {"path": str(tmp_path / "t.sqlite")}, Model(**named, table="t")),
    ]
    for kind, settings, model in sources:
        ((_, *values, invalid),) = staged(tmp_path, kind, settings, model, *mappings)
        assert (values, invalid) == (SAME[type_], None), kind


VARIANTS = [
    ("10", T.AUTO, "10"),
    ("10.0", T.AUTO, "10"),
    ("10.50", T.TEXT, '"10.5"'),
    ("1e300 * 1e10", T.AUTO, None),
    ("'10.50'", T.AUTO, '"10.50"'),
    ("'10.50'", T.NUMBER, "10.5"),
    ("'true'", T.BOOLEAN, "true"),
    ("1", T.BOOLEAN, "true"),
    ("x'dead'", T.AUTO, '"3q0="'),
    ("NULL", T.AUTO, None),
    ('\'{"b":1,"a":2}\'', T.JSON, '{"a":2,"b":1}'),
    ("'a' || char(0)", T.AUTO, None),
    ("1704164645", T.TIMESTAMP, "1704164645"),
]


@pytest.mark.parametrize(("value", "type_", "expected"), VARIANTS)
def test_in_sqlite_each_value_brings_its_own_type(
    tmp_path: Path, value: str, type_: ValueType, expected: str | None
) -> None:
    with sqlite3.connect(tmp_path / "t.sqlite") as sqlite:
        sqlite.execute(f"CREATE TABLE t AS SELECT 1 AS id, {value} AS v")
    sqlite.close()
    model = Model(key="m", name="m", connection="c", table="t")
    mapping = column("v", type=type_, null=NullRule.SKIP)
    ((key, found, invalid),) = staged(
        tmp_path, "sqlite", {"path": str(tmp_path / "t.sqlite")}, model, mapping
    )
    assert key == "1"
    if "char(0)" in value:
        assert invalid.endswith("NUL byte")
    else:
        assert (found, invalid) == (expected, None)


def test_json_files_are_written_canonically_and_sort_their_keys(tmp_path: Path) -> None:
    (tmp_path / "t.ndjson").write_text('{"id": 7, "v": {"b": 1.10, "a": 123456789012.5}}\n')
    model = Model(key="m", name="m", connection="c", path="t.ndjson")
    ((key, found, _),) = staged(tmp_path, "files", {"folders": [str(tmp_path)]}, model, column("v"))
    assert (key, found) == ("7", '{"a":123456789012.5,"b":1.1}')


CONSTANTS: list[tuple[Any, ValueType, str | None]] = [
    ("web", T.AUTO, '"web"'),
    ('it\'s "x"', T.AUTO, '"it\'s \\"x\\""'),
    (5, T.AUTO, "5"),
    (1.50, T.AUTO, "1.5"),
    (10**30, T.AUTO, "1" + "0" * 30),
    (True, T.AUTO, "true"),
    ({"b": [1, None], "a": "x"}, T.AUTO, '{"a":"x","b":[1,null]}'),
    ("42", T.NUMBER, "42"),
    (42, T.TEXT, '"42"'),
    ("yes", T.BOOLEAN, "true"),
    ("2024-01-02", T.TIMESTAMP, "1704153600"),
    (None, T.AUTO, None),
]


@pytest.mark.parametrize(("value", "type_", "expected"), CONSTANTS)
def test_constants_follow_their_type(
    tmp_path: Path, value: Any, type_: ValueType, expected: str | None
) -> None:
    (tmp_path / "t.csv").write_text("id\n1\n")
    model = Model(key="m", name="m", connection="c", path="t.csv")
    mapping = Mapping(to="v", source=Constant(value), type=type_, null=NullRule.SKIP)
    ((_, found, invalid),) = staged(tmp_path, "files", {"folders": [str(tmp_path)]}, model, mapping)
    assert (found, invalid) == (expected, None)


def test_a_constant_that_json_cannot_say_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id\n1\n")
    model = Model(key="m", name="m", connection="c", path="t.csv")
    with pytest.raises(ConfigurationError, match="constant"):
        mapping = Mapping(to="v", source=Constant(b"bytes"))
        staged(tmp_path, "files", {"folders": [str(tmp_path)]}, model, mapping)


TEMPLATES = [
    ("Hi {{ name }}!", T.AUTO, '"Hi Ada!"'),
    ("{{ record['odd name'] }}", T.AUTO, '"x"'),
    ("{{ n | times: 2 }}", T.NUMBER, "14"),
    ("{% if n > 5 %}yes{% endif %}", T.BOOLEAN, "true"),
    ("  {{ nothing }} ", T.AUTO, None),
    ("{{ n | divided_by: 0 }}", T.AUTO, "the template could not be rendered"),
    ("{{ name | sha256 }}", T.AUTO, '"'),
]


@pytest.mark.parametrize(("template", "type_", "expected"), TEMPLATES)
def test_templates_are_rendered_row_by_row(
    tmp_path: Path, template: str, type_: ValueType, expected: str | None
) -> None:
    with duckdb.connect(str(tmp_path / "t.duckdb")) as database:
        database.execute(
            "CREATE TABLE t AS SELECT 1 AS id, 'Ada' AS name, 7 AS n, 'x' AS \"odd name\", NULL::VARCHAR AS nothing"
        )
    model = Model(key="m", name="m", connection="c", table="t")
    mapping = Mapping(to="v", source=Template(template), type=type_, null=NullRule.SKIP)
    ((_, found, invalid),) = staged(tmp_path, "duckdb", {"path": str(tmp_path / "t.duckdb")}, model, mapping)
    said = invalid.split("\x1f")[1] if invalid else found
    assert said == expected or (expected == '"' and len(said) == 66)


def test_a_column_called_like_a_prepared_one_stays_itself(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "t.duckdb")) as database:
        database.execute(
            "CREATE TABLE t AS SELECT 1 AS id, 'mine' AS prepared000, '{}'::JSON AS \"select\", 'k' AS \"key\""
        )
    model = Model(key="m", name="m", connection="c", table="t")
    mappings = column("select"), column("prepared000"), column("key")
    ((_, *found, _),) = staged(tmp_path, "duckdb", {"path": str(tmp_path / "t.duckdb")}, model, *mappings)
    assert found == ["{}", '"mine"', '"k"']
