"""Mirror, Update Only, and when a run stops and asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headcount.errors import ApprovalNeeded, ConfigurationError, WrongWorkspace
from headcount.model import Behavior, Guards
from headcount.quarantine import KEYS_TOGETHER, find_missed
from headcount.sandbox.seed import PRODUCTION, STAGING
from headcount.workbench import Workbench
from tests.line.harness import World, column, counts, people

TYPES = {"id": "VARCHAR", "plan": "VARCHAR"}
MIRROR = people(column("plan"), behavior=Behavior.MIRROR)


def test_a_mirror_removes_the_keys_that_vanished(world: World) -> None:
    world.table(TYPES, ("1", "a"), ("2", "b"))
    world.run(MIRROR)
    world.table(TYPES, ("2", "b"), ("3", "c"))
    counts(world.run(MIRROR), read=2, add=1, unchanged=1, remove=1, accepted=2)
    assert set(world.wires()) == {"2", "3"}
    counts(world.run(MIRROR), read=2, unchanged=2)
    world.table(TYPES, ("1", "a"), ("2", "b"), ("3", "c"))
    counts(world.run(MIRROR), read=3, add=1, unchanged=2, accepted=1)


def test_invalid_and_duplicate_keys_do_not_count_as_vanished(world: World) -> None:
    world.table(TYPES, ("1", "a"), ("2", "b"), ("3", "c"))
    world.run(MIRROR)
    world.table(TYPES, ("1", "a"), ("1", "a"), ("2", "x\x00"), ("3", "c"))
    counts(world.run(MIRROR), read=4, invalid=3, unchanged=1)
    assert set(world.wires()) == {"1", "2", "3"}


def test_a_key_that_cannot_be_read_among_many_removes_nobody(world: World) -> None:
    people_ = [(str(i), "a") for i in range(200)]
    world.table(TYPES, *people_)
    world.run(MIRROR)
    world.table(TYPES, ("0\x00", "a"), ("1", "b"), *people_[2:])
    counts(world.run(MIRROR), read=200, invalid=1, unchanged=198, change=1, accepted=1)
    assert len(world.wires()) == 200


def test_a_switch_to_mirror_shows_the_keys_that_vanished_before(world: World) -> None:
    world.table(TYPES, ("1", "a"), ("2", "b"))
    world.run(people(column("plan")))
    world.table(TYPES, ("2", "b"))
    counts(world.run(people(column("plan"))), read=1, unchanged=1)
    counts(world.run(MIRROR), read=1, unchanged=1, remove=1, accepted=1)


def test_a_mirror_of_an_empty_source_removes_everybody_once_approved(world: World) -> None:
    guarded = replace(MIRROR, guards=Guards())
    world.table(TYPES, ("1", "a"))
    world.run(guarded, approved=False)
    world.table(TYPES)
    with pytest.raises(ApprovalNeeded, match="no rows"):
        world.run(guarded, approved=False)
    assert set(world.wires()) == {"1"}
    counts(world.run(guarded, approved=True), remove=1, accepted=1)


def many(world: World, count: int, plan: str = "a") -> None:
    world.sql(
        f"CREATE OR REPLACE TABLE rows AS SELECT i::VARCHAR AS id, '{plan}' AS plan FROM range({count}) t(i)"
    )


def test_too_large_a_share_of_changes_or_removals_stops_and_asks(world: World) -> None:
    guarded = replace(MIRROR, guards=Guards())
    many(world, 200)
    world.run(guarded, approved=False)
    world.sent()
    many(world, 179)
    with pytest.raises(ApprovalNeeded, match="remove 21 of 200"):
        world.run(guarded, approved=False)
    many(world, 180)
    counts(world.run(guarded, approved=False), read=180, unchanged=180, remove=20, accepted=20)
    many(world, 180, "b")
    with pytest.raises(ApprovalNeeded, match="overwrite values of 180 of 180"):
        world.run(guarded, approved=False)
    counts(world.run(guarded, approved=True), read=180, change=180, accepted=180)


def test_a_new_field_for_everybody_is_no_reason_to_ask(world: World) -> None:
    many(world, 200)
    world.run(people(guards=Guards()), approved=False)
    result = world.run(people(column("plan"), guards=Guards()), approved=False)
    counts(result, read=200, change=200, accepted=200)


def test_few_records_are_not_guarded_by_shares(world: World) -> None:
    guarded = replace(MIRROR, guards=Guards())
    many(world, 99)
    world.run(guarded, approved=False)
    many(world, 1, "b")
    world.run(guarded, approved=False)


@pytest.mark.parametrize("change", [{"identifier": "email"}, {"key_column": "uid"}])
def test_another_identifier_or_key_column_starts_anew_and_asks(world: World, change: dict[str, str]) -> None:
    types = {"id": "VARCHAR", "uid": "VARCHAR", "plan": "VARCHAR"}
    world.table(types, ("a@b.co", "u1@b.co", "x"))
    world.run(people(column("plan")))
    other = people(column("plan"), **change)
    with pytest.raises(ApprovalNeeded, match="are now known by"):
        world.run(other, approved=False)
    result = world.run(other)
    counts(result, read=1, add=1, accepted=1)
    assert result.frozen.new_generation
    counts(world.run(other, approved=False), read=1, unchanged=1)


def test_another_workspace_starts_anew_and_asks(world: World) -> None:
    world.table(TYPES, ("1", "a"))
    world.run(people(column("plan")))
    world.seed = STAGING
    with pytest.raises(WrongWorkspace):
        world.run(people(column("plan")))
    world.client = world.connect()
    with pytest.raises(ApprovalNeeded, match="workspace 1001"):
        world.run(people(column("plan")), approved=False)
    counts(world.run(people(column("plan"))), read=1, add=1, accepted=1)


UPDATE_ONLY = people(column("plan"), behavior=Behavior.UPDATE_ONLY)


def test_update_only_creates_nobody_and_cannot_see_behind_the_answer(world: World) -> None:
    world.table(TYPES, ("1", "a"))
    world.run(people())
    world.table(TYPES, ("1", "a"), ("2", "b"))
    counts(world.run(UPDATE_ONLY), read=2, add=1, change=1, accepted=2)
    assert world.wires() == {"1": {"plan": '"a"'}}
    counts(world.run(UPDATE_ONLY), read=2, unchanged=2)


def test_update_only_with_an_app_api_key_counts_the_unknown_as_missed_and_asks_again(world: World) -> None:
    world.client = world.connect(app_api_key=PRODUCTION.app_key)
    world.admin("/settings", {"app_rate": 0}, "PATCH")
    world.table(TYPES, ("1", "a"), ("3", "c"))
    world.run(people())
    world.table(TYPES, ("1", "a"), ("2", "b"), ("3", "c"))
    counts(world.run(UPDATE_ONLY, can_look_up=True), read=3, change=2, missed=1, accepted=2)
    assert "2" not in world.acknowledged()
    counts(world.run(UPDATE_ONLY, can_look_up=True), read=3, unchanged=2, missed=1)
    world.table(TYPES, ("2", "b"))
    world.folder.joinpath("other").mkdir()
    other = World(world.url, world.folder / "other")
    other.table(TYPES, ("2", "zero"))
    other.run(people())
    counts(world.run(UPDATE_ONLY, can_look_up=True), read=1, add=1, accepted=1)
    assert world.wires()["2"] == {"plan": '"b"'}
    other.client.close()


def test_however_many_people_are_looked_up_few_of_their_keys_are_in_memory(tmp_path: Path) -> None:
    together: list[int] = []
    asked: list[str] = []

    class Watched(Workbench):
        def run(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
            rows = super().run(sql, parameters)
            together.extend([len(rows), *(len(one) for one in parameters or () if isinstance(one, list))])
            return rows

    def missing(keys: Sequence[str]) -> Sequence[str]:
        asked.extend(keys)
        assert len(keys) <= 100
        return keys

    with Watched(tmp_path, maps=False) as bench:
        bench.run("CREATE TEMP TABLE held_now AS SELECT '7' AS key")
        task: Any = SimpleNamespace(
            bench=bench, candidates=lambda: "SELECT i::VARCHAR AS key FROM range(9999) t(i)"
        )
        assert find_missed(task, missing) == 9_998
        assert bench.value("SELECT count(DISTINCT key) FROM missed") == 9_998
    assert sorted(asked, key=int) == [str(i) for i in range(9_999) if i != 7]
    assert max(together) <= KEYS_TOGETHER


def test_update_only_without_attributes_is_a_valid_request(world: World) -> None:
    world.table(TYPES, ("1", "a"))
    counts(world.run(people(behavior=Behavior.UPDATE_ONLY)), read=1, add=1, accepted=1)
    assert world.sent()[0]["attributes"] == {"_update": True}
    assert world.wires() == {}


def test_update_only_takes_one_attribute_less_because_it_sends_one_of_its_own(world: World) -> None:
    world.table({"id": "VARCHAR", **{f"c{i}": "VARCHAR" for i in range(300)}}, ("1", *["x"] * 300))
    columns = [column(f"c{i}") for i in range(300)]
    counts(world.run(people(*columns[1:], behavior=Behavior.UPDATE_ONLY)), read=1, add=1, accepted=1)
    with pytest.raises(ConfigurationError, match="at most 299"):
        world.run(people(*columns, behavior=Behavior.UPDATE_ONLY))


def test_a_prospect_known_by_email_becomes_the_person_with_that_email_and_an_id(world: World) -> None:
    world.table({"address": "VARCHAR", "source": "VARCHAR"}, ("Ada@example.com", "fair"))
    world.run(people(column("source"), identifier="email", key_column="address"))
    world.folder.joinpath("customers").mkdir()
    customers = World(world.url, world.folder / "customers")
    customers.table({"id": "INTEGER", "email": "VARCHAR", "plan": "VARCHAR"}, (7, "ada@example.com", "pro"))
    customers.run(people(column("email"), column("plan")))
    (person,) = world.admin("/people")["people"]
    assert (person["id"], person["email"].lower()) == ("7", "ada@example.com")
    assert (person["attributes"]["source"], person["attributes"]["plan"]) == ("fair", "pro")
    customers.client.close()


def test_every_guard_that_stops_a_run_is_named(world: World) -> None:
    guarded = replace(MIRROR, guards=Guards())
    many(world, 200)
    world.run(guarded, approved=False)
    many(world, 150, "b")
    both = (
        r"^This run would remove 50 of 200 records \(25%; the guard allows 10%\) and overwrite values of 150 of 200 "
        r"records \(75%; the guard allows 50%\)\. "
    )
    with pytest.raises(ApprovalNeeded, match=both):
        world.run(guarded, approved=False)
    many(world, 0)
    with pytest.raises(
        ApprovalNeeded, match=r"no rows; the last run read 200\. .* remove 200 of 200"
    ) as stopped:
        world.run(guarded, approved=False)
    assert stopped.value.hint.startswith("Check the query.")
