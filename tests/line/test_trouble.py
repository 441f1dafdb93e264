"""Full disks, broken files, broken rows: a clear error, nothing lost, and no row value in it."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from headcount.errors import HeadcountError, SourceError, StateBusy, StateError, WorkbenchError
from headcount.model import Column, Kind, Mapping, Template
from headcount.state import StateFile, nothing
from headcount.workbench import Workbench
from tests.line.harness import World, column, counts, people

TYPES = {"id": "INTEGER", "plan": "VARCHAR"}
SYNC = people(column("plan"))


def test_a_state_that_lies_below_a_file_cannot_be_written(world: World) -> None:
    world.table(TYPES, (1, "a"))
    (world.folder / "file").touch()
    world.state = StateFile(world.folder / "file" / "state.duckdb")
    with pytest.raises(StateError, match="is not a folder"):
        world.run(SYNC)


def test_a_run_folder_or_scratch_that_cannot_be_made_is_a_state_error(world: World) -> None:
    world.table(TYPES, (1, "a"))
    (world.folder / "run1").touch()
    with pytest.raises(StateError, match="is not a folder"):
        world.run(SYNC)
    (world.folder / "file").touch()
    with pytest.raises(StateError, match=r"is not a folder|cannot write"):
        world.run(SYNC, scratch=world.folder / "file" / "scratch")
    assert world.sent() == []


def test_a_state_that_is_no_database_is_a_state_error_and_not_called_busy(world: World) -> None:
    world.table(TYPES, (1, "a"))
    world.state.path.write_text("a block of text, locked")
    with pytest.raises(StateError) as caught:
        world.run(SYNC)
    assert not isinstance(caught.value, StateBusy)
    assert world.sent() == []


def test_a_state_that_somebody_else_has_open_is_busy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headcount.state.PATIENCE", 0.2)
    world.table(TYPES, (1, "a"))
    world.run(SYNC)
    with (
        Workbench(world.folder / "other") as bench,
        world.state.writing(bench, nothing),
        pytest.raises(StateBusy),
    ):
        world.plan(SYNC)
    script = (
        f"import duckdb, time; held = duckdb.connect({str(world.state.path)!r}); "
        "print('open', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            with pytest.raises(StateBusy):
                world.plan(SYNC)
        finally:
            other.kill()
    counts(world.run(SYNC), read=1, unchanged=1)


def test_two_plans_at_once_do_not_disturb_each_other(world: World) -> None:
    world.table(TYPES, (1, "a"))
    world.run(SYNC)
    with Workbench(world.folder / "other") as bench, world.state.reading(bench):
        assert world.plan(SYNC).planned.unchanged == 1


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.line.harness import World, column, people
from headcount.errors import StateError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
world = World({url!r}, Path({folder!r}))
world.number = 1
world.read = 30_000
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    world.run(people(column("plan")))
except StateError as error:
    print("told:", error)
"""


@pytest.mark.parametrize("limit", [4_096, 200_000, 1_500_000])
def test_a_full_disk_is_a_clear_error_and_nothing_is_lost(world: World, limit: int) -> None:
    world.sql("CREATE TABLE rows AS SELECT i AS id, 'a' AS plan FROM range(30000) t(i)")
    world.run(SYNC)
    before = world.acknowledged()
    world.sql("UPDATE rows SET plan = md5(id::VARCHAR) || md5((id * 7)::VARCHAR)")
    root = str(Path(__file__).parents[2])
    script = FULL_DISK.format(root=root, url=world.url, folder=str(world.folder), limit=limit)
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert told.stdout.startswith("told: Headcount"), told.stderr[-2000:]
    assert world.acknowledged() == before
    world.number = 10
    counts(world.run(SYNC), read=30_000, change=30_000, accepted=30_000)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


class Rows:
    """A source of given batches."""

    def __init__(self, batches: Any, kinds: dict[str, Kind], types: dict[str, Any]) -> None:
        self.batches = batches
        self.kinds = kinds
        self.schema = pa.schema(list(types.items()))

    def columns(self, model: Any) -> tuple[Column, ...]:
        return tuple(Column(name=name, kind=kind) for name, kind in self.kinds.items())

    @contextmanager
    def read(self, model: Any, columns: Any) -> Iterator[pa.RecordBatchReader]:
        yield pa.RecordBatchReader.from_batches(self.schema, self.batches())

    def close(self) -> None:
        pass


