"""Runs that are queued here and executed by a worker in a process of its own."""

from __future__ import annotations

import stat
import time

import pytest

from headcount.control.models import Run
from headcount.control.setup import close
from headcount.errors import ConfigurationError
from headcount.service.queue import queue_retry, queue_run, queue_test
from headcount.service.watching import progress_of
from tests.worker.floor import Floor


def test_a_queued_run_is_executed_by_a_worker(floor: Floor) -> None:
    run = queue_run("people")
    assert progress_of(run).phase == "queued"
    floor.ready_worker()
    done = floor.ended(run)
    assert (done.status, done.accepted, done.rows) == ("completed", 250, 250)
    assert len(floor.desk.workspace.people()) == 250


def test_several_syncs_run_at_the_same_time_and_each_only_once(floor: Floor) -> None:
    floor.desk.workspace.slow(4)
    runs = [queue_run("people"), queue_run("events")]
    floor.ready_worker()
    for run in runs:
        floor.reached(run, "sending")
    assert [progress_of(run).status for run in runs] == ["working", "working"]
    floor.desk.workspace.heal()
    assert [floor.ended(run).status for run in runs] == ["completed", "completed"]
    assert floor.desk.workspace.events()["total"] == 100


def test_a_second_run_by_hand_waits_and_one_by_a_clock_is_skipped(floor: Floor) -> None:
    first, second = queue_run("people"), queue_run("people")
    third = queue_run("people", trigger="schedule")
    assert progress_of(third).status == "skipped"
    assert "Another run of this sync is queued" in Run.objects.get(pk=third).error
    floor.ready_worker()
    assert [floor.ended(run).accepted for run in (first, second)] == [250, 0]
    starts = [Run.objects.get(pk=run) for run in (first, second)]
    assert starts[0].finished_at and starts[1].started_at
    assert starts[0].finished_at <= starts[1].started_at


def test_what_a_run_refuses_the_queue_refuses_too(floor: Floor) -> None:
    with pytest.raises(ConfigurationError, match="no full run"):
        queue_run("events", full=True)
    with pytest.raises(ConfigurationError, match="There is no sync nobody"):
        queue_run("nobody")
    with pytest.raises(ConfigurationError, match="is held"):
        queue_retry("people", ["7"])
    assert not Run.objects.exists()


def test_one_row_is_tested_and_held_rows_are_retried_by_the_worker(floor: Floor) -> None:
    floor.ready_worker()
    test = floor.ended(queue_test("people", "7"))
    assert (test.status, test.accepted) == ("completed", 1)
    assert list(floor.desk.workspace.people()) == ["7"]
    again = floor.ended(queue_retry("people"))
    assert (again.status, again.accepted) == ("completed", 249)


def test_the_queue_costs_a_run_less_than_half_a_second(floor: Floor) -> None:
    floor.ready_worker()
    floor.ended(queue_run("people"))
    costs = []
    for _ in range(5):
        queued = time.time()
        run = queue_run("people")
        floor.ended(run)
        started = Run.objects.get(pk=run).started_at
        assert started
        costs.append(started.timestamp() - queued)
    print(f"\noverhead of the queue: {', '.join(f'{cost:.2f}' for cost in costs)} s")
    assert sorted(costs)[len(costs) // 2] <= 0.5


def test_the_queues_file_is_nobody_elses_and_losing_it_loses_no_run(floor: Floor, store: str) -> None:
    worker = floor.ready_worker()
    floor.ended(queue_run("people"))
    assert floor.end(worker) == 0
    waiting = queue_run("events")
    jobs = floor.desk.home / "jobs.sqlite3"
    assert jobs.exists() == (store == "sqlite")
    if jobs.exists():
        assert stat.S_IMODE(jobs.stat().st_mode) == 0o600
        for path in floor.desk.home.glob("jobs.sqlite3*"):
            path.unlink()
    floor.ready_worker()
    assert floor.ended(waiting).status == "completed"
    close()
