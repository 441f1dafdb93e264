"""A worker on another machine takes over the runs of one that died, or that only seemed to."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from headcount.control.ledger import RunLedger
from headcount.control.models import Intent, Receipt, Run
from headcount.model import Counts
from headcount.receipts import read_book
from headcount.service.listings import list_runs
from headcount.service.queue import queue_run
from headcount.sync import check_sums
from tests.journeys.desk import wait_for
from tests.worker.machines import Machines
from tests.worker.test_crash import ORDERS, PEOPLE, everything_arrived, long_runs, receipts

SIZES = (PEOPLE, ORDERS)
TAKEN_OVER = 30.0  # seconds after its worker's death at the latest
SLOW = 2.0  # seconds that each request takes, so that the runs last until the second machine is there
Ranges = list[tuple[int, int]]


@pytest.fixture
def begun(machines: Machines) -> Iterator[tuple[Machines, list[int]]]:
    """The first machine is in the middle of two runs, the second has nothing to do."""
    runs = long_runs(machines.floor)
    machines.floor.desk.workspace.heal()
    machines.floor.desk.workspace.slow(SLOW)
    machines.start(0)
    for run in runs:
        wait_for(lambda run=run: receipts(run) >= 3, seconds=60)  # type: ignore[misc]
    machines.start(1)
    assert [machines.holder(run) for run in runs] == [0, 0]
    assert [Run.objects.get(pk=run).status for run in runs] == ["working", "working"]
    assert [line.status for line in list_runs()[:2]] == [
        "working",
        "working",
    ]  # as a third machine of this name tells
    yield machines, runs


def answered(run: int) -> Ranges:
    return list(Receipt.objects.filter(run=run).values_list("first", "last"))


def taken_over(machines: Machines, runs: list[int]) -> float:
    """Wait until the second machine works on all of them, or has; the seconds that took."""
    began = time.monotonic()
    before = {run: Run.objects.get(pk=run).worker for run in runs}
    for run in runs:
        changed = lambda run=run: Run.objects.get(pk=run).worker not in (before[run], "")  # type: ignore[misc] # noqa: E731
        wait_for(lambda run=run, changed=changed: changed() or ended(run), seconds=60)  # type: ignore[misc]
    return time.monotonic() - began


def ended(run: int) -> bool:
    return Run.objects.get(pk=run).status == "completed"


def sent(machines: Machines) -> list[dict[str, object]]:
    """Every operation of every request since the requests were forgotten."""
    bodies = [one["body"] for one in machines.floor.desk.workspace.requests("/api/v2/batch")]
    return [item for body in bodies for item in json.loads(body)["batch"]]


def quiet(machines: Machines) -> None:
    """What the far end was in the middle of is over, and answers are quick again."""
    machines.floor.desk.workspace.heal()
    wait_for(lambda: machines.floor.desk.workspace.in_flight() == 0, seconds=30)
    machines.floor.desk.workspace.forget()


def goes_on_at_the_first_batch_without_a_receipt(run: int, kept: Ranges) -> None:
    for first, last in kept:
        assert Intent.objects.filter(run=run, first__lte=last, last__gte=first).count() == 1
    assert Intent.objects.filter(run=run).count() > len(kept)


def all_is_well(machines: Machines, runs: list[int], kept: dict[int, Ranges]) -> None:
    """Both runs ended with sums that add up; nothing with a receipt was sent again, nothing else left out."""
    reports = [machines.floor.ended(run) for run in runs]
    assert [(it.status, it.accepted) for it in reports] == [("completed", size) for size in SIZES]
    for run in runs:
        check_sums(Counts(**Run.objects.get(pk=run).counts))
        goes_on_at_the_first_batch_without_a_receipt(run, kept[run])
    done = sum(last - first + 1 for ranges in kept.values() for first, last in ranges)
    assert len(sent(machines)) == sum(SIZES) - done
    everything_arrived(machines.floor, kills=1)


def test_another_machine_takes_over_the_runs_of_a_killed_worker_within_30_seconds(
    begun: tuple[Machines, list[int]],
) -> None:
    machines, runs = begun
    machines.kill(0)
    kept = {run: answered(run) for run in runs}
    quiet(machines)
    seconds = taken_over(machines, runs)
    print(f"\nanother machine took over a killed worker's runs after {seconds:.1f} s")
    assert seconds <= TAKEN_OVER
    all_is_well(machines, runs, kept)


def test_a_worker_that_was_frozen_until_its_runs_were_over_sends_nothing_more(
    begun: tuple[Machines, list[int]],
) -> None:
    machines, runs = begun
    machines.freeze(0)
    kept = {run: answered(run) for run in runs}
    for run in runs:
        with RunLedger(run) as ledger:
            assert read_book(ledger).doubtful, "what was on its way is in doubt"
    quiet(machines)
    seconds = taken_over(machines, runs)
    print(f"\nanother machine took over a frozen worker's runs after {seconds:.1f} s")
    all_is_well(machines, runs, kept)
    books = {run: answered(run) for run in runs}
    assert machines.end(1) == 0
    machines.floor.desk.workspace.forget()
    machines.thaw(0)
    machines.floor.desk.order(50, first=ORDERS + 1)
    new = machines.floor.ended(queue_run("events"))
    assert (new.status, new.accepted) == ("completed", 50), "it works as before"
    assert {item["action"] for item in sent(machines)} == {"event"}
    assert len(sent(machines)) == 50
    assert {run: answered(run) for run in runs} == books
    assert all(ended(run) for run in runs)
