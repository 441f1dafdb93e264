"""What failed runs sent, and commands that were killed, is not forgotten."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from headcount import batching, state
from headcount.control.models import Run
from headcount.errors import ConfigurationError
from headcount.model import RunStatus
from headcount.service.forgetting import forget
from headcount.service.queue import TRIES, due_runs, queue_run
from headcount.service.running import execute_run
from headcount.service.watching import progress_of
from headcount.worker import worker as working
from tests.journeys.desk import Desk, sums, wait_for
from tests.worker.floor import Floor
from tests.worker.test_crash import receipts


def _small_batches(desk: Desk) -> None:
    """Everybody is there, and requests of ten by one sender follow."""
    desk.target["budget"] = {"max_items": 10, "senders": 1}
    desk.people_sync["guards"] = {"max_changed": 1.0}
    desk.apply()
    desk.run()
    desk.sql("UPDATE users SET plan = 'pro' WHERE id <= 100")


def _goes_back(desk: Desk, run: int) -> None:
    """The source is as it was before the failed run, and so is the workspace after the next one."""
    failed = Run.objects.get(pk=run)
    assert (failed.status, failed.folded) == ("failed", False)
    assert receipts(run) >= 3
    with pytest.raises(ConfigurationError, match="not accounted for"):
        forget("1", sync="people")
    desk.sql("UPDATE users SET plan = 'free'")
    report = desk.run()
    assert sums(report)[1] >= 10 * receipts(run)
    assert {person["plan"] for person in desk.workspace.people().values()} == {'"free"'}
    failed.refresh_from_db()
    assert (failed.status, failed.folded) == ("failed", True)
    assert failed.counts["accepted"] >= 10 * receipts(run)
    assert sums(desk.run())[:3] == (0, 0, 0)


def test_what_a_run_sent_whose_workers_died_too_often_is_remembered(floor: Floor) -> None:
    desk = floor.desk
    _small_batches(desk)
    desk.workspace.slow(0.5)
    worker = floor.ready_worker()
    run = queue_run("people")
    wait_for(lambda: receipts(run) >= 3, seconds=60)
    floor.kill(worker)
    desk.workspace.heal()
    wait_for(lambda: desk.workspace.in_flight() == 0, seconds=30)  # what was on its way has arrived
    Run.objects.filter(pk=run).update(deaths=TRIES)
    wait_for(lambda: bool(due_runs()) or progress_of(run).status == "failed", seconds=60)
    assert "given up" in Run.objects.get(pk=run).error
    _goes_back(desk, run)


def test_what_a_run_sent_that_a_bug_ended_is_remembered(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = floor.desk
    _small_batches(desk)
    run = queue_run("people")
    real: Callable[..., Any] = batching._batch
    made = 0

    def broken(*words: Any) -> Any:
        nonlocal made
        made += 1
        if made > 4:
            wait_for(lambda: receipts(run) >= 3)
            raise MemoryError
        return real(*words)

    with monkeypatch.context() as patched:
        patched.setattr(batching, "_batch", broken)
        [due] = due_runs()
        assert working._executed(due.run, due.attempt, threading.Event()) == "broke"
    _goes_back(desk, run)


HOLDER = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@contextmanager
def held_elsewhere(path: Path) -> Iterator[None]:
    """Another process has the file open meanwhile."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdout.readline().strip() == b"held"
        yield
        other.communicate()


def test_a_run_of_the_queue_waits_while_the_state_it_would_settle_is_open_elsewhere(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("the state is no file there")
    desk = floor.desk
    desk.apply()
    desk.run()
    Run.objects.update(status="failed", folded=False)  # as if nobody had folded it
    monkeypatch.setattr(state, "PATIENCE", 0.0)
    run = queue_run("people")
    (path,) = desk.home.glob("state/*.duckdb")
    with held_elsewhere(path):
        assert execute_run(run).status is RunStatus.QUEUED
    assert execute_run(run).status is RunStatus.COMPLETED


def test_handing_a_run_back_is_no_death(floor: Floor) -> None:
    desk = floor.desk
    desk.apply()
    desk.workspace.slow(3.0)
    run = queue_run("people")
    for _ in range(2):
        worker = floor.ready_worker()
        wait_for(lambda: progress_of(run).status == "working", seconds=60)
        assert floor.end(worker) == 0
    assert Run.objects.get(pk=run).deaths == 0
    assert Run.objects.get(pk=run).attempt >= 3


def test_a_killed_command_keeps_no_later_run_from_its_sync(floor: Floor) -> None:
    desk = floor.desk
    desk.apply()
    desk.workspace.slow(5)
    command = floor.command("run", "people")
    wait_for(lambda: desk.workspace.in_flight() > 0, seconds=60)
    floor.kill(command)
    desk.workspace.heal()
    killed = Run.objects.get()
    assert (killed.status, killed.attempt) == ("working", 0)
    floor.ready_worker()
    began = time.monotonic()
    later = queue_run("people")
    assert floor.ended(later).status == "completed"
    assert time.monotonic() - began < 50
    assert floor.ended(killed.pk).status == "completed"
    assert len(desk.workspace.people()) == 250