KINDS = {"id": Kind.INTEGER, "plan": Kind.VARIANT}
ARROW = {"id": pa.int64(), "plan": pa.string()}
SECRET = "5ecret-value"


def batch(*rows: tuple[int, str]) -> pa.RecordBatch:
    ids, plans = zip(*rows, strict=True)
    return pa.record_batch([pa.array(ids, pa.int64()), pa.array(plans, pa.string())], names=["id", "plan"])


def test_half_a_character_makes_one_row_invalid_and_no_more(world: World) -> None:
    rows = Rows(lambda: iter([batch((1, f'"{SECRET}\\ud83d"'), (2, '"b"'))]), KINDS, ARROW)
    counts(world.run(SYNC, open_source=lambda: rows), read=2, add=1, invalid=1, accepted=1)


def test_what_else_is_asked_of_a_source_is_asked_of_the_one_that_was_opened_for_its_rows(
    world: World,
) -> None:
    """It is watched by whoever opens it, and stopped with it."""
    rows = Rows(lambda: iter([batch((1, '"a"'))]), KINDS, ARROW)
    asked: list[Any] = []
    world.plan(SYNC, open_source=lambda: rows, before_reading=asked.append)
    assert asked == [rows]


@pytest.mark.parametrize("error", [SourceError("the server went away"), ValueError(SECRET), KeyError(SECRET)])
def test_an_interrupted_read_is_thrown_away_whole(world: World, error: Exception) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield batch((1, '"a"'))
        raise error

    with pytest.raises(SourceError) as caught:
        world.run(SYNC, open_source=lambda: Rows(broken, KINDS, ARROW))
    assert SECRET not in str(caught.value)
    assert (caught.value is error) == isinstance(error, SourceError)
    assert world.sent() == []
    assert not (world.folder / "run1" / "plan.json").exists()


def test_every_error_of_the_engine_is_one_of_ours(world: World) -> None:
    with Workbench(world.folder / "scratch") as bench:
        for sql in ("SELEC", "SELECT 'x'::INTEGER", "FROM nowhere", "SELECT error('secret')"):
            with pytest.raises(WorkbenchError) as caught:
                bench.run(sql)
            assert "secret" not in str(caught.value)
            with pytest.raises(HeadcountError):
                list(bench.stream(sql, 10))
        with pytest.raises(StateError):
            bench.run("FROM read_parquet('/nowhere/at/all.parquet')")


def test_a_template_that_fails_for_a_row_makes_that_row_invalid(world: World) -> None:
    world.table({"id": "INTEGER", "n": "INTEGER"}, (1, 0), (2, 5))
    sync = people(Mapping(to="share", source=Template("{{ 10 | divided_by: n }}")))
    counts(world.run(sync), read=2, add=1, accepted=1, invalid=1)


def test_rows_are_read_in_batches_and_never_held_all_at_once(world: World) -> None:
    alive = most = 0

    class Counted:
        def __init__(self, start: int) -> None:
            self.start = start

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal alive, most
        for start in range(0, 400_000, 10_000):
            before = pa.total_allocated_bytes()
            made = batch(*((start + i, f'"{"x" * 100}"') for i in range(10_000)))
            alive += 1
            most = max(most, before)
            yield made

    result = world.plan(SYNC, open_source=lambda: Rows(batches, KINDS, ARROW))
    assert result.planned.read == 400_000
    assert alive == 40
    assert most < 20_000_000  # some batches of 1.2 MB wait; all of them are 48 MB


def test_a_write_ahead_log_left_by_a_killed_fold_is_read(world: World) -> None:
    world.table(TYPES, (1, "a"))
    world.run(SYNC)
    script = (
        f"import duckdb, os; d = duckdb.connect(); d.execute(\"ATTACH '{world.state.path}' AS s\"); "
        'd.execute("UPDATE s.acknowledged SET in_doubt = true"); os._exit(9)'
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    counts(world.run(SYNC), read=1, change=1, accepted=1)
    with duckdb.connect(str(world.state.path), read_only=True) as database:
        assert database.execute("SELECT in_doubt FROM acknowledged").fetchall() == [(False,)]
