"""What only SQLite sources do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from headcount.engines import open_source
from headcount.model import Model


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files cannot be listed here")
def test_a_large_sort_takes_disk_and_no_memory_and_nothing_beside_the_source(tmp_path: Path) -> None:
    path = tmp_path / "company.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
        database.executemany(
            "INSERT INTO t VALUES (?, ?)", ((i, f"{i * 7919 % 60_013}" * 20) for i in range(60_000))
        )
    database.close()
    source = open_source("sqlite", {"path": str(path)})
    model = Model(key="m", name="m", connection="c", query="SELECT id, name FROM t ORDER BY name")
    with source.read(model, ["id", "name"]) as reader:
        reader.read_next_batch()
        scratch = [file for file in _open_files() if file.name.startswith("etilqs_")]
        assert scratch
        assert path.parent not in [file.parent for file in scratch]
    source.close()
    assert list(tmp_path.iterdir()) == [path]


def _open_files() -> Iterator[Path]:
    for number in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that the list was read from
            yield number.readlink()
