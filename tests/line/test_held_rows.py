"""Rejected rows wait in quarantine, and go again when something that matters has changed."""

from __future__ import annotations

import pytest

from headcount.model import Behavior, Constant, Mapping, NullRule, ValueType
from tests.line.harness import World, column, counts, events, people

TYPES = {"id": "INTEGER", "plan": "VARCHAR", "n": "INTEGER"}
SYNC = people(column("plan"), column("n"))


def refuse_first(world: World, sync: object = SYNC) -> None:
    """Row 1 is rejected because of its plan, row 2 is accepted; then the destination changes its mind."""
    world.table(TYPES, (1, "bad", 7), (2, "good", 8))
    world.refuse('"bad"')
    counts(world.run(sync), read=2, add=2, accepted=1, rejected=1)  # type: ignore[arg-type]
    assert world.held() == {"1"}


def test_a_rejected_row_is_not_sent_again_and_the_others_go_on(world: World) -> None:
    refuse_first(world)
    counts(world.run(SYNC), read=2, held=1, unchanged=1)
    world.table(TYPES, (1, "bad", 7), (2, "better", 8), (3, "new", 9))
    counts(world.run(SYNC), read=3, held=1, change=1, add=1, accepted=2)
    assert set(world.wires()) == {"2", "3"}


@pytest.mark.parametrize("row", [(1, "fine", 7), (1, "bad", 8), (1, None, 7)])
def test_a_held_row_is_released_by_any_change_of_its_own_values(
    world: World, row: tuple[object, ...]
) -> None:
    refuse_first(world)
    world.mend()
    world.table(TYPES, row, (2, "good", 8))
    counts(world.run(SYNC), read=2, add=1, accepted=1, unchanged=1)
    assert world.held() == set()
    counts(world.run(SYNC), read=2, unchanged=2)


def test_a_held_row_is_released_when_the_refused_field_is_mapped_otherwise(world: World) -> None:
    refuse_first(world)
    world.mend()
    other = people(column("plan", null=NullRule.KEEP), column("n"))
    counts(world.run(other), read=2, add=1, accepted=1, unchanged=1)


def test_a_held_row_is_released_when_the_refused_field_is_mapped_no_longer(world: World) -> None:
    refuse_first(world)
    world.mend()
    counts(world.run(people(column("n"))), read=2, add=1, accepted=1, unchanged=1)


def test_a_held_row_stays_when_another_fields_mapping_changes_without_its_value(world: World) -> None:
    refuse_first(world)
    other = people(column("plan"), column("n", type=ValueType.NUMBER, null=NullRule.KEEP))
    counts(world.run(other), read=2, held=1, unchanged=1)
    reordered = people(column("n"), column("plan"))
    counts(world.run(reordered), read=2, held=1, unchanged=1)


def test_a_refusal_that_names_no_mapped_field_waits_for_any_mapping_to_change(world: World) -> None:
    world.table(TYPES, (1, "bad", 7))
    world.refuse('"bad"', field="identifiers.id")
    counts(world.run(SYNC), read=1, add=1, rejected=1)
    counts(world.run(SYNC), read=1, held=1)
    world.mend()
    counts(world.run(people(column("plan"), column("n", null=NullRule.SKIP))), read=1, add=1, accepted=1)


def test_release_plans_the_present_values_and_acceptance_ends_the_quarantine(world: World) -> None:
    refuse_first(world)
    assert world.release("nobody") == 0
    assert world.release("1") == 1
    counts(world.run(SYNC), read=2, add=1, rejected=1, unchanged=1)
    world.mend()
    counts(world.run(SYNC), read=2, held=1, unchanged=1)
    assert world.release() == 1
    counts(world.run(SYNC), read=2, add=1, accepted=1, unchanged=1)
    assert world.held() == set()
    assert world.release() == 0
    assert world.wires()["1"] == {"plan": '"bad"', "n": "7"}


