"""The digest finds unchanged rows, and never hides a changed one nor makes one of a row that says the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import duckdb
import pytest

from headcount.digest import row_digest
from headcount.frozen import FILE
from headcount.model import Mapping as Mapped
from headcount.model import NullRule, Template, ValueType
from headcount.sync import make_plan, run_line
from tests.line.harness import Book, World, column, counts, people

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


def undigested(world: World) -> int:
    return int(world.stored("SELECT count(*) FROM acknowledged WHERE digest IS NULL")[0][0])


@pytest.mark.parametrize(
    ("type_", "field", "before", "after"),
    [
        ("TIMESTAMP", ValueType.AUTO, "2024-01-31 10:00:00.1", "2024-01-31 10:00:00.9"),
        ("VARCHAR", ValueType.NUMBER, "1.0", " 1"),
        ("VARCHAR", ValueType.BOOLEAN, "yes", "TRUE"),
        ("VARCHAR", ValueType.JSON, '{"a":1,"b":2}', '{"b": 2, "a": 1.0}'),
        (
            "UUID",
            ValueType.AUTO,
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        ),
        ("DOUBLE", ValueType.AUTO, "-0.0", "0.0"),
        ("DOUBLE", ValueType.AUTO, "nan", None),
        ("DOUBLE", ValueType.TIMESTAMP, "1700000000.2", "1700000000.7"),
        ("DECIMAL(20, 2)", ValueType.AUTO, "1.5", "1.50"),
    ],
)
def test_another_word_for_the_same_value_is_no_change(
    world: World, type_: str, field: ValueType, before: Any, after: Any
) -> None:
    types = {"id": "INTEGER", "x": type_}
    sync = people(column("x", type=field))
    world.table(types, (1, before), (2, before))
    world.run(sync)
    world.table(types, (1, after), (2, before))
    counts(world.run(sync), read=2, unchanged=2)


@pytest.mark.parametrize("rule", [NullRule.UNSET, NullRule.KEEP])
def test_an_empty_text_is_another_value_than_none_where_it_is_sent_as_one(
    world: World, rule: NullRule
) -> None:
    types = {"id": "INTEGER", "x": "VARCHAR"}
    sync = people(column("x", null=rule))
    world.table(types, (1, None))
    world.run(sync)
    world.table(types, (1, ""))
    same = {"read": 1, "unchanged": 1}
    counts(world.run(sync), **(same if rule is NullRule.KEEP else {"read": 1, "change": 1, "accepted": 1}))
    counts(world.run(sync), **same)


def test_a_new_type_of_a_column_changes_no_row_and_digests_are_made_anew(world: World) -> None:
    sync = people(column("plan"), column("n"))
    world.table(TYPES, (1, "a", 1), (2, "b", 2))
    world.run(sync)
    world.table({**TYPES, "n": "DECIMAL(9, 2)"}, (1, "a", 1), (2, "b", 2))
    counts(world.run(sync), read=2, unchanged=2)
    assert undigested(world) == 0
    world.table({**TYPES, "n": "DECIMAL(9, 2)"}, (1, "a", 1), (2, "b", 2.5))
    counts(world.run(sync), read=2, change=1, unchanged=1, accepted=1)


def test_another_template_is_noticed_and_so_is_another_constant(world: World) -> None:
    world.table(TYPES, (1, "a", 1))
    for text, change in (("{{ plan }}!", 1), ("{{ plan }}?", 1), ("{{ plan }}?", 0)):
        found = world.run(people(Mapped(to="greeting", source=Template(text)), column("plan")))
        assert found.counts.unchanged == 1 - change, text
    assert world.wires()["1"]["greeting"] == '"a?"'


def test_rows_that_were_away_when_digests_were_made_anew_are_compared_value_by_value(world: World) -> None:
    sync, other = people(column("plan"), column("n")), {**TYPES, "n": "BIGINT"}
    world.table(TYPES, (1, "a", 1), (2, "b", 2), (3, "c", 3))
    world.run(sync)
    world.table(other, (1, "a", 1))
    counts(world.run(sync), read=1, unchanged=1)
    assert undigested(world) == 2
    world.table(other, (1, "a", 1), (2, "b", 2), (3, "c", 4))
    counts(world.run(sync), read=3, unchanged=2, change=1, accepted=1)
    assert undigested(world) == 0
    counts(world.run(sync), read=3, unchanged=3)


def test_a_row_that_is_sent_alone_leaves_the_digests_of_the_others(world: World) -> None:
    sync = people(column("plan"), column("n"))
    world.table(TYPES, (1, "a", 1), (2, "b", 2))
    world.run(sync)
    world.table({**TYPES, "n": "BIGINT"}, (1, "a", 1), (2, "b", 2))
    run, folder = world.next_run()
    run_line(world.line(sync), run, Book(), folder, approved=True, only="1")
    assert undigested(world) == 1
    world.table(TYPES, (1, "a", 1), (2, "b", 2))
    counts(world.run(sync), read=2, unchanged=2)
    assert undigested(world) == 0


def test_what_was_refused_is_not_recognised(world: World) -> None:
    sync = people(column("plan"), column("n"))
    world.table(TYPES, (1, "a", 1), (2, "b", 2))
    world.run(sync)
    world.table(TYPES, (1, "x", 1), (2, "b", 2))
    world.refuse('"x"')
    counts(world.run(sync), read=2, change=1, unchanged=1, rejected=1)
    world.mend()
    counts(world.run(sync), read=2, held=1, unchanged=1)
    world.table(TYPES, (1, "a", 1), (2, "b", 2))
    counts(world.run(sync), read=2, unchanged=2)
    assert world.held() == set()


def test_a_plan_of_a_release_that_knew_no_such_digests_is_sent_and_its_rows_are_the_same_afterwards(
    world: World,
) -> None:
    sync = people(column("plan"), column("n"))
    world.table(TYPES, (1, "a", 1), (2, "b", 2))
    run, folder = world.next_run()
    make_plan(world.line(sync), folder)
    document = json.loads((folder / FILE).read_text())
    del document["digests"]
    (folder / FILE).write_text(json.dumps(document))
    run_line(world.line(sync), run, Book(), folder, approved=True)
    assert undigested(world) == 2
    counts(world.run(sync), read=2, unchanged=2)
    assert undigested(world) == 0


def test_columns_may_be_called_like_those_that_the_comparison_adds(world: World) -> None:
    names = (
        "key",
        "digest",
        "recognised",
        "row_key",
        "row_digest",
        "row_recognised",
        "w000",
        "early000",
        "spelled000",
    )
    types = {"id": "INTEGER", **dict.fromkeys(names, "DOUBLE"), "Early001": "TIMESTAMP"}
    sync = people(*(column(f"x_{name}", name) for name in (*names, "Early001")))
    row = (1, *(number + 0.5 for number in range(len(names))), "2024-01-31 10:00:00")
    world.table(types, row)
    counts(world.run(sync), read=1, add=1, accepted=1)
    counts(world.run(sync), read=1, unchanged=1)
    wires = world.wires()["1"]
    assert [wires[f"x_{name}"] for name in names] == [f"{number}.5" for number in range(len(names))]
    world.table(types, (*row[:-1], "2024-01-31 10:00:01"))
    counts(world.run(sync), read=1, change=1, accepted=1)


def test_warnings_are_told_of_rows_that_did_not_change(world: World) -> None:
    types = {"id": "INTEGER", "email": "VARCHAR"}
    sync = people(column("email"), warn_only=("email_form",))
    world.table(types, (1, "nonsense"), (2, "b@example.com"))
    for _ in range(2):
        found = world.run(sync)
        assert [count for *_, count in found.frozen.planned.warnings] == [1]
    counts(found, read=2, unchanged=2)


@pytest.mark.parametrize(
    ("type_", "before", "after"),
    [
        ("DECIMAL(20, 2)", "0", "-0.01"),
        ("DECIMAL(38, 0)", "0", "-1"),
        ("DECIMAL(38, 0)", "1", "18446744073709551616"),
        ("HUGEINT", "0", "-1"),
        ("DECIMAL(18, 2)", "0", "-0.01"),
        ("BIGINT", "0", "-1"),
        ("DOUBLE", "0", "-5e-324"),
    ],
)
def test_numbers_that_the_engine_hashes_alike_are_told_apart(
    world: World, type_: str, before: str, after: str
) -> None:
    types = {"id": "INTEGER", "x": type_, "y": type_}
    sync = people(column("x"), column("y"))
    world.table(types, (1, before, before), (2, after, after))
    world.run(sync)
    world.table(types, (1, after, after), (2, after, before))
    counts(world.run(sync), read=2, change=2, accepted=2)


def test_a_field_that_takes_the_place_of_another_is_sent_of_every_row(world: World) -> None:
    world.table(TYPES, (1, "a", 1), (2, "b", 2), (3, "c", 3))
    world.run(people(column("plan"), column("n")))
    renamed = people(column("plan"), column("count", "n"))
    run, folder = world.next_run()
    run_line(world.line(renamed), run, Book(), folder, approved=True, only="1")
    counts(world.run(renamed), read=3, change=2, unchanged=1, accepted=2)
    assert {wires["count"] for wires in world.wires().values()} == {"1", "2", "3"}


def test_a_field_that_is_skipped_where_it_is_empty_does_not_inherit_the_values_of_the_one_before(
    world: World,
) -> None:
    types = {"id": "INTEGER", "plan": "VARCHAR", "n": "INTEGER", "m": "INTEGER"}
    skip = {"null": NullRule.SKIP}
    world.table(types, (1, "a", 1, None), (2, "b", 2, None))
    world.run(people(column("plan"), column("n", **skip)))
    other = people(column("plan"), column("m", **skip))
    counts(world.run(other), read=2, unchanged=2)
    world.table(types, (1, "a", 1, 1), (2, "b", 2, None))
    counts(world.run(other), read=2, change=1, unchanged=1, accepted=1)
    assert world.wires()["1"]["m"] == "1"


def test_a_field_that_was_away_for_a_test_of_one_row_is_sent_again(world: World) -> None:
    narrow, sync = people(column("plan")), people(column("plan"), column("n"))
    world.table(TYPES, (1, "a", 1), (2, "b", 2))
    world.run(sync)
    for each in (narrow, sync):
        run, folder = world.next_run()
        run_line(world.line(each), run, Book(), folder, approved=True, only="1")
    counts(world.run(sync), read=2, change=1, unchanged=1, accepted=1)


def test_rows_that_were_refused_after_a_field_came_back_stay_held(world: World) -> None:
    sync = people(column("plan"), column("n"))
    world.table(TYPES, (1, "a", 1), (2, "b", 2))
    world.run(sync)
    world.run(people(column("plan", null=NullRule.SKIP)))
    world.refuse('"[ab]"')
    counts(world.run(sync), read=2, change=2, rejected=2)
    world.mend()
    counts(world.run(sync), read=2, held=2)
