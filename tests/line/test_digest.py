"""The digest finds unchanged rows, and never hides a changed one."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from headcount.digest import row_digest
from headcount.model import NullRule
from tests.line.harness import World, column, counts, people

TYPES = {"id": "INTEGER", "plan": "VARCHAR", "n": "INTEGER"}


def test_values_never_run_into_each_other() -> None:
    pairs = [
        ('"a"', '"b"'),
        ('"a', 'b"'),
        ('"ab"', ""),
        ("", '"ab"'),
        ("null", None),
        (None, "null"),
        (None, None),
    ]
    with duckdb.connect() as database:
        database.execute("CREATE TABLE t (x VARCHAR, y VARCHAR)").fetchall()
        database.executemany("INSERT INTO t VALUES (?, ?)", pairs)
        digest = row_digest(["x", "y"])
        found = database.execute(f"SELECT count(DISTINCT {digest}) FROM t").fetchall()
    assert found == [(len(pairs),)]


def test_after_every_kind_of_edit_only_what_changed_is_sent(world: World) -> None:
    sync = people(column("plan"), column("n"))
    world.table(TYPES, (1, "a", 1), (2, "b", None), (3, None, 3))
    counts(world.run(sync), read=3, add=3, accepted=3)
    counts(world.run(sync), read=3, unchanged=3)
    world.table(TYPES, (1, "a", 2), (2, "b", None), (3, None, 3))
    counts(world.run(sync), read=3, change=1, unchanged=2, accepted=1)
    counts(world.run(sync), read=3, unchanged=3)
    world.table(TYPES, (1, "a", 2), (2, None, None), (3, "c", 3))
    counts(world.run(sync), read=3, change=2, unchanged=1, accepted=2)
    counts(world.run(sync), read=3, unchanged=3)


def test_digests_of_other_fields_are_not_believed(world: World) -> None:
    world.table(TYPES, (1, "a", 1), (2, "b", 2))
    world.run(people(column("plan"), column("n")))
    counts(world.run(people(column("plan"))), read=2, unchanged=2)
    counts(world.run(people(column("plan"))), read=2, unchanged=2)
    world.table(TYPES, (1, "x", 1), (2, "b", 2))
    counts(world.run(people(column("plan"))), read=2, change=1, unchanged=1, accepted=1)
    counts(world.run(people(column("plan"), column("n"))), read=2, change=2, accepted=2)
    counts(world.run(people(column("plan"), column("n"))), read=2, unchanged=2)


@pytest.mark.parametrize("rule", [NullRule.UNSET, NullRule.SKIP])
def test_values_that_were_accepted_are_not_checked_again_until_they_change(
    world: World, rule: NullRule
) -> None:
    types = {"id": "INTEGER", "email": "VARCHAR"}
    strict = people(column("email", null=rule))
    world.table(types, (1, "nonsense"), (2, "b@example.com"))
    counts(world.run(replace(strict, warn_only=("email_form",))), read=2, add=2, accepted=2)
    counts(world.run(strict), read=2, unchanged=2)
    world.table(types, (1, "more nonsense"), (2, "b@example.com"))
    counts(world.run(strict), read=2, invalid=1, unchanged=1)
    world.table(types, (1, "nonsense"), (1, "nonsense"), (2, "b@example.com"))
    counts(world.run(strict), read=3, invalid=2, unchanged=1)


def test_a_change_that_names_some_fields_keeps_the_others_and_is_recognised_afterwards(world: World) -> None:
    sync = people(column("plan"), column("n"), changed_fields_only=True)
    world.table(TYPES, (1, "a", 1), (2, "b", 2))
    world.run(sync)
    world.table(TYPES, (1, "a", 9), (2, "b", 2))
    counts(world.run(sync), read=2, change=1, unchanged=1, accepted=1)
    assert world.wires()["1"] == {"plan": '"a"', "n": "9"}
    counts(world.run(sync), read=2, unchanged=2)