def test_a_held_row_that_goes_back_to_what_was_acknowledged_is_held_no_longer(world: World) -> None:
    world.table(TYPES, (1, "good", 7))
    world.run(SYNC)
    world.refuse('"bad"')
    world.table(TYPES, (1, "bad", 7))
    counts(world.run(SYNC), read=1, change=1, rejected=1)
    world.table(TYPES, (1, "good", 7))
    counts(world.run(SYNC), read=1, unchanged=1)
    assert world.held() == set()
    world.table(TYPES, (1, "bad", 7))
    counts(world.run(SYNC), read=1, change=1, rejected=1)


def test_a_held_row_that_vanishes_is_held_no_longer(world: World) -> None:
    refuse_first(world)
    world.table(TYPES, (2, "good", 8))
    counts(world.run(SYNC), read=1, unchanged=1)
    assert world.held() == set()


def test_held_rows_are_held_under_changed_fields_only_too(world: World) -> None:
    sync = people(column("plan"), column("n"), changed_fields_only=True)
    world.table(TYPES, (1, "good", 7))
    world.run(sync)
    world.refuse('"bad"')
    world.table(TYPES, (1, "bad", 7))
    counts(world.run(sync), read=1, change=1, rejected=1)
    counts(world.run(sync), read=1, held=1)
    counts(world.run(SYNC), read=1, held=1)
    world.table(TYPES, (1, "bad", 8))
    counts(world.run(sync), read=1, change=1, rejected=1)


def test_a_refused_removal_is_held_and_released_when_the_row_comes_back(world: World) -> None:
    sync = people(column("plan"), behavior=Behavior.MIRROR)
    world.table(TYPES, (1, "a", 7), (2, "b", 7))
    world.run(sync)
    world.refuse('"delete"', field="identifiers.id")
    world.table(TYPES, (2, "b", 7))
    counts(world.run(sync), read=1, remove=1, rejected=1, unchanged=1)
    counts(world.run(sync), read=1, unchanged=1)
    world.mend()
    world.table(TYPES, (1, "a", 7), (2, "b", 7))
    counts(world.run(sync), read=2, unchanged=2)
    world.table(TYPES, (2, "b", 7))
    counts(world.run(sync), read=1, remove=1, accepted=1, unchanged=1)
    assert set(world.wires()) == {"2"}


def test_a_released_removal_is_planned_again(world: World) -> None:
    sync = people(column("plan"), behavior=Behavior.MIRROR)
    world.table(TYPES, (1, "a", 7), (2, "b", 7))
    world.run(sync)
    world.refuse('"delete"', field="identifiers.id")
    world.table(TYPES, (2, "b", 7))
    world.run(sync)
    world.mend()
    world.release("1")
    counts(world.run(sync), read=1, remove=1, accepted=1, unchanged=1)


def test_the_attribute_called_name_is_not_the_events_name(world: World) -> None:
    types = {"id": "INTEGER", "name": "VARCHAR", "person": "VARCHAR"}
    sync = events(Mapping(to="name", source=Constant("x")))
    world.table(types, (1, "bad", "p"))
    world.refuse('"bad"', field="name")
    counts(world.run(sync), read=1, add=1, rejected=1)
    counts(world.run(events(Mapping(to="name", source=Constant("x"), null=NullRule.KEEP))), read=1, held=1)


def test_rejected_events_are_held_and_accepted_later(world: World) -> None:
    types = {"id": "INTEGER", "name": "VARCHAR", "person": "VARCHAR"}
    world.table(types, (1, "bad", "p"), (2, "buy", "p"))
    world.refuse('"bad"', field="name")
    counts(world.run(events()), read=2, add=2, accepted=1, rejected=1)
    counts(world.run(events()), read=2, held=1, unchanged=1)
    world.mend()
    world.release()
    counts(world.run(events()), read=2, add=1, accepted=1, unchanged=1)
    assert world.events()["total"] == 2
