"""Runs that take longer than their sync allows, in the command and in workers."""

from __future__ import annotations

import time

import pytest

from headcount.control.models import Run
from headcount.sandbox.seed import PRODUCTION
from headcount.service.queue import pause_run, queue_run, resume_run
from headcount.service.running import cancel_run
from headcount.service.watching import progress_of
from tests.journeys.desk import Desk, sums, wait_for
from tests.worker.floor import Floor, seconds_since

SHORT = 0.02  # minutes
ENDLESS = (
    "SELECT id, plan, visits FROM users WHERE 0 < (WITH RECURSIVE number(n) AS "
    "(SELECT 1 UNION ALL SELECT n + 1 FROM number LIMIT 100000000000) SELECT count(*) FROM number)"
)


def allow(desk: Desk, minutes: float | None) -> None:
    desk.people_sync["timeout_minutes"] = minutes
    if minutes is None:
        del desk.people_sync["timeout_minutes"]
    desk.apply()


def crawl(desk: Desk) -> None:
    """25 requests, of which one is on its way at a time and takes a while."""
    desk.target["budget"] = {"requests_per_second": 500, "max_items": 10, "senders": 1}
    desk.apply()
    desk.workspace.slow(0.4)


def test_a_run_that_takes_too_long_fails_and_the_next_one_goes_on(desk: Desk) -> None:
    desk.apply()
    crawl(desk)
    allow(desk, SHORT)
    report = desk.run(code=3)
    assert report["status"] == "failed"
    sent, unsent = report["destination"]["accepted"], report["destination"]["unsent"]
    assert unsent and sent + unsent == 250
    told = Run.objects.get()
    assert told.error_code == "RUN_TIMED_OUT"
    assert "within 0.02 minutes" in told.error
    assert "the next run goes on" in told.hint
    desk.workspace.heal()
    allow(desk, None)
    assert sums(desk.run()) == (unsent, 0, 0, unsent)
    assert len(desk.workspace.people()) == 250


def test_a_run_that_sent_everything_when_its_time_was_up_is_completed(desk: Desk) -> None:
    desk.target["budget"] = {"max_items": 500}
    desk.apply()
    desk.workspace.slow(2.5)
    allow(desk, SHORT)
    assert desk.run()["status"] == "completed"


def test_a_query_that_does_not_answer_is_stopped_when_the_time_is_up(desk: Desk) -> None:
    desk.project["models"]["users"] = {"connection": "company", "query": ENDLESS}
    desk.apply()
    allow(desk, SHORT)
    report = desk.run(code=3)
    assert (report["status"], Run.objects.get().error_code) == ("failed", "RUN_TIMED_OUT")
    assert desk.workspace.requests() == []


def test_a_query_that_does_not_answer_is_left_by_a_run_that_is_paused_or_canceled(floor: Floor) -> None:
    floor.desk.project["models"]["users"] = {"connection": "company", "query": ENDLESS}
    floor.desk.apply()
    floor.ready_worker()
    run = queue_run("people")
    wait_for(lambda: progress_of(run).status == "working")
    pause_run(run)
    assert floor.ended(run).status == "paused"
    resume_run(run)
    wait_for(lambda: progress_of(run).status == "working")
    cancel_run(run)
    assert floor.ended(run).status == "canceled"


def look_up_slowly(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first request 2,000 people are looked up, a hundred in each second."""
    monkeypatch.setenv("APP_KEY", PRODUCTION.app_key)
    desk.hire(1_750, first=251)
    desk.target["app_api_key"] = "env:APP_KEY"
    desk.people_sync["behavior"] = "update_only"
    desk.apply()
    desk.workspace.fault(kind="latency", latency=1, match={"path": "/v1/customers/attributes"})


def test_looking_people_up_ends_when_the_time_is_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up_slowly(desk, monkeypatch)
    allow(desk, SHORT)
    began = time.monotonic()
    report = desk.run(code=3)
    assert seconds_since(began) < 10
    assert (report["status"], Run.objects.get().error_code) == ("failed", "RUN_TIMED_OUT")
    assert desk.workspace.requests() == []


def test_looking_people_up_is_left_by_a_run_that_is_paused_handed_back_or_canceled(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up_slowly(floor.desk, monkeypatch)
    worker = floor.ready_worker()
    run = queue_run("people")
    floor.reached(run, "planning")
    pause_run(run)
    assert floor.ended(run, seconds=10).status == "paused"
    resume_run(run)
    wait_for(lambda: progress_of(run).status == "working")
    began = time.monotonic()
    assert floor.end(worker) == 0
    assert seconds_since(began) < 10
    assert progress_of(run).status == "queued"
    floor.ready_worker()
    wait_for(lambda: progress_of(run).status == "working")
    cancel_run(run)
    assert floor.ended(run, seconds=10).status == "canceled"
    assert floor.desk.workspace.requests() == []


def test_the_time_is_counted_that_a_worker_spent_who_is_gone(floor: Floor) -> None:
    crawl(floor.desk)
    allow(floor.desk, 60)
    worker = floor.ready_worker()
    run = queue_run("people")
    floor.reached(run, "sending", done=50)
    wait_for(lambda: Run.objects.get(pk=run).worked > 1)
    floor.kill(worker)
    worked = Run.objects.get(pk=run).worked
    allow(floor.desk, worked / 60)  # all of it is used up
    floor.ready_worker()
    done = floor.ended(run)
    told = Run.objects.get(pk=run)
    assert (done.status, told.error_code) == ("failed", "RUN_TIMED_OUT")
    assert done.accepted >= 50
    assert done.unsent
    assert done.accepted + done.unsent + done.in_doubt == 250


def test_a_pause_is_not_counted(floor: Floor) -> None:
    crawl(floor.desk)
    floor.ready_worker()
    run = queue_run("people")
    floor.reached(run, "sending", done=10)
    pause_run(run)
    assert floor.ended(run).status == "paused"
    worked = Run.objects.get(pk=run).worked
    Run.objects.filter(pk=run).update(started_at="2020-01-01T00:00:00Z")
    floor.desk.workspace.heal()
    allow(floor.desk, worked / 60 + 1)
    resume_run(run)
    assert floor.ended(run).status == "completed"
