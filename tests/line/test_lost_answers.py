"""The case to remember: B is sent and applied, every answer is lost, and the source goes back to A."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from headcount.errors import HeadcountError
from headcount.model import Behavior, NullRule, Sync
from tests.line.harness import Lossy, World, column, counts, events, people

TYPES = {"id": "INTEGER", "plan": "VARCHAR", "n": "INTEGER"}
Lose = Callable[[World], None]


def by_fault(kind: str) -> Lose:
    return lambda world: world.fault(kind=kind)


def by_timeout(world: World) -> None:
    world.client.close()
    world.client = world.connect(timeout=0.15)
    world.fault(kind="latency", latency=0.6)


def by_status(world: World) -> None:
    world.client = Lossy(world.client)
    world.client.losing = True


LOSSES = {
    "connection dropped": by_fault("drop_after"),
    "answer truncated": by_fault("truncate"),
    "answer is no JSON": by_fault("not_json"),
    "5xx after applying": by_status,
    "read timeout": by_timeout,
}
lost = pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
changed_only = pytest.mark.parametrize("changed_fields_only", [False, True])


def answers_come_back(world: World) -> None:
    world.mend()
    world.until_quiet()
    world.client.close()
    world.client = world.connect()


def run_in_doubt(world: World, sync: Sync, changes: int) -> None:
    result = world.run(sync)
    assert isinstance(result.error, HeadcountError)
    assert result.counts.in_doubt == result.counts.planned == changes


@lost
@changed_only
def test_a_source_that_goes_back_to_what_was_acknowledged_is_sent_again(
    world: World, lose: Lose, changed_fields_only: bool
) -> None:
    sync = people(column("plan"), column("n"), changed_fields_only=changed_fields_only)
    world.table(TYPES, (1, "A", 7), (2, "x", 8))
    world.run(sync)
    world.table(TYPES, (1, "B", 7), (2, "x", 8))
    lose(world)
    run_in_doubt(world, sync, 1)
    answers_come_back(world)
    assert world.wires()["1"]["plan"] == '"B"'
    assert world.acknowledged()["1"] == (True, '"A"', "7")
    world.table(TYPES, (1, "A", 7), (2, "x", 8))
    counts(world.run(sync), read=2, change=1, accepted=1, unchanged=1)
    assert world.wires()["1"] == {"plan": '"A"', "n": "7"}
    counts(world.run(sync), read=2, unchanged=2)


@lost
def test_an_addition_in_doubt_is_sent_again(world: World, lose: Lose) -> None:
    sync = people(column("plan"))
    world.table(TYPES, (1, "A", 7))
    lose(world)
    run_in_doubt(world, sync, 1)
    answers_come_back(world)
    assert world.acknowledged() == {"1": (True, None)}
    counts(world.run(sync), read=1, change=1, accepted=1)
    assert world.wires() == {"1": {"plan": '"A"'}}


@lost
def test_an_addition_in_doubt_whose_row_vanished_is_removed_by_a_mirror(world: World, lose: Lose) -> None:
    sync = people(column("plan"), behavior=Behavior.MIRROR)
    world.table(TYPES, (1, "A", 7))
    lose(world)
    run_in_doubt(world, sync, 1)
    answers_come_back(world)
    world.table(TYPES)
    counts(world.run(sync), remove=1, accepted=1)
    assert world.wires() == {}
    counts(world.run(sync))


@lost
def test_a_removal_in_doubt_is_planned_again(world: World, lose: Lose) -> None:
    sync = people(column("plan"), behavior=Behavior.MIRROR)
    world.table(TYPES, (1, "A", 7), (2, "x", 8))
    world.run(sync)
    world.table(TYPES, (2, "x", 8))
    lose(world)
    run_in_doubt(world, sync, 1)
    answers_come_back(world)
    counts(world.run(sync), read=1, unchanged=1, remove=1, accepted=1)
    assert set(world.wires()) == {"2"}


@lost
@changed_only
def test_a_row_that_comes_back_after_a_removal_in_doubt_is_sent_whole(
    world: World, lose: Lose, changed_fields_only: bool
) -> None:
    sync = people(
        column("plan"), column("n"), behavior=Behavior.MIRROR, changed_fields_only=changed_fields_only
    )
    world.table(TYPES, (1, "A", 7))
    world.run(sync)
    world.table(TYPES)
    lose(world)
    run_in_doubt(world, sync, 1)
    answers_come_back(world)
    assert world.wires() == {}
    world.table(TYPES, (1, "A", 7))
    counts(world.run(sync), read=1, change=1, accepted=1)
    assert world.wires() == {"1": {"plan": '"A"', "n": "7"}}


@lost
def test_events_in_doubt_are_sent_again_with_their_ids_and_count_once(world: World, lose: Lose) -> None:
    types = {"id": "INTEGER", "name": "VARCHAR", "person": "VARCHAR"}
    world.table(types, (1, "buy", "p"), (2, "buy", "p"))
    lose(world)
    run_in_doubt(world, events(), 2)
    answers_come_back(world)
    counts(world.run(events()), read=2, add=2, accepted=2)
    found = world.events()
    assert found["total"] == 2
    assert found["dropped_repeats"] >= 2
    counts(world.run(events()), read=2, unchanged=2)


def test_doubt_survives_runs_that_could_not_send(world: World) -> None:
    sync = people(column("plan"))
    world.table(TYPES, (1, "A", 7))
    world.run(sync)
    world.table(TYPES, (1, "B", 7))
    world.fault(kind="drop_after")
    run_in_doubt(world, sync, 1)
    world.mend()
    world.table(TYPES, (1, "A", 7))
    world.fault(kind="status", status=401)
    assert world.run(sync).counts.unsent == 1
    world.mend()
    world.fault(kind="drop_before")
    world.run(sync)
    world.mend()
    assert world.acknowledged()["1"][0] is True
    counts(world.run(sync), read=1, change=1, accepted=1)
    assert world.wires()["1"]["plan"] == '"A"'


def test_doubt_survives_a_rejection(world: World) -> None:
    sync = people(column("plan"))
    world.table(TYPES, (1, "A", 7))
    world.run(sync)
    world.table(TYPES, (1, "B", 7))
    world.fault(kind="drop_after")
    run_in_doubt(world, sync, 1)
    world.mend()
    world.table(TYPES, (1, "C", 7))
    world.refuse('"C"')
    counts(world.run(sync), read=1, change=1, rejected=1)
    world.table(TYPES, (1, "A", 7))
    counts(world.run(sync), read=1, change=1, accepted=1)
    assert world.wires()["1"]["plan"] == '"A"'


def test_a_silent_field_is_forgotten_when_doubt_ends_without_it(world: World) -> None:
    sync = people(column("plan", null=NullRule.SKIP), column("n"))
    world.table(TYPES, (1, "A", 7))
    world.run(sync)
    world.table(TYPES, (1, "B", 7))
    world.fault(kind="drop_after")
    run_in_doubt(world, sync, 1)
    world.mend()
    world.table(TYPES, (1, None, 7))
    counts(world.run(sync), read=1, change=1, accepted=1)
    assert world.wires()["1"]["plan"] == '"B"'
    world.table(TYPES, (1, "A", 7))
    counts(world.run(sync), read=1, change=1, accepted=1)
    assert world.wires()["1"]["plan"] == '"A"'
