"""A run that was killed is resumed or settled, and its sums still add up."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headcount.errors import StateError
from headcount.frozen import keyed, load
from headcount.model import Behavior, Budget, Fate, Outcome, Receipt, RunInfo
from headcount.receipts import Book as Entries
from headcount.receipts import merged, overlaps, without
from headcount.state import REMEMBERED, nothing, set_meta
from headcount.sync import (
    Progress,
    Result,
    check_sums,
    count,
    make_plan,
    resumable,
    run_line,
    settle,
    settle_keys,
)
from headcount.workbench import Workbench
from tests.line.harness import Book, World, column, counts, events, people

TYPES = {"id": "INTEGER", "plan": "VARCHAR"}
SYNC = people(column("plan"))
SMALL = Budget(max_items=2, senders=1)


class Killed(BaseException):
    """Nothing may catch this but the test."""


class Fragile(Book):
    """A ledger whose process dies after so many receipts; ``late``: with the entry made, else before it."""

    def __init__(self, receipts: int, *, intents: int = 99) -> None:
        super().__init__()
        self.left = receipts
        self.intents_left = intents

    def save_intents(self, batches: Any) -> None:
        super().save_intents(batches)
        self.intents_left -= len(batches)
        if self.intents_left <= 0:
            raise Killed

    def save_receipts(self, receipts: Any) -> None:
        for receipt in receipts:
            if self.left <= 0:
                raise Killed
            self.left -= 1
            super().save_receipts([receipt])


class DiesBeforeFolding(Progress):
    def folding(self) -> None:
        raise Killed


def revived(book: Book) -> Book:
    """What another process finds."""
    return Book(intents_=book.intents(), receipts_=book.receipts())


def begun(world: World, book: Book, sync: Any = SYNC, **options: Any) -> tuple[Any, Any]:
    """A run that dies."""
    run, folder = world.next_run()
    with pytest.raises(Killed):
        run_line(world.line(sync, budget=SMALL, **options), run, book, folder, approved=True)
    return run, folder


def resumed(world: World, book: Book, run: Any, folder: Any, sync: Any = SYNC, **options: Any) -> Result:
    result = run_line(world.line(sync, budget=SMALL, **options), run, revived(book), folder, approved=True)
    check_sums(result.counts)
    return result


def nine(world: World, plan: str = "a") -> None:
    world.table(TYPES, *((key, plan) for key in range(9)))


@pytest.mark.parametrize("receipts", [0, 1, 3, 4])
def test_a_run_killed_while_delivering_is_resumed_with_what_has_no_receipt(
    world: World, receipts: int
) -> None:
    nine(world)
    book = Fragile(receipts)
    run, folder = begun(world, book)
    world.sent()
    result = resumed(world, book, run, folder)
    assert len(world.sent()) == 9 - 2 * receipts
    counts(result, read=9, add=9, accepted=9)
    counts(world.run(SYNC), read=9, unchanged=9)


def test_a_run_killed_with_intents_and_no_request_is_resumed_whole(world: World) -> None:
    nine(world)
    book = Fragile(99, intents=1)
    run, folder = begun(world, book)
    counts(resumed(world, book, run, folder), read=9, add=9, accepted=9)
    assert set(world.wires()) == {str(key) for key in range(9)}


def test_a_run_killed_before_the_fold_sends_nothing_again(world: World) -> None:
    nine(world)
    book = Book()
    run, folder = begun(world, book, progress=DiesBeforeFolding())
    world.sent()
    counts(resumed(world, book, run, folder), read=9, add=9, accepted=9)
    assert world.sent() == []
    counts(world.run(SYNC), read=9, unchanged=9)


def test_a_run_killed_between_fold_and_done_folds_no_second_time(world: World) -> None:
    nine(world)
    book = Book()
    run, folder = world.next_run()
    run_line(world.line(SYNC), run, book, folder)
    before = world.acknowledged()
    with Workbench(world.folder / "scratch") as bench, world.state.writing(bench, lambda _: None):
        bench.run("UPDATE state.acknowledged SET f000 = 'a sign that nobody wrote here since'")
    counts(resumed(world, book, run, folder), read=9, add=9, accepted=9)
    assert {values[1] for values in world.acknowledged().values()} == {"a sign that nobody wrote here since"}
    assert before.keys() == world.acknowledged().keys()


def test_a_plan_that_was_not_finished_does_not_count(world: World) -> None:
    nine(world)
    run, folder = world.next_run()
    make_plan(world.line(SYNC), folder)
    (folder / "plan.json").unlink()
    assert load(folder, SYNC, world.line(SYNC).object) is None
    counts(run_line(world.line(SYNC), run, Book(), folder), read=9, add=9, accepted=9)


def test_a_superseded_run_is_settled_and_what_was_on_its_way_is_in_doubt(world: World) -> None:
    nine(world)
    world.run(SYNC)
    nine(world, "b")
    book = Fragile(2)
    run, folder = begun(world, book)
    frozen = load(folder, SYNC, world.line(SYNC).object)
    assert frozen is not None
    result = settle(world.line(SYNC), frozen, run, revived(book))
    assert result.counts.accepted == 4
    assert result.counts.in_doubt >= 2
    assert result.counts.planned == 9
    doubtful = {key for key, (in_doubt, *_) in world.acknowledged().items() if in_doubt}
    assert len(doubtful) == result.counts.in_doubt
    nine(world, "a")
    calm = world.run(SYNC)
    counts(calm, read=9, change=4 + len(doubtful), unchanged=5 - len(doubtful), accepted=4 + len(doubtful))
    assert {wire["plan"] for wire in world.wires().values()} == {'"a"'}


def test_what_a_killed_process_may_have_sent_stays_in_doubt_when_the_next_one_cannot_send(
    world: World,
) -> None:
    nine(world)
    world.run(SYNC)
    nine(world, "b")
    book = Fragile(0)
    run, folder = begun(world, book)
    assert '"b"' in {wire["plan"] for wire in world.wires().values()}
    world.fault(kind="status", status=401)
    again = revived(book)
    result = run_line(world.line(SYNC, budget=SMALL), run, again, folder)
    assert result.error is not None
    assert result.counts.accepted == 0
    assert result.counts.in_doubt >= 2
    world.mend()
    nine(world, "a")
    world.run(SYNC)
    assert {wire["plan"] for wire in world.wires().values()} == {'"a"'}


def test_what_a_killed_process_may_have_sent_stays_in_doubt_when_it_is_refused_afterwards(
    world: World,
) -> None:
    world.table(TYPES, (1, "a"))
    world.run(SYNC)
    world.table(TYPES, (1, "b"))
    book = Fragile(0)
    run, folder = begun(world, book)
    assert world.wires()["1"]["plan"] == '"b"'
    world.refuse('"b"')
    counts(resumed(world, book, run, folder), read=1, change=1, rejected=1)
    world.table(TYPES, (1, "a"))
    counts(world.run(SYNC), read=1, change=1, accepted=1)
    assert world.wires()["1"]["plan"] == '"a"'


def test_a_lost_answer_before_a_refusal_leaves_doubt(world: World) -> None:
    world.table(TYPES, (1, "a"))
    world.run(SYNC)
    world.table(TYPES, (1, "b"))
    world.fault(kind="drop_after", match={"next": 1})
    world.refuse('"b"')
    counts(world.run(SYNC), read=1, change=1, rejected=1)
    assert world.wires()["1"]["plan"] == '"b"'
    counts(world.run(SYNC), read=1, held=1)
    world.table(TYPES, (1, "a"))
    counts(world.run(SYNC), read=1, change=1, accepted=1)
    assert world.wires()["1"]["plan"] == '"a"'


def test_events_of_a_killed_run_count_once(world: World) -> None:
    types = {"id": "INTEGER", "name": "VARCHAR", "person": "VARCHAR"}
    world.table(types, *((key, "buy", "p") for key in range(9)))
    book = Fragile(1)
    run, folder = begun(world, book, events())
    counts(resumed(world, book, run, folder, events()), read=9, add=9, accepted=9)
    assert world.events()["total"] == 9
    counts(world.run(events()), read=9, unchanged=9)


def test_a_mirrors_removals_survive_a_kill(world: World) -> None:
    sync = people(column("plan"), behavior=Behavior.MIRROR)
    nine(world)
    world.run(sync)
    world.table(TYPES, (0, "a"), (99, "new"))
    book = Fragile(1)
    run, folder = begun(world, book, sync)
    counts(resumed(world, book, run, folder, sync), read=2, add=1, remove=8, unchanged=1, accepted=9)
    assert set(world.wires()) == {"0", "99"}


def test_a_plan_may_be_resumed_for_six_hours_and_by_its_owner_only(world: World) -> None:
    nine(world)
    frozen = world.plan(SYNC)
    now = datetime.now(UTC)
    line = world.line(SYNC)
    assert resumable(frozen, line, now)
    assert not resumable(frozen, line, now + timedelta(hours=6))
    assert not resumable(frozen, world.line(SYNC, workspace=7), now)
    assert not resumable(None, line, now)


def test_a_fold_that_fails_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    nine(world)
    world.run(SYNC)
    before = world.acknowledged()
    nine(world, "b")
    run, folder = world.next_run()
    book = Book()
    real = Workbench.run

    def fails_at_the_end(bench: Workbench, sql: str, parameters: Any = None) -> Any:
        if "folded_runs" in str(parameters):
            raise StateError("the disk is full")
        return real(bench, sql, parameters)

    monkeypatch.setattr(Workbench, "run", fails_at_the_end)
    with pytest.raises(StateError):
        run_line(world.line(SYNC), run, book, folder)
    monkeypatch.undo()
    assert world.acknowledged() == before
    counts(resumed(world, book, run, folder), read=9, change=9, accepted=9)
    counts(world.run(SYNC), read=9, unchanged=9)


def test_a_run_that_was_folded_in_part_and_killed_is_folded_whole_when_it_is_resumed(world: World) -> None:
    world.table(TYPES, *((key, "a") for key in range(40)))
    world.run(SYNC)
    world.table(TYPES, *((key, "b") for key in range(40)))
    world.fault(kind="status", status=401, match={"body": '"id":"?4"?[,}]'})
    run, folder = world.next_run()
    book = Book()
    part = run_line(world.line(SYNC, budget=SMALL), run, book, folder, approved=True)
    assert part.error is not None
    world.mend()
    whole = resumed(world, book, run, folder)
    assert part.counts.accepted < whole.counts.accepted < 40
    left = whole.counts.unsent
    counts(world.run(SYNC), read=40, change=left, unchanged=40 - left, accepted=left)


def test_rows_that_were_let_go_again_stay_so_when_the_run_that_refused_them_is_folded_whole(
    world: World,
) -> None:
    world.table(TYPES, *((key, "a") for key in range(40)))
    world.run(SYNC)
    world.table(TYPES, *((key, "bad" if key in (0, 1) else "b") for key in range(40)))
    world.fault(kind="status", status=401, match={"body": '"id":"?4"?[,}]'})
    world.refuse('"bad"')
    run, folder = world.next_run()
    book = Book()
    assert run_line(world.line(SYNC, budget=SMALL), run, book, folder, approved=True).error is not None
    assert world.held() == {"0", "1"}
    assert world.release("0") == 1
    world.mend()
    resumed(world, book, run, folder)
    assert world.held() == {"1"}


def test_a_run_is_not_folded_again_over_a_newer_one(world: World) -> None:
    nine(world)
    old, folder = world.next_run()
    frozen, book = make_plan(world.line(SYNC), folder), Book(intents_=[(0, 8)])
    settle(world.line(SYNC), frozen, old, book)
    nine(world, "b")
    world.run(SYNC)
    settle(world.line(SYNC), frozen, old, book)
    counts(world.run(SYNC), read=9, unchanged=9)


def multiply(world: World, run: RunInfo, times: int) -> None:
    """As if so many runs like this one had been folded, one after the other."""
    mine = f"{run.id} {run.started_at.isoformat()}"
    more = [f"{run.id + i} {(run.started_at + timedelta(seconds=i)).isoformat()}" for i in range(1, times)]
    with Workbench(world.folder / "scratch") as bench, world.state.writing(bench, nothing):
        for name, value in bench.run("SELECT name, value FROM state.meta WHERE name LIKE 'folded%'"):
            if mine in (markers := json.loads(value)):
                set_meta(bench, name, json.dumps([*markers, *more][-REMEMBERED:]))


def test_tests_of_single_rows_do_not_make_a_run_that_waits_for_approval_look_folded(world: World) -> None:
    nine(world)
    world.run(SYNC)
    nine(world, "b")
    waiting, folder = world.next_run()
    make_plan(world.line(SYNC), folder)
    test, elsewhere = world.next_run()
    run_line(world.line(SYNC), test, Book(), elsewhere, only="1")
    multiply(world, test, REMEMBERED)
    counts(resumed(world, Book(), waiting, folder), read=9, change=9, accepted=9)
    counts(world.run(SYNC), read=9, unchanged=9)


def test_a_test_is_not_folded_again_over_a_newer_run(world: World) -> None:
    nine(world)
    test, folder = world.next_run()
    one, accepted = make_plan(world.line(SYNC), folder, only="1"), Book(receipts_=[Receipt(first=0, last=0)])
    settle(world.line(SYNC), one, test, accepted)
    nine(world, "b")
    world.run(SYNC)
    settle(world.line(SYNC), one, test, accepted)
    counts(world.run(SYNC), read=9, unchanged=9)


def test_a_run_that_is_older_than_all_that_are_remembered_is_folded_no_more(world: World) -> None:
    nine(world)
    old, folder = world.next_run()
    frozen, book = make_plan(world.line(SYNC), folder), Book(intents_=[(0, 8)])
    settle(world.line(SYNC), frozen, old, book)
    nine(world, "b")
    newer, folder = world.next_run()
    run_line(world.line(SYNC), newer, Book(), folder, approved=True)
    multiply(world, newer, REMEMBERED)
    settle(world.line(SYNC), frozen, old, book)
    counts(world.run(SYNC), read=9, unchanged=9)


def test_a_waiting_run_is_folded_after_an_upgrade_too_when_tests_pushed_all_older_runs_out(
    world: World,
) -> None:
    nine(world)
    world.run(SYNC)
    nine(world, "b")
    waiting, folder = world.next_run()
    make_plan(world.line(SYNC), folder)
    later = [f"{100 + i} {datetime.now(UTC).isoformat()}" for i in range(REMEMBERED)]
    with Workbench(world.folder / "scratch") as bench, world.state.writing(bench, nothing):
        bench.run("DELETE FROM state.meta WHERE name = 'folded_tests'")
        set_meta(bench, "folded_runs", json.dumps(later))
    counts(resumed(world, Book(), waiting, folder), read=9, change=9, accepted=9)
    counts(world.run(SYNC), read=9, unchanged=9)


def test_a_loaded_plan_is_the_plan_that_was_frozen(world: World) -> None:
    world.table(
        {**TYPES, "email": "VARCHAR"}, (1, "a", "x@y.z"), (1, "b", None), (2, "c", "x@y.z"), (3, "d", "x@y.z")
    )
    sync = people(column("plan"), column("email"))
    frozen = world.plan(sync)
    shutil.copytree(frozen.folder, world.folder / "copy")
    assert load(frozen.folder, sync, world.line(sync).object) == frozen
    found = load(world.folder / "copy", sync, world.line(sync).object)
    assert found is not None
    assert count(found, Entries(receipts=(), intents=())).unsent == 2


def test_ranges_are_merged_cut_and_laid_over_each_other() -> None:
    assert merged([(5, 6), (0, 2), (3, 4), (9, 9)]) == [(0, 6), (9, 9)]
    assert without([(0, 9)], [(2, 3), (5, 5), (8, 20)]) == [(0, 1), (4, 4), (6, 7)]
    assert overlaps([(0, 4), (3, 6), (6, 6), (8, 9)]) == [(3, 4), (6, 6)]
    assert overlaps([(0, 9), (1, 2), (1, 3), (5, 5)]) == [(1, 3), (5, 5)]


def test_a_book_counts_every_change_once() -> None:
    refused = Outcome(index=1, fate=Fate.REJECTED)
    unsent = Outcome(index=0, fate=Fate.UNSENT)
    book = Entries(
        receipts=(
            Receipt(first=0, last=1, exceptions=(refused,)),
            Receipt(first=4, last=5, exceptions=(unsent,)),
        ),
        intents=((0, 1), (0, 3), (4, 5), (4, 4)),
    )
    fates = {fate: book.count(fate) for fate in Fate}
    assert fates == {Fate.ACCEPTED: 2, Fate.REJECTED: 1, Fate.IN_DOUBT: 3, Fate.UNSENT: 0}
    assert all(outcome.doubt for _, outcome in book.exceptions())


def by_keys(world: World, book: Book, run: Any, folder: Any, *, exact: bool) -> None:
    """Settle a run as if nobody could tell any more what stands in the columns of its plan."""
    plan = keyed(folder)
    assert plan is not None
    settle_keys(world.state, world.folder / "scratch", plan, run, revived(book), exact=exact)


def remembered(world: World) -> dict[str, bool]:
    """Keys, and whether they are in doubt."""
    with Workbench(world.folder / "scratch") as bench, world.state.reading(bench) as opened:
        opened.load([])
        return dict(bench.run("SELECT key, in_doubt FROM state.acknowledged"))


def test_people_of_a_run_of_which_only_keys_can_be_read_are_in_doubt_and_whom_it_removed_is_gone(
    world: World,
) -> None:
    mirror = people(column("plan"), behavior=Behavior.MIRROR)
    nine(world)
    world.run(mirror)
    world.table(TYPES, *((key, "b") for key in range(1, 11)))  # 0 is removed, 9 and 10 are new
    book = Fragile(99)
    run, folder = begun(world, book, mirror, progress=DiesBeforeFolding())
    for _ in range(2):  # the second time nothing happens
        by_keys(world, book, run, folder, exact=False)
        assert remembered(world) == {str(key): True for key in range(1, 11)}
    nine(world)  # the source is as it was
    counts(world.run(mirror), read=9, add=1, change=8, remove=2, accepted=11)
    assert {key: wires["plan"] for key, wires in world.wires().items()} == {
        str(key): '"a"' for key in range(9)
    }
    counts(world.run(mirror), read=9, unchanged=9)


def test_what_a_run_of_which_only_keys_can_be_read_was_not_asked_stays_as_it_is(world: World) -> None:
    nine(world)
    world.run(SYNC)
    nine(world, "b")
    book = Book(intents_=[(0, 1), (2, 3)], receipts_=[Receipt(first=0, last=1)])
    run, folder = world.next_run()
    make_plan(world.line(SYNC), folder)
    by_keys(world, book, run, folder, exact=False)
    assert sum(remembered(world).values()) == 4
    nine(world)
    counts(world.run(SYNC), read=9, change=4, unchanged=5, accepted=4)


def test_events_of_a_first_run_of_which_only_keys_can_be_read_are_remembered(world: World) -> None:
    sync = events(column("total"), backfill=True)
    types = {"id": "INTEGER", "name": "VARCHAR", "person": "VARCHAR", "total": "INTEGER"}
    world.table(types, *((key, "ordered", "7", key) for key in range(9)))
    book = Fragile(2)
    run, folder = begun(world, book, sync)
    by_keys(world, book, run, folder, exact=True)
    answered = sum(receipt.last - receipt.first + 1 for receipt in book.receipts())
    found = remembered(world)
    assert sum(not doubt for doubt in found.values()) == answered == 4
    counts(world.run(sync), read=9, add=5, unchanged=4, accepted=5)
    counts(world.run(sync), read=9, unchanged=9)


def test_a_person_who_is_refused_in_a_run_of_which_only_keys_can_be_read_is_asked_for_again(
    world: World,
) -> None:
    nine(world)
    world.run(SYNC)
    nine(world, "b")
    book = Book(
        intents_=[(0, 8)],
        receipts_=[
            Receipt(
                first=0,
                last=8,
                exceptions=(Outcome(index=4, fate=Fate.REJECTED, reason="invalid", field="plan"),),
                requests=1,
                bytes=1,
            )
        ],
    )
    run, folder = world.next_run()
    make_plan(world.line(SYNC), folder)
    by_keys(world, book, run, folder, exact=False)
    found = remembered(world)
    assert sum(found.values()) == 8  # what was refused is as it was, and differs
    counts(world.run(SYNC), read=9, change=9, accepted=9)
