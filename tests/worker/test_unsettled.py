"""What failed runs sent, and commands that were killed, is not forgotten."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.db import connection

from headcount import batching, state
from headcount.changes import PLAN_FILE
from headcount.control.models import Alert, AlertRule, Intent, Receipt, Run, Sync
from headcount.control.setup import setup
from headcount.errors import HeadcountError
from headcount.frozen import FILE
from headcount.model import Counts, RunStatus
from headcount.sandbox.seed import PRODUCTION
from headcount.service.aftermath import meaning_of
from headcount.service.editing import delete_sync
from headcount.service.forgetting import forget
from headcount.service.moving import move_state
from headcount.service.plans import drop_plans, keep_rewritten, plan_folder
from headcount.service.queue import TRIES, due_runs, queue_run
from headcount.service.running import cancel_run, execute_run
from headcount.service.states import state_here
from headcount.service.watching import progress_of
from headcount.sync import check_sums
from headcount.workbench import Workbench
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


@pytest.fixture
def broken(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Runs a sync until a bug ends it after three answers, and gives the run's number."""

    def breaks(sync: str) -> int:
        run = queue_run(sync)
        real: Callable[..., Any] = batching._batch
        made = 0

        def a_bug(*words: Any) -> Any:
            nonlocal made
            made += 1
            if made > 4:
                wait_for(lambda: receipts(run) >= 3)
                raise MemoryError
            return real(*words)

        with monkeypatch.context() as patched:
            patched.setattr(batching, "_batch", a_bug)
            [due] = due_runs()
            assert working._executed(due.run, due.attempt, threading.Event()) == "broke"
        failed = Run.objects.get(pk=run)
        assert (failed.status, failed.folded) == ("failed", False)
        return run

    return breaks


def test_what_a_run_sent_that_a_bug_ended_is_remembered(floor: Floor, broken: Callable[[str], int]) -> None:
    _small_batches(floor.desk)
    _goes_back(floor.desk, broken("people"))


def _sent(desk: Desk) -> list[str]:
    """Whom the broken run has brought what is new."""
    return sorted(id_ for id_, person in desk.workspace.people().items() if person["plan"] == '"pro"')


def _acknowledged(sync: str) -> set[str]:
    home, row = setup(), Sync.objects.select_related("stream").get(key=sync)
    with Workbench(home.root / "scratch") as bench, state_here(home, row).reading(bench) as opened:
        opened.load([])
        return {key for (key,) in bench.run("SELECT key FROM state.acknowledged")}


