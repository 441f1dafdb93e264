"""A disk that is full is called so, wherever the engine meets it. It takes the right to mount a small one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from headcount.disk import is_full
from headcount.errors import StateError
from headcount.workbench import Workbench


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes."""
    disk = tmp_path / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


ROWS = "SELECT i, md5(i::VARCHAR) AS words FROM range({}) t(i)"


@pytest.mark.parametrize(
    "statements",
    [
        [f"CREATE TABLE plan.rows AS {ROWS.format(2_000_000)}"],
        ["CREATE TABLE plan.rows (i BIGINT, words VARCHAR)"]
        + [f"INSERT INTO plan.rows {ROWS.format(20_000)}"] * 60,
        [f"COPY ({ROWS.format(2_000_000)}) TO '{{}}/plan.parquet'"],
    ],
    ids=["one write", "a commit", "a copy"],
)
def test_a_full_disk_is_named_with_what_it_holds(small: Path, tmp_path: Path, statements: list[str]) -> None:
    with Workbench(tmp_path / "scratch", maps=False) as bench:
        bench.run(f"ATTACH '{small}/plan.duckdb' AS plan")
        with pytest.raises(StateError) as met:
            for statement in statements:
                bench.run(statement.format(small))
    assert met.value.message.startswith(f"The disk that holds {small}/plan")
    assert met.value.message.endswith(" is full.")
    assert met.value.hint == "Free some space, then run again."


def test_a_full_disk_is_named_also_where_little_is_written(small: Path) -> None:
    assert not is_full(small / "control.sqlite3")
    with pytest.raises(OSError, match="No space"):
        (small / "filler").write_bytes(b"x" * 9_000_000)
    assert is_full(small / "control.sqlite3")
    with pytest.raises(StateError, match="is full"), Workbench(small / "scratch", maps=False) as bench:
        bench.run(f"COPY (SELECT 1) TO '{small}/one.parquet'")
