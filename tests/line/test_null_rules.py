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


# One person for every way from one value to another.
TRANSITIONS = {str(key): pair for key, pair in enumerate(itertools.product(VALUES, VALUES))}


def put(world: World, moment: int) -> None:
    """All people with their values before (0) or after (1)."""
    world.table(TYPES, *((int(key), pair[moment], 7) for key, pair in TRANSITIONS.items()))


def plans(world: World) -> dict[str, str | None]:
    return {key: wires.get("plan") for key, wires in world.wires().items()}


@pytest.mark.parametrize(("old", "new"), list(itertools.product(NullRule, NullRule)))
def test_every_transition_under_every_rule_and_change_of_rule_sends_exactly_what_it_alters(
    world: World, old: NullRule, new: NullRule
) -> None:
    first, second = (people(column("plan", null=rule), column("other")) for rule in (old, new))
    put(world, 0)
    counts(world.run(first), read=9, add=9, accepted=9)
    held = {key: effect(None, desired(before, old)) for key, (before, _) in TRANSITIONS.items()}
    assert plans(world) == held
    world.sent()
    put(world, 1)
    wires = {key: (desired(before, old), desired(after, new)) for key, (before, after) in TRANSITIONS.items()}
    changed = {key for key, (was, now) in wires.items() if now not in (None, was)}
    result = world.run(second)
    counts(result, read=9, change=len(changed), accepted=len(changed), unchanged=9 - len(changed))
    assert {item["identifiers"]["id"] for item in world.sent()} == changed
    assert plans(world) == {key: effect(held[key], now) for key, (_, now) in wires.items()}
    counts(world.run(second), read=9, unchanged=9)


@pytest.mark.parametrize("rule", NullRule)
def test_an_added_mapping_sends_its_null_once_as_its_rule_says(world: World, rule: NullRule) -> None:
    world.table(TYPES, (1, None, 7), (2, "a", 7))
    world.run(people(column("other")))
    sync = people(column("other"), column("plan", null=rule))
    changes = 1 if rule is NullRule.SKIP else 2
    result = world.run(sync)
    counts(result, read=2, change=changes, accepted=changes, unchanged=2 - changes)
    assert result.frozen.planned.new_fields == ("plan",)
    assert plans(world) == {"1": effect(None, NULL_TEXT[rule]), "2": '"a"'}
    counts(world.run(sync), read=2, unchanged=2)


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
