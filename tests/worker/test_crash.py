"""Workers that are killed, ended or frozen in the middle of a run."""

from __future__ import annotations

import time

from headcount.control.models import Intent, Receipt, Run
from headcount.service.queue import pause_run, queue_run, resume_run
from headcount.service.running import cancel_run
from headcount.service.watching import progress_of
from tests.journeys.desk import wait_for
from tests.worker.floor import Floor

PEOPLE, ORDERS = 3_000, 2_000


def long_runs(floor: Floor) -> list[int]:
    """Two syncs with requests that take half a second each; they are queued."""
    floor.desk.hire(PEOPLE - 250, first=251)
    floor.desk.order(ORDERS - 100, first=101)
    floor.desk.workspace.slow(0.5)
    return [queue_run("people"), queue_run("events")]


def everything_arrived(floor: Floor, kills: int) -> None:
    """The workspace equals the source, and every event counts once."""
    assert len(floor.desk.workspace.people()) == PEOPLE
    events = floor.desk.workspace.events()
    assert events["total"] == ORDERS
    assert events["most_receipts"] <= 1 + kills


def receipts(run: int) -> int:
    return Receipt.objects.filter(run=run).count()


def test_a_killed_workers_runs_go_on_at_the_first_batch_without_a_receipt(floor: Floor) -> None:
    runs = long_runs(floor)
    kept = 0
    for _ in range(2):
        worker = floor.ready_worker()
        for run in runs:
            wait_for(lambda run=run, enough=kept + 3: receipts(run) >= enough, seconds=30)  # type: ignore[misc]
        floor.kill(worker)
        kept = min(receipts(run) for run in runs)
    floor.desk.workspace.heal()
    began = time.monotonic()
    worker = floor.ready_worker()
    ended = [floor.ended(run) for run in runs]
    print(f"\nruns of a killed worker were over {time.monotonic() - began:.1f} s after the next one began")
    assert [(run.status, run.accepted) for run in ended] == [("completed", PEOPLE), ("completed", ORDERS)]
    assert Run.objects.count() == len(runs)
    for run in runs:
        firsts = list(Intent.objects.filter(run=run).values_list("first", flat=True))
        assert len(firsts) <= len(set(firsts)) + 2 * 9, "only what was on its way is sent again"
    everything_arrived(floor, kills=2)
    worker.terminate()
    told = worker.communicate(timeout=40)[1]
    assert told.count("run_done") == len(runs), "attempts of the killed workers are no news"


def test_a_worker_that_is_told_to_end_finishes_its_requests_and_hands_its_runs_back(floor: Floor) -> None:
    runs = long_runs(floor)
    worker = floor.ready_worker()
    for run in runs:
        wait_for(lambda run=run: receipts(run) >= 3, seconds=30)  # type: ignore[misc]
    began = time.monotonic()
    assert floor.end(worker) == 0
    assert time.monotonic() - began < 15
    assert [progress_of(run).status for run in runs] == ["queued", "queued"]
    assert floor.desk.workspace.in_flight() == 0
    sent = floor.desk.workspace.requests()
    assert len([one for one in sent if one["status"] == 200]) == sum(receipts(run) for run in runs)
    floor.desk.workspace.heal()
    floor.ready_worker()
    assert [floor.ended(run).status for run in runs] == ["completed", "completed"]
    everything_arrived(floor, kills=0)


def test_a_run_is_paused_resumed_and_canceled_while_it_works(floor: Floor) -> None:
    people, _ = long_runs(floor)
    floor.ready_worker()
    wait_for(lambda: receipts(people) >= 3, seconds=30)
    began = time.monotonic()
    assert pause_run(people) == "working"
    rest = floor.ended(people)
    assert rest.status == "paused"
    assert (
        time.monotonic() - began < 10
    )  # with room for a busy machine; receipts below tell that it rested early
    assert receipts(people) == rest.done / 100 < 30
    assert floor.reached(resume_run(people), "sending", done=rest.done + 100).status == "working"
    assert cancel_run(people).status.value in ("working", "canceled")
    ended = floor.ended(people)
    assert ended.status == "canceled"
    assert rest.done < ended.accepted < PEOPLE
    assert ended.accepted + ended.unsent + ended.in_doubt == PEOPLE


def test_progress_tells_phase_counts_and_time_left(floor: Floor) -> None:
    people, _ = long_runs(floor)
    floor.ready_worker()
    now = floor.reached(people, "sending", done=600)
    assert (now.rows, now.add, now.planned) == (PEOPLE, PEOPLE, PEOPLE)
    assert now.accepted == now.done < PEOPLE
    assert now.rate
    assert now.seconds_left
    assert abs(now.seconds_left - (PEOPLE - now.done) / now.rate) < 1
    assert not now.stale
    floor.desk.workspace.heal()
    ended = floor.ended(people)
    assert (ended.phase, ended.accepted, ended.rate) == ("completed", PEOPLE, None)


def test_a_command_may_run_a_sync_beside_a_worker(floor: Floor) -> None:
    floor.desk.workspace.slow(2)
    floor.ready_worker()
    by_hand = floor.command("run", "people", "--json")
    wait_for(lambda: Run.objects.filter(status="working").exists())
    waits = queue_run("people")
    skipped = queue_run("people", trigger="schedule")
    assert progress_of(skipped).status == "skipped"
    floor.desk.workspace.heal()
    out, _ = by_hand.communicate(timeout=60)
    assert '"status": "completed"' in out
    assert floor.ended(waits).accepted == 0
