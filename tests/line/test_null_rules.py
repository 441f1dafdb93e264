"""Every transition of a value under every null rule: what is sent, and what the sandbox ends up holding."""

from __future__ import annotations

import itertools

import pytest

from headcount.model import Constant, Mapping, NullRule
from tests.line.harness import World, column, counts, people

NULL_TEXT = {NullRule.UNSET: "null", NullRule.SKIP: None, NullRule.KEEP: '""'}
VALUES = (None, "a", "b")
TYPES = {"id": "INTEGER", "plan": "VARCHAR", "other": "INTEGER"}


def desired(value: str | None, rule: NullRule) -> str | None:
    """The wire value of ``plan``; None says nothing."""
    return f'"{value}"' if value is not None else NULL_TEXT[rule]


def effect(before: str | None, wire: str | None) -> str | None:
    """What a person holds after a wire value was sent; None: no such attribute."""
    return before if wire is None else None if wire == "null" else wire


@pytest.mark.parametrize("rule", NullRule)
@pytest.mark.parametrize(("before", "after"), list(itertools.product(VALUES, VALUES)))
def test_a_value_follows_its_rule_from_one_run_to_the_next(
    world: World, rule: NullRule, before: str | None, after: str | None
) -> None:
    sync = people(column("plan", null=rule), column("other"))
    world.table(TYPES, (1, before, 7))
    counts(world.run(sync), read=1, add=1, accepted=1)
    first = desired(before, rule)
    held = effect(None, first)
    assert world.wires()["1"].get("plan") == held
    world.table(TYPES, (1, after, 7))
    second = desired(after, rule)
    changes = int(second is not None and second != first)
    counts(world.run(sync), read=1, change=changes, accepted=changes, unchanged=1 - changes)
    assert world.wires()["1"].get("plan") == effect(held, second)
    counts(world.run(sync), read=1, unchanged=1)


@pytest.mark.parametrize(("old", "new"), list(itertools.permutations(NullRule, 2)))
@pytest.mark.parametrize(("before", "after"), list(itertools.product((None, "a"), (None, "a", "b"))))
def test_a_change_of_rule_sends_exactly_what_it_alters(
    world: World, old: NullRule, new: NullRule, before: str | None, after: str | None
) -> None:
    world.table(TYPES, (1, before, 7))
    world.run(people(column("plan", null=old), column("other")))
    acknowledged = desired(before, old)
    held = effect(None, acknowledged)
    world.table(TYPES, (1, after, 7))
    wire = desired(after, new)
    changes = int(wire is not None and wire != acknowledged)
    sync = people(column("plan", null=new), column("other"))
    counts(world.run(sync), read=1, change=changes, accepted=changes, unchanged=1 - changes)
    assert world.wires()["1"].get("plan") == effect(held, wire)
    counts(world.run(sync), read=1, unchanged=1)


@pytest.mark.parametrize("rule", NullRule)
@pytest.mark.parametrize("value", (None, "a"))
def test_an_added_mapping_sends_its_null_once_as_its_rule_says(
    world: World, rule: NullRule, value: str | None
) -> None:
    world.table(TYPES, (1, value, 7))
    world.run(people(column("other")))
    sync = people(column("other"), column("plan", null=rule))
    wire = desired(value, rule)
    changes = int(wire is not None)
    result = world.run(sync)
    counts(result, read=1, change=changes, accepted=changes, unchanged=1 - changes)
    assert result.frozen.planned.new_fields == ("plan",)
    assert world.wires()["1"].get("plan") == effect(None, wire)
    counts(world.run(sync), read=1, unchanged=1)


@pytest.mark.parametrize("rule", NullRule)
def test_a_mapping_removed_and_added_back_is_sent_again(world: World, rule: NullRule) -> None:
    world.table(TYPES, (1, "a", 7))
    both = people(column("plan", null=rule), column("other"))
    world.run(both)
    counts(world.run(people(column("other"))), read=1, unchanged=1)
    assert world.wires()["1"] == {"plan": '"a"', "other": "7"}
    result = world.run(both)
    counts(result, read=1, change=1, accepted=1)
    assert result.frozen.planned.new_fields == ("plan",)
    counts(world.run(both), read=1, unchanged=1)


@pytest.mark.parametrize("rule", NullRule)
def test_a_constant_null_follows_its_rule_and_is_sent_no_more_than_once(world: World, rule: NullRule) -> None:
    sync = people(Mapping(to="plan", source=Constant(None), null=rule), column("other"))
    world.table(TYPES, (1, "a", 7))
    world.run(sync)
    assert world.wires()["1"].get("plan") == effect(None, NULL_TEXT[rule])
    counts(world.run(sync), read=1, unchanged=1)
