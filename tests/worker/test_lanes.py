"""Events go first, and a backfill gives way to whatever is due while it works."""

from __future__ import annotations

import json
from typing import Any

from headcount.control.models import Run
from headcount.model import Lane
from headcount.service.lanes import lane_of
from headcount.service.queue import (
    TRUSTED,
    Due,
    due_runs,
    pause_run,
    queue_retry,
    queue_run,
    queue_test,
    resume_run,
)
from headcount.service.running import cancel_run
from headcount.service.watching import progress_of
from tests.worker.floor import Floor


def lanes(*runs: int) -> list[Lane]:
    return [lane_of(Run.objects.select_related("sync").get(pk=run)) for run in runs]


def kinds(requests: list[Any]) -> list[str]:
    """Of each request what it does: identify or event."""
    return [json.loads(request["body"])["batch"][0]["action"] for request in requests]


def test_a_run_of_everything_is_a_backfill_and_others_are_not(floor: Floor) -> None:
    assert lanes(queue_run("people"), queue_run("events"), queue_test("people", "7")) == [
        Lane.BACKFILL,
        Lane.BACKFILL,
        Lane.REGULAR,
    ]
    Run.objects.all().delete()
    floor.desk.run("people")
    floor.desk.run("events")
    runs = queue_run("people"), queue_run("people", full=True), queue_retry("people"), queue_run("events")
    assert lanes(*runs) == [Lane.REGULAR, Lane.BACKFILL, Lane.REGULAR, Lane.EVENTS]


def test_of_runs_that_wait_those_of_events_are_begun_first(floor: Floor) -> None:
    floor.desk.run("people")
    floor.desk.run("events")
    people, events = queue_run("people"), queue_run("events")
    assert [due.run for due in due_runs()] == [events, people]
    floor.ready_worker("--runs", "1")
    begun = []
    for run in (events, people):
        assert floor.ended(run).status == "completed"
        begun.append(Run.objects.get(pk=run).started_at)
    assert begun[0] and begun[1] and begun[0] < begun[1]


def test_what_was_begun_and_came_back_goes_on_before_others_of_its_lane_begin(floor: Floor) -> None:
    floor.desk.target["budget"] = {"requests_per_second": 40, "max_items": 1, "senders": 1}
    floor.desk.apply()
    people = queue_run("people")
    pause_run(people)
    events = queue_run("events")
    floor.desk.workspace.slow(0.2)
    worker = floor.ready_worker("--runs", "1")
    floor.reached(events, "sending", seconds=60)
    floor.end(worker)
    resume_run(people)
    assert [due.run for due in due_runs()] == [events, people]
    floor.desk.workspace.heal()
    floor.ready_worker("--runs", "1")
    for run in (events, people):
        assert floor.ended(run).status == "completed"
    ended = {run: Run.objects.get(pk=run).finished_at for run in (events, people)}
    begun = Run.objects.get(pk=people).started_at
    assert ended[events] and begun and ended[events] <= begun


def test_what_its_workers_die_of_again_and_again_waits_its_turn(floor: Floor) -> None:
    floor.desk.apply()
    begun = Run.objects.get(pk=queue_run("people"))

    def rank(**now: object) -> int:
        Run.objects.filter(pk=begun.pk).update(**now)
        return next(due for due in due_runs() if due.run == begun.pk).rank

    fresh, when = rank(), begun.created_at
    assert rank(started_at=when, attempt=50) == rank(deaths=TRUSTED) == fresh - 1
    assert rank(deaths=TRUSTED + 1) == fresh
    assert Due(run=1, attempt=1, lane=Lane.EVENTS).rank < Due(run=1, attempt=1, first=True).rank


def test_events_that_become_due_in_the_middle_of_a_backfill_are_done_long_before_it(floor: Floor) -> None:
    """Also by a worker with a single place: the backfill has one of its own."""
    desk = floor.desk
    desk.run("events")
    desk.hire(1250, first=251)
    desk.target["budget"] = {"requests_per_second": 40, "max_items": 1, "senders": 3}
    desk.apply()
    floor.ready_worker("--runs", "1")
    backfill = queue_run("people")
    floor.reached(backfill, "sending", done=30, seconds=60)
    desk.order(60, first=101)
    desk.workspace.forget()
    due = queue_run("events", trigger="schedule")
    done = floor.ended(due)
    assert (done.status, done.accepted) == ("completed", 60)
    now = progress_of(backfill)
    assert now.status == "working"
    assert now.done < 750
    sent = kinds(desk.workspace.requests("/api/v2/batch"))
    first, last = sent.index("event"), len(sent) - 1 - sent[::-1].index("event")
    meanwhile = sent[first : last + 1]
    assert meanwhile.count("identify") < 30, meanwhile  # of 90: half of what a fair share were
    cancel_run(backfill)
    assert floor.ended(backfill).status == "canceled"