def test_a_person_is_forgotten_whatever_became_of_the_last_run_and_its_destination(
    floor: Floor, broken: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = floor.desk
    _small_batches(desk)
    run = broken("people")
    monkeypatch.delenv("JOURNEY_API_KEY")
    somebody = _sent(desk)[0]
    [found] = forget(somebody, sync="people")
    assert (found.acknowledged, found.plan_rows) == (True, 2)
    failed = Run.objects.get(pk=run)
    assert (failed.status, failed.folded) == ("failed", True)
    assert somebody not in _acknowledged("people")
    monkeypatch.setenv("JOURNEY_API_KEY", PRODUCTION.api_key)
    desk.sql("UPDATE users SET plan = 'free'")
    assert sums(desk.run())[:3] == (1, failed.counts["accepted"] + failed.counts["in_doubt"] - 1, 0)
    assert {person["plan"] for person in desk.workspace.people().values()} == {'"free"'}


def test_a_sync_of_people_is_deleted_whatever_became_of_its_last_run(
    floor: Floor, broken: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    _small_batches(floor.desk)
    run = broken("people")
    monkeypatch.delenv("JOURNEY_API_KEY")
    _spoil(run)
    delete_sync("people")
    assert not Sync.objects.filter(key="people").exists()


def _spoil(run: int) -> Callable[[], None]:
    """From now on the run cannot be settled, for a file of its plan has no column that must be there; until what is
    returned is called.
    """
    people = Run.objects.get(pk=run).sync.object == "person"
    file = plan_folder(setup(), run) / ("digests.parquet" if people else "seen.parquet")
    duckdb.sql(f"COPY (SELECT '' AS {'key' if people else 'nothing'}) TO '{file}'")
    keep_rewritten(run, file.parent)

    def mend() -> None:
        file.unlink()
        keep_rewritten(run, file.parent)

    return mend


def _outdate(run: int) -> Callable[[], None]:
    """As if the run's plan had been made by a release whose rules for a sync were others: it has no column that is
    mapped. Until what is returned is called.
    """

    def rename(old: str, new: str) -> None:
        file = plan_folder(setup(), run) / FILE
        document = json.loads(file.read_text())
        for column in document["columns"]:
            column["name"] = new if column["name"] == old else column["name"]
        file.write_text(json.dumps(document))
        keep_rewritten(run, file.parent)

    rename("id", "gone")
    return lambda: rename("gone", "id")


def _estrange(run: int) -> Callable[[], None]:
    """The same, and what it does with each row is written down in another way, too: its keys alone are no use."""
    mend = _outdate(run)

    def rewrite(op: str) -> None:
        file = plan_folder(setup(), run) / PLAN_FILE
        part = file.with_name("part.parquet")
        duckdb.sql(f"COPY (SELECT * REPLACE ({op} AS op) FROM read_parquet('{file}')) TO '{part}'")
        part.replace(file)
        keep_rewritten(run, file.parent)

    def mended() -> None:
        rewrite("op.name")
        mend()

    rewrite("{'name': op}")
    return mended


def _orders(desk: Desk) -> None:
    desk.target["budget"] = {"max_items": 10, "senders": 1}
    desk.apply()


def test_events_that_a_failed_run_sent_are_remembered_when_their_sync_is_deleted(
    floor: Floor, broken: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = floor.desk
    _orders(desk)
    answered = 10 * receipts(broken("events"))
    monkeypatch.delenv("JOURNEY_API_KEY")
    delete_sync("events")
    monkeypatch.setenv("JOURNEY_API_KEY", PRODUCTION.api_key)
    desk.apply()
    assert sums(desk.run("events")) == (100 - answered, 0, 0, 100 - answered)


def test_a_sync_of_events_stays_while_what_it_sent_cannot_be_accounted_for(
    floor: Floor, broken: Callable[[str], int]
) -> None:
    desk = floor.desk
    _orders(desk)
    run = broken("events")
    answered = 10 * receipts(run)
    mend = _spoil(run)
    with pytest.raises(HeadcountError):
        delete_sync("events")
    mend()
    assert sums(desk.run("events")) == (100 - answered, 0, 0, 100 - answered)


def test_a_later_settling_brings_nobody_back_who_was_forgotten(
    floor: Floor, broken: Callable[[str], int]
) -> None:
    desk = floor.desk
    _small_batches(desk)
    run = broken("people")
    answered = 10 * receipts(run)
    mend = _spoil(run)
    somebody = _sent(desk)[0]
    desk.sql("DELETE FROM users WHERE id = ?", [[somebody]])
    assert forget(somebody)
    assert not Run.objects.get(pk=run).folded
    mend()
    desk.sql("UPDATE users SET plan = 'free'")
    report = desk.run()  # which settles first
    assert sums(report)[0] == sums(report)[2] == 0
    assert sums(report)[1] >= answered - 1
    assert _acknowledged("people") == {str(id_) for id_ in range(1, 251)} - {somebody}


def test_a_later_settling_remembers_the_events_of_whom_was_forgotten(
    floor: Floor, broken: Callable[[str], int]
) -> None:
    desk = floor.desk
    _orders(desk)
    run = broken("events")
    answered = 10 * receipts(run)
    mend = _estrange(run)
    [events] = [found for found in forget("2") if found.sync == "events"]
    assert (
        events.plan_rows == 3
    )  # the orders 1 and 51 are that person's, and order 8 has a total that reads the same
    mend()
    told = duckdb.sql(
        f"SELECT * FROM read_parquet('{plan_folder(setup(), run) / PLAN_FILE}') WHERE key = '1'"
    )
    assert set(told.fetchall()[0]) == {"1", "add", None}
    assert sums(desk.run("events")) == (100 - answered, 0, 0, 100 - answered)
    assert len(_acknowledged("events")) == 100


def _foreign(run: int) -> None:
    """From now on the run's sync is said in a word that this release does not know."""
    snapshot = Run.objects.get(pk=run).sync_snapshot
    snapshot["sync"]["definition"]["of"] = "tomorrow"
    Run.objects.filter(pk=run).update(sync_snapshot=snapshot, fingerprint="of old")


def _unfinished(run: int) -> None:
    """As if its process had been killed instead."""
    Run.objects.filter(pk=run).update(status="working", finished_at=None, worker="", pid=None)


def _cut_short(
    desk: Desk, broken: Callable[[str], int], sync: str, spoil: Callable[[int], object] = _foreign
) -> int:
    """A run of people or events that is unfinished, and that another release wrote down."""
    (_small_batches if sync == "people" else _orders)(desk)
    run = broken(sync)
    spoil(run)
    _unfinished(run)
    return run


def test_people_whose_run_another_release_wrote_down_are_sent_as_they_are_now(
    floor: Floor, broken: Callable[[str], int]
) -> None:
    desk = floor.desk
    _small_batches(desk)
    run = broken("people")
    _foreign(run)
    begun = desk.count(f"SELECT sum(last - first + 1) FROM control_intent WHERE run_id = {run}")
    assert begun >= 10 * receipts(run) >= 30
    desk.sql("UPDATE users SET plan = 'free'")
    assert sums(desk.run())[:3] == (0, begun, 0)
    assert {person["plan"] for person in desk.workspace.people().values()} == {'"free"'}
    failed = Run.objects.get(pk=run)
    assert (failed.status, failed.folded) == ("failed", True)
    assert "with all their values" in failed.warnings[-1]
    assert sums(desk.run())[:3] == (0, 0, 0)


def test_events_whose_run_another_release_wrote_down_are_not_sent_again(
    floor: Floor, broken: Callable[[str], int]
) -> None:
    desk = floor.desk
    _orders(desk)
    run = broken("events")
    _foreign(run)
    answered = 10 * receipts(run)
    assert sums(desk.run("events")) == (100 - answered, 0, 0, 100 - answered)
    assert len(_acknowledged("events")) == 100
    assert Run.objects.get(pk=run).folded
    assert sums(desk.run("events"))[:3] == (0, 0, 0)


@pytest.mark.parametrize("sync", ["people", "events"])
def test_a_run_whose_plan_another_release_made_is_settled_by_its_keys(
    floor: Floor, broken: Callable[[str], int], sync: str
) -> None:
    desk = floor.desk
    (_small_batches if sync == "people" else _orders)(desk)
    run = broken(sync)
    answered = 10 * receipts(run)
    _outdate(run)
    report = desk.run(sync)
    failed = Run.objects.get(pk=run)
    assert (failed.status, failed.folded) == ("failed", True)
    assert "Its plan cannot be read by this release" in failed.warnings[-1]
    # All 100 people who changed are sent: some again, for what they were sent is not known.
    assert sums(report)[3] == (100 if sync == "people" else 100 - answered)
    assert sums(desk.run(sync))[:3] == (0, 0, 0)


@pytest.mark.parametrize("sync", ["people", "events"])
def test_an_unfinished_run_whose_plan_another_release_made_is_superseded(
    floor: Floor, broken: Callable[[str], int], sync: str
) -> None:
    desk = floor.desk
    run = _cut_short(desk, broken, sync, _outdate)
    answered = 10 * receipts(run)
    report = desk.run(sync)
    old = Run.objects.get(pk=run)
    assert (old.status, old.folded) == ("superseded", True)
    assert sums(report)[3] == (100 if sync == "people" else 100 - answered)


@pytest.mark.parametrize("spoil", [_foreign, _outdate])
def test_a_run_that_is_settled_by_its_keys_has_sums_that_add_up(
    floor: Floor, broken: Callable[[str], int], spoil: Callable[[int], object]
) -> None:
    desk = floor.desk
    _small_batches(desk)
    run = broken("people")
    spoil(run)
    desk.run()
    counts = Counts(**Run.objects.get(pk=run).counts)
    check_sums(counts)
    assert (counts.read, counts.change, counts.unchanged) == (250, 100, 150)
    assert counts.accepted == 10 * receipts(run) >= 30
    assert (counts.requests, counts.bytes > 0) == (receipts(run), True)
    assert counts.in_doubt + counts.unsent == 100 - counts.accepted


def test_a_run_whose_plan_is_gone_keeps_what_its_receipts_tell(
    floor: Floor, broken: Callable[[str], int]
) -> None:
    desk = floor.desk
    _small_batches(desk)
    run = broken("people")
    drop_plans(setup(), [run])
    told = {
        "plan": {"add": 0, "change": 100, "remove": 0}
    }  # as a run tells that works for longer than a second
    Run.objects.filter(pk=run).update(progress=told)
    desk.run()
    counts = Counts(**Run.objects.get(pk=run).counts)
    assert counts.accepted == 10 * receipts(run) >= 30
    assert counts.planned == counts.accepted + counts.in_doubt + counts.unsent


def test_a_run_whose_plan_is_gone_before_it_was_counted_says_of_how_many_it_knows(
    floor: Floor, broken: Callable[[str], int]
) -> None:
    desk = floor.desk
    _small_batches(desk)
    run = broken("people")
    drop_plans(setup(), [run])
    Run.objects.filter(pk=run).update(progress={})
    desk.run()
    accepted = 10 * receipts(run)
    assert meaning_of(Run.objects.get(pk=run)).startswith(f"{accepted} changes were accepted before that.")


def test_what_is_not_known_of_a_run_whose_plan_is_gone_alerts_nobody(
    floor: Floor, broken: Callable[[str], int]
) -> None:
    desk = floor.desk
    _small_batches(desk)
    AlertRule.objects.create(kind="no_rows")
    run = broken("people")
    drop_plans(setup(), [run])
    _unfinished(run)
    Run.objects.filter(pk=run).update(progress={})
    desk.run()
    lost = Run.objects.get(pk=run)
    assert (lost.status, lost.counts["accepted"]) == ("failed", 10 * receipts(run))
    assert not Alert.objects.filter(rule__kind="no_rows").exists()


def test_a_run_that_sent_nothing_ends_also_where_its_keys_cannot_be_read(
    floor: Floor, broken: Callable[[str], int]
) -> None:
    desk = floor.desk
    _small_batches(desk)
    run = broken("people")
    _estrange(run)
    _unfinished(run)
    for book in (Receipt, Intent):
        book.objects.filter(run=run).delete()
    desk.run()
    assert Run.objects.get(pk=run).status == "superseded"


@pytest.mark.parametrize("sync", ["people", "events"])
def test_an_unfinished_run_that_another_release_wrote_down_is_superseded(
    floor: Floor, broken: Callable[[str], int], sync: str
) -> None:
    desk = floor.desk
    run = _cut_short(desk, broken, sync)
    answered = 10 * receipts(run)
    report = desk.run(sync)
    old = Run.objects.get(pk=run)
    assert (old.status, old.folded, len(old.warnings)) == ("superseded", True, 1)
    # All 100 people who changed are sent: some again, for what they were sent is not known.
    assert sums(report)[3] == (100 if sync == "people" else 100 - answered)
    assert sums(desk.run(sync))[:3] == (0, 0, 0)


@pytest.mark.parametrize("sync", ["people", "events"])
def test_an_unfinished_run_that_another_release_wrote_down_can_be_canceled_and_its_sync_deleted(
    floor: Floor, broken: Callable[[str], int], sync: str
) -> None:
    desk = floor.desk
    run = _cut_short(desk, broken, sync)
    answered = 10 * receipts(run)
    assert cancel_run(run).status is RunStatus.CANCELED
    assert Run.objects.get(pk=run).folded
    delete_sync(sync)
    assert not Sync.objects.filter(key=sync).exists()
    desk.apply()
    if sync == "events":
        assert sums(desk.run("events")) == (100 - answered, 0, 0, 100 - answered)


def test_a_sync_of_events_is_deleted_after_a_run_that_another_release_wrote_down(
    floor: Floor, broken: Callable[[str], int]
) -> None:
    desk = floor.desk
    _orders(desk)
    run = broken("events")
    _foreign(run)
    answered = 10 * receipts(run)
    delete_sync("events")
    desk.apply()
    assert sums(desk.run("events")) == (100 - answered, 0, 0, 100 - answered)


@pytest.mark.parametrize("sync", ["people", "events"])
def test_a_person_is_forgotten_after_a_run_that_another_release_wrote_down(
    floor: Floor, broken: Callable[[str], int], sync: str
) -> None:
    desk = floor.desk
    (_small_batches if sync == "people" else _orders)(desk)
    run = broken(sync)
    _foreign(run)
    answered = 10 * receipts(run)
    somebody = _sent(desk)[0] if sync == "people" else "2"
    desk.sql("DELETE FROM users WHERE id = ?", [[somebody]])
    found = forget(somebody)
    assert Run.objects.get(pk=run).folded
    if sync == "people":
        assert [each.sync for each in found] == ["people"]
        assert somebody not in _acknowledged("people")
    else:
        assert sums(desk.run("events")) == (100 - answered, 0, 0, 100 - answered)


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_state_is_moved_before_a_failed_run_is_settled(floor: Floor, broken: Callable[[str], int]) -> None:
    desk = floor.desk
    _small_batches(desk)
    run = broken("people")
    assert move_state("people", "file").moved
    assert not Run.objects.get(pk=run).folded
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
    wait_for(lambda: Run.objects.exists() and desk.workspace.in_flight() > 0, seconds=60)
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
