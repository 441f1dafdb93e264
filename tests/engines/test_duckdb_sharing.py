"""One DuckDB file, opened by several threads of one program at a time."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from headcount.engines.duckdb import DuckDBSource
from headcount.errors import SourceError
from headcount.model import Model


@pytest.fixture(params=["shop.duckdb", "memory.duckdb", "two words.db"])
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    path = str(tmp_path / request.param)
    with duckdb.connect(path) as database:
        database.execute("CREATE TABLE t AS SELECT 1 AS id")
    return path


def _read(source: DuckDBSource) -> list[int]:
    with source.read(Model(key="t", name="t", connection="shop", table="t"), ["id"]) as rows:
        return [int(value.as_py()) for value in rows.read_all()["id"]]


def test_a_file_is_read_while_it_is_read_already(shop: str) -> None:
    first = DuckDBSource(shop)
    second = DuckDBSource(shop)
    assert _read(first) == [1]
    first.close()
    assert _read(second) == [1]
    second.close()


def test_a_query_may_name_the_database_as_it_is_named_when_it_is_opened_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "shop.duckdb")
    with duckdb.connect(path) as database:
        database.execute("CREATE TABLE t AS SELECT 1 AS id")
    source = DuckDBSource(path)
    query = Model(key="t", name="t", connection="shop", query="SELECT id FROM shop.main.t")
    with source.read(query, ["id"]) as rows:
        assert rows.read_all()["id"].to_pylist() == [1]
    source.close()


def test_nothing_is_written_to_a_file_that_is_attached(shop: str) -> None:
    source = DuckDBSource(shop)
    before = Path(shop).read_bytes()
    with pytest.raises(SourceError):
        source._session.rows("INSERT INTO t VALUES (2)")  # past the check for one SELECT
    source.close()
    assert Path(shop).read_bytes() == before
