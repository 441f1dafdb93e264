"""What every source promises, proved on every source. A new engine adds a world and inherits these tests."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from headcount.engines import Source
from headcount.errors import SourceError
from headcount.model import Kind, Model
from tests.engines.worlds import PASSWORD, FilesWorld, World

PEOPLE = (("id", "name"), ("integer", "text"))
ROWS = [(1, "Ada"), (2, None), (3, 'O\'Brien "Bob" \\ é😀\nline')]


def rows_of(source: Source, model: Model, *names: str) -> list[tuple[Any, ...]]:
    """All rows, each value in the words it has as text: sources differ in what they know about types."""
    kinds = {column.name: column.kind for column in source.columns(model)}
    wanted = list(names or kinds)
    with source.read(model, wanted) as reader:
        table = reader.read_all()
    table.validate(full=True)
    assert table.column_names == wanted
    columns = [[plain(value, kinds[name]) for value in table[name].to_pylist()] for name in wanted]
    return list(zip(*columns, strict=True))


def plain(value: Any, kind: Kind) -> Any:
    value = json.loads(value) if kind is Kind.VARIANT and value is not None else value
    return value if value is None or isinstance(value, str) else str(value)


def as_text(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(None if value is None else str(value) for value in row) for row in rows]


def test_values_arrive_as_they_are_and_null_as_null(world: World) -> None:
    model = world.put("people", *PEOPLE, ROWS)
    with_source = world.open()
    assert rows_of(with_source, model) == as_text(ROWS)
    with_source.close()


def test_columns_come_in_the_order_of_the_model(world: World) -> None:
    model = world.put("people", ("zebra", "Alpha", "mid"), ("text", "integer", "text"), [("z", 1, "m")])
    source = world.open()
    assert [column.name for column in source.columns(model)] == ["zebra", "Alpha", "mid"]
    source.close()


def test_only_the_named_columns_are_read_in_the_order_named(world: World) -> None:
    model = world.put("people", ("a", "b", "c"), ("text", "text", "text"), [("1", "2", "3")])
    source = world.open()
    assert rows_of(source, model, "c", "a") == [("3", "1")]
    source.close()


def test_64_bit_integers_are_exact(world: World) -> None:
    rows = [(2**63 - 1, "most"), (-(2**63), "least"), (2**53 + 1, "no double")]
    model = world.put("people", *PEOPLE, rows)
    source = world.open()
    assert rows_of(source, model) == as_text(rows)
    source.close()


def test_the_empty_string_is_not_null(world: World) -> None:
    model = world.put("people", *PEOPLE, [(1, ""), (2, None), (3, " ")])
    source = world.open()
    assert [row[1] for row in rows_of(source, model)] == ["", None, " "]
    source.close()


def test_odd_column_names_are_names_like_any_other(world: World) -> None:
    names = ("a b", 'quo"te', "ünï", "sel'ect", "select", "back`tick", "semi;colon", "{brace}")
    model = world.put("people", names, ["text"] * len(names), [names])
    source = world.open()
    assert [column.name for column in source.columns(model)] == list(names)
    assert rows_of(source, model) == [names]
    source.close()


def test_odd_table_names_are_names_like_any_other(world: World) -> None:
    model = world.put("we ird.tab'le; DROP", *PEOPLE, ROWS[:1])
    source = world.open()
    assert rows_of(source, model) == as_text(ROWS[:1])
    assert (model.table or model.path) in [relation.name for relation in source.relations()]
    source.close()


def test_an_empty_table_has_columns_and_no_rows(world: World) -> None:
    if isinstance(world, FilesWorld) and world.ending == "json":
        return  # an empty JSON file has no columns to speak of
    model = world.put("people", *PEOPLE, [])
    source = world.open()
    assert rows_of(source, model) == []
    assert len(source.columns(model)) == 2
    source.close()


def test_tables_and_files_are_listed_by_name(world: World) -> None:
    for name in ("zoo", "ant"):
        world.put(name, *PEOPLE, ROWS)
    source = world.open()
    found = [
        relation.name.removesuffix(f".{getattr(world, 'ending', '')}") for relation in source.relations()
    ]
    assert [name for name in found if name in ("zoo", "ant")] == ["ant", "zoo"]
    assert found == sorted(found)
    source.close()


def test_check_says_what_answered(world: World) -> None:
    world.put("people", *PEOPLE, ROWS)
    source = world.open()
    assert source.check().endswith(".")
    source.close()


# Queries.


def test_a_query_is_a_model(world: World) -> None:
    world.put("people", *PEOPLE, ROWS)
    source = world.open()
    model = world.query("people", "SELECT id, 'x' AS letter FROM {t} WHERE id < 3 ORDER BY id; -- done")
    assert sorted(rows_of(source, model)) == [("1", "x"), ("2", "x")]
    source.close()


def test_with_and_union_are_fine(world: World) -> None:
    world.put("people", *PEOPLE, ROWS)
    source = world.open()
    model = world.query(
        "people", "WITH p AS (SELECT id FROM {t}) SELECT id FROM p UNION ALL SELECT id FROM p"
    )
    assert len(rows_of(source, model)) == 6
    source.close()


def test_a_view_is_a_model(world: World) -> None:
    if isinstance(world, FilesWorld):
        return  # files have no views
    world.put("people", *PEOPLE, ROWS)
    world.execute("CREATE VIEW seen AS SELECT id FROM people")  # type: ignore[attr-defined]
    source = world.open()
    model = Model(key="m", name="m", connection="c", table="seen")
    assert rows_of(source, model) == [("1",), ("2",), ("3",)]
    assert ("seen", "view") in [(relation.name, relation.kind) for relation in source.relations()]
    source.close()


def test_two_columns_of_one_name_are_refused_by_name(world: World) -> None:
    world.put("people", *PEOPLE, ROWS)
    source = world.open()
    model = world.query("people", "SELECT a.id, b.id FROM {t} AS a, {t} AS b")
    with pytest.raises(SourceError, match=r"'id'.*AS"):
        source.columns(model)
    source.close()


# What a model's SQL may not do.


def test_only_one_select_gets_through(world: World) -> None:
    world.put("people", *PEOPLE, ROWS)
    source = world.open()
    shared = (
        "",
        " ; ",
        "DROP TABLE people",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE people",
        "SELECT 1) q; DROP TABLE people; SELECT * FROM (SELECT 1",
        "SELECT 1) AS q UNION SELECT * FROM (SELECT 2",
        "UPDATE people SET id = 1",
        "WITH d AS (DELETE FROM people RETURNING *) SELECT * FROM d",
        "SELECT * INTO other FROM people",
        "SELECT * FROM people FOR UPDATE",
        "EXPLAIN SELECT 1",
        "SELECT 'never ends",
    )
    for sql in (*shared, *world.writes):
        with pytest.raises(SourceError):
            rows_of(source, world.query("people", sql))
    assert len(rows_of(source, world.query("people", "SELECT * FROM {t}"))) == 3
    source.close()


def test_a_models_sql_reads_no_file_of_the_machine(world: World) -> None:
    world.put("people", *PEOPLE, ROWS)
    attempts = {
        "duckdb": [
            "SELECT * FROM read_text('/etc/passwd')",
            "SELECT * FROM '/etc/passwd'",
            "SELECT * FROM read_csv('/etc/passwd')",
            "SELECT * FROM glob('/etc/*')",
            "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
        ],
        "sqlite": [
            "SELECT readfile('/etc/passwd')",
            "SELECT load_extension('x')",
            "SELECT * FROM pragma_database_list",
        ],
        "postgres": [
            "SELECT pg_read_file('/etc/passwd')",
            "SELECT pg_catalog.\"pg_read_file\" ('/etc/passwd')",
            "SELECT lo_import('/etc/passwd')",
        ],
        "mysql": ["SELECT * FROM mysql.user", "SELECT LOAD_FILE('/etc/passwd') AS f"],
    }
    source = world.open()
    for sql in attempts[world.dialect]:
        with pytest.raises(SourceError):
            rows_of(source, world.query("people", sql))
    source.close()


# Errors.


def test_a_missing_column_is_named_and_the_others_listed(world: World) -> None:
    model = world.put("people", *PEOPLE, ROWS)
    source = world.open()
    with pytest.raises(SourceError, match=r"'nope'.*id, name"), source.read(model, ["id", "nope"]):
        pass
    source.close()


def test_a_missing_table_or_file_is_named_with_a_hint(world: World) -> None:
    world.put("people", *PEOPLE, ROWS)
    source = world.open()
    where = {"path": "nope.csv"} if isinstance(world, FilesWorld) else {"table": "nope"}
    with pytest.raises(SourceError, match="nope") as caught:
        source.columns(Model(key="m", name="m", connection="c", **where))
    assert caught.value.hint
    source.close()


def test_a_source_that_failed_once_still_answers(world: World) -> None:
    model = world.put("people", *PEOPLE, ROWS)
    source = world.open()
    with pytest.raises(SourceError):
        source.columns(world.query("people", "SELECT nope FROM {t}"))
    assert len(rows_of(source, model)) == 3
    source.close()


def test_a_failure_in_the_middle_is_a_source_error_without_the_value(world: World) -> None:
    if world.dialect in ("mysql", "sqlite"):
        return  # these turn text that is no number into 0
    world.put("people", ("v",), ("text",), [(str(i),) for i in range(30_000)] + [("secret-value",)])
    source = world.open()
    model = world.query("people", "SELECT CAST(v AS INTEGER) AS v FROM {t}")
    with pytest.raises(SourceError) as caught, source.read(model, ["v"]) as reader:
        for _ in reader:
            pass
    assert "secret-value" not in str(caught.value)
    source.close()


# Streaming.


def test_batches_are_small_and_arrow_types_are_plain(world: World) -> None:
    import pyarrow as pa

    model = world.put("people", *PEOPLE, [(i, f"n{i}") for i in range(25_000)])
    source = world.open()
    with source.read(model, ["id", "name"]) as reader:
        sizes = [batch.num_rows for batch in reader]
        assert reader.schema.field("name").type == pa.string()
        assert all(field.metadata is None for field in reader.schema)
    assert max(sizes) <= 20_480
    assert sum(sizes) == 25_000
    source.close()


def test_a_read_may_be_dropped_half_way_and_the_source_used_again(world: World) -> None:
    model = world.put("people", *PEOPLE, [(i, f"n{i}") for i in range(30_000)])
    source = world.open()
    with source.read(model, ["id"]) as reader:
        reader.read_next_batch()
    with source.read(model, ["id"]):
        pass  # not even begun
    assert len(rows_of(source, model)) == 30_000
    source.close()
    source.close()


def test_a_read_may_be_cut_short(world: World) -> None:
    model = world.put("people", *PEOPLE, [(i, f"n{i}") for i in range(1_000)])
    source = world.open()
    for asked in (model, world.query("people", "SELECT id FROM {t} -- all of them")):
        with source.read(asked, ["id"], 7) as reader:
            assert reader.read_all().num_rows == 7
    source.close()


def test_what_takes_too_long_is_stopped_from_another_thread(world: World) -> None:
    world.put("people", *PEOPLE, ROWS)
    endless = {
        "duckdb": "SELECT count(*) AS n FROM range(10000000000) a, range(100000) b WHERE a.range % 7 = b.range % 5",
        "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) AS n FROM c",
        "postgres": "SELECT count(*) AS n FROM generate_series(1, 100000000000)",
        "mysql": "SELECT BENCHMARK(100000000000, SHA2('x', 512)) AS n",
    }
    source = world.open()
    clock = threading.Timer(0.5, source.stop)
    clock.start()
    began = time.monotonic()
    with pytest.raises(SourceError, match="stopped"):
        rows_of(source, world.query("people", endless[world.dialect]))
    assert time.monotonic() - began < 10
    clock.join()
    with pytest.raises(SourceError, match="stopped"):
        source.columns(world.query("people", "SELECT * FROM {t}"))
    source.stop()
    source.close()
    source.stop()


def test_a_batch_reader_can_be_handed_to_duckdb(world: World) -> None:
    import duckdb

    model = world.put("people", *PEOPLE, ROWS)
    source = world.open()
    with source.read(model, ["id"]) as reader, duckdb.connect() as connection:
        assert connection.from_arrow(reader).aggregate("count(*)").fetchall() == [(3,)]
    source.close()


def test_no_message_holds_the_password(world: World) -> None:
    if world.dialect not in ("postgres", "mysql"):
        return  # no password
    settings = world.settings()  # type: ignore[attr-defined]
    from headcount.engines import open_source

    kind = "postgresql" if world.dialect == "postgres" else "mysql"
    for change in ({"user": "someone-else"}, {"host": "127.0.0.1", "port": 1}, {"database": "nope"}):
        with pytest.raises(SourceError) as caught:
            open_source(kind, {**settings, **change}).check()
        assert PASSWORD not in str(caught.value)
        assert caught.value.hint
