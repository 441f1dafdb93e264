"""What is particular to files: formats, patterns, folders that end where they end, and broken files."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from headcount.engines import Source, open_source
from headcount.engines.strips import marks, same_files
from headcount.errors import ConfigurationError, SourceError
from headcount.model import Kind, Model
from tests.engines.worlds import model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    return made


@pytest.fixture
def source(folder: Path) -> Iterator[Source]:
    made = open_source("files", {"folders": [str(folder)]})
    yield made
    made.close()


def table(source: Source, wanted: Model) -> dict[str, list[Any]]:
    with source.read(wanted, [column.name for column in source.columns(wanted)]) as reader:
        found: dict[str, list[Any]] = reader.read_all().to_pydict()
    return found


def test_csv_is_text_an_empty_cell_is_null_and_empty_quotes_are_not(folder: Path, source: Source) -> None:
    (folder / "a.csv").write_text('id,name\n007,""\n1e3,\n,"x ""y"" z"\n')
    assert table(source, model(path="a.csv")) == {"id": ["007", "1e3", None], "name": ["", None, 'x "y" z']}


def test_csv_of_a_spreadsheet_has_a_mark_at_the_start_other_line_ends_and_semicolons(
    folder: Path, source: Source
) -> None:
    (folder / "a.csv").write_bytes('\ufeffid;full name\r\n1;"two\r\nlines"\r\n2;x\r\n'.encode())
    assert table(source, model(path="a.csv")) == {"id": ["1", "2"], "full name": ["two\r\nlines", "x"]}


def test_tsv_and_compressed_files_are_read(folder: Path, source: Source) -> None:
    (folder / "a.tsv").write_text("a\tb\n1,5\t2\n")
    with gzip.open(folder / "b.csv.gz", "wt") as file:
        file.write("a\n1\n")
    with gzip.open(folder / "c.ndjson.gz", "wt") as file:
        file.write('{"a":1}\n')
    assert table(source, model(path="a.tsv")) == {"a": ["1,5"], "b": ["2"]}
    assert table(source, model(path="b.csv.gz")) == {"a": ["1"]}
    assert table(source, model(path="c.ndjson.gz")) == {"a": ["1"]}


def test_many_files_are_one_model_and_columns_meet_by_name(folder: Path, source: Source) -> None:
    (folder / "2020-01.csv").write_text("a,b\n1,2\n")
    (folder / "2020-02.csv").write_text("b,a\n3,4\n")
    (folder / "2020-03.csv").write_text("a,c\n5,6\n")
    found = table(source, model(path="2020-*.csv"))
    assert found == {"a": ["1", "4", "5"], "b": ["2", "3", None], "c": [None, None, "6"]}


def test_declared_csv_types_are_reported_and_the_text_stays_as_it_is(folder: Path, source: Source) -> None:
    (folder / "a.csv").write_text("id,day\n1,2020-01-01\nx,nonsense\n")
    types = {"id": Kind.INTEGER, "day": Kind.DATE}
    wanted = Model(key="m", name="m", connection="c", path="a.csv", types=types)
    assert [column.kind for column in source.columns(wanted)] == [Kind.INTEGER, Kind.DATE]
    assert table(source, wanted) == {"id": ["1", "x"], "day": ["2020-01-01", "nonsense"]}


@pytest.mark.parametrize("name", ["a.json", "a.ndjson", "a.jsonl"])
def test_json_values_keep_their_own_types_and_exact_integers(folder: Path, source: Source, name: str) -> None:
    lines = [
        '{"a":12345678901234567890123,"b":"x"}',
        '{"a":"1","c":{"z":1,"a":[true]}}',
        '{"a":null,"b":"n\\u0000"}',
    ]
    (folder / name).write_text(f"[{','.join(lines)}]" if name == "a.json" else "\n".join(lines))
    assert table(source, model(path=name)) == {
        "a": ["12345678901234567890123", '"1"', None],
        "b": ['"x"', None, '"n\\u0000"'],
        "c": [None, '{"z":1,"a":[true]}', None],
    }


def test_a_key_that_comes_late_in_a_json_file_is_a_column(folder: Path, source: Source) -> None:
    (folder / "a.ndjson").write_text('{"a":1}\n' * 50_000 + '{"a":1,"late":2}\n')
    assert table(source, model(path="a.ndjson"))["late"][-1] == "2"


def test_declared_json_types_arrive_as_the_values_own_words(folder: Path, source: Source) -> None:
    (folder / "a.ndjson").write_text('{"n":"42","j":"x"}\n{"n":7,"j":{"a":1}}\n')
    types = {"n": Kind.INTEGER, "j": Kind.JSON}
    found = table(source, Model(key="m", name="m", connection="c", path="a.ndjson", types=types))
    assert found == {"n": ["42", "7"], "j": ['"x"', '{"a":1}']}


# Broken files.


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,secret\n2\n", "line 3: expected 2 cells and found 1"),
        (b"a,b\n1,2\n3,secret,5\n", "line 3: expected 2 cells and found 3"),
        (b"a,b\n1,2\nsecret,\xff\n", "line 3: not UTF-8"),
        (b"", "line 1"),
        (b"a,,c\n1,2,3\n", "column has no name"),
        (b"a,b,A\n1,2,3\n", "Two columns .* 'A'"),
    ],
)
def test_a_broken_csv_file_is_named_with_the_line_and_without_its_words(
    folder: Path, source: Source, content: bytes, said: str
) -> None:
    (folder / "a.csv").write_bytes(content)
    with pytest.raises(SourceError, match=said) as caught:
        table(source, model(path="a.csv"))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "line", "here", "before"),
    [
        (b"id,name\r\n1,a\r\n2,b\n", 3, "LF", "CR LF"),
        (b'id,name\n1,"a\r\nb"\n2,b\r\n', 4, "CR LF", "LF"),
        (b"id,name\n" + b"1,a\n" * 50_000 + b"2,b\r\n3,c\n", 50_002, "CR LF", "LF"),
    ],
)
def test_a_csv_file_whose_lines_end_in_several_ways_is_named_with_the_line_and_the_mend(
    folder: Path, source: Source, content: bytes, line: int, here: str, before: str
) -> None:
    (folder / "a.csv").write_bytes(content)
    with gzip.open(folder / "b.csv.gz", "wb") as file:
        file.write(content)
    for path in (folder / "a.csv", folder / "b.csv.gz"):
        with pytest.raises(SourceError) as caught:
            table(source, model(path=path.name))
        assert caught.value.message == (
            f"{path}, line {line} ends with {here}, and the lines before it with {before}."
        )
        assert "dos2unix" in caught.value.hint


@pytest.mark.parametrize(("name", "content"), [("a.json", "[1, 2]"), ("b.ndjson", '{"a":1}\n{"a":secret\n')])
def test_a_broken_json_file_is_an_error(folder: Path, source: Source, name: str, content: str) -> None:
    (folder / name).write_text(content)
    with pytest.raises(SourceError) as caught:
        table(source, model(path=name))
    assert "secret" not in str(caught.value)


def test_a_file_of_the_wrong_kind_is_an_error(folder: Path, source: Source) -> None:
    (folder / "a.parquet").write_text("no parquet")
    (folder / "a.csv").write_text("a\n1\n")
    (folder / "a.txt").write_text("a\n1\n")
    for path in ("a.parquet", "a.txt", "a.*"):
        with pytest.raises(SourceError):
            table(source, model(path=path))


# Where folders end.


def test_nothing_outside_the_folders_is_read(tmp_path: Path, folder: Path, source: Source) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    (folder / "inside.csv").write_text("a\n1\n")
    (folder / "link.csv").symlink_to(outside)
    (folder / "away").symlink_to(tmp_path)
    paths = [
        "../outside.csv",
        "link.csv",
        "away/outside.csv",
        str(outside),
        f"{folder}/../outside.csv",
        "~/x.csv",
    ]
    for path in paths:
        with pytest.raises(SourceError, match="folder"):
            table(source, model(path=path))
        with pytest.raises(SourceError):
            table(source, model(query=f"SELECT * FROM '{path}'"))
    assert [relation.name for relation in source.relations()] == ["inside.csv"]


def test_a_link_inside_the_folders_is_a_file_like_any_other(folder: Path, source: Source) -> None:
    (folder / "real.csv").write_text("a\n1\n")
    (folder / "link.csv").symlink_to(folder / "real.csv")
    assert table(source, model(path="link.csv")) == {"a": ["1"]}


def test_a_query_joins_files(folder: Path, source: Source) -> None:
    (folder / "a.csv").write_text("id,x\n1,2\n")
    (folder / "b.ndjson").write_text('{"id":1,"y":3}\n')
    sql = (
        f"SELECT a.x, b.y FROM read_csv('{folder}/a.csv') a JOIN read_json('{folder}/b.ndjson') b USING (id)"
    )
    assert table(source, model(query=sql)) == {"x": [2], "y": [3]}


def test_settings_that_cannot_be_used_say_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="needs 'folders'"):
        open_source("files", {})
    with pytest.raises(ConfigurationError, match="no field 'path'"):
        open_source("files", {"path": "x"})
    with pytest.raises(ConfigurationError, match="no source 'excel'"):
        open_source("excel", {})
    with pytest.raises(SourceError, match="no folder"):
        open_source("files", {"folders": [str(tmp_path / "nope")]})


@pytest.mark.parametrize(("name", "rows"), [("a.parquet", 60_000), ("a.csv", 60_000), ("a.json", 3_000)])
def test_files_of_three_hundred_columns_are_read(folder: Path, source: Source, name: str, rows: int) -> None:
    columns = ", ".join(f"range * {number} AS c{number}" for number in range(300))
    duckdb.sql(f"COPY (SELECT {columns} FROM range({rows})) TO '{folder / name}'")
    wanted = model(path=name)
    names = [column.name for column in source.columns(wanted)]
    with source.read(wanted, names) as reader:
        found = [(batch.num_rows, batch.num_columns) for batch in reader]
    assert sum(rows for rows, _ in found) == rows
    assert {columns for _, columns in found} == {300}


def test_a_row_group_may_be_larger_than_the_memory_for_a_read(folder: Path, source: Source) -> None:
    columns = ", ".join(f"hash(range + {number}) AS c{number}" for number in range(4))
    table_ = duckdb.sql(f"SELECT {columns} FROM range(3_000_000)").to_arrow_table()
    pq.write_table(table_, folder / "a.parquet", row_group_size=3_000_000)
    wanted = model(path="a.parquet")
    with source.read(wanted, ["c0", "c1", "c2", "c3"]) as reader:
        assert sum(batch.num_rows for batch in reader) == 3_000_000


def test_a_wide_file_with_large_pages_is_read_in_little_memory(folder: Path, source: Source) -> None:
    texts = [f"repeat('{i} ', 30) || range AS \"text, {i}\"" for i in range(200)]
    kinds = [
        "range * 0.5 AS half",
        "range % 2 = 0 AS even",
        "DATE '2020-01-01' AS day",
        "repeat('é', 3) AS \"a, b\"",
    ]
    made = f"SELECT {', '.join([*texts[:100], *kinds, *texts[100:]])} FROM range(20_000)"
    duckdb.sql(f"COPY ({made}) TO '{folder / 'wide.parquet'}'")
    wanted = model(path="wide.parquet")
    names = [column.name for column in source.columns(wanted)]
    chosen = names[:3] + names[5:]
    with duckdb.connect() as connection:
        expected = connection.sql(f"FROM ({made}) LIMIT 40").to_arrow_table().select(chosen).to_pylist()
    with source.read(wanted, chosen, 40) as reader:
        assert reader.read_all().to_pylist() == expected
    rows = 0
    with source.read(wanted, chosen) as reader:
        for batch in reader:
            first, last = batch.slice(0, 1).to_pylist()[0], batch.slice(batch.num_rows - 1).to_pylist()[0]
            assert (first["half"] * 2, first["text, 7"], first["text, 199"]) == (
                rows,
                f"{'7 ' * 30}{rows}",
                f"{'199 ' * 30}{rows}",
            )
            rows += batch.num_rows
            assert (last["half"] * 2, last["text, 150"]) == (rows - 1, f"{'150 ' * 30}{rows - 1}")
    assert rows == 20_000


def test_a_wide_file_that_is_replaced_while_it_is_read_is_not_mixed_with_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(b"one")
    before = marks([file])
    same_files([file], before)
    (tmp_path / "b.parquet").write_bytes(b"two")
    (tmp_path / "b.parquet").replace(file)
    with pytest.raises(SourceError, match="written while it was read"):
        same_files([file], before)


def test_a_file_in_the_place_of_a_folder_is_called_a_file(folder: Path) -> None:
    file = folder / "people.csv"
    file.write_text("id\n1\n")
    with pytest.raises(SourceError, match="is a file") as caught:
        open_source("files", {"folders": [str(file)]})
    assert str(folder) in caught.value.hint


def test_one_file_is_no_plural(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id\n1\n")
    source = open_source("files", {"folders": [str(tmp_path)]})
    assert source.check().startswith("1 CSV, Parquet or JSON file in ")
    source.close()
