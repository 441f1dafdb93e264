"""Only what differs from what was accepted is sent, field by field."""

from __future__ import annotations

import pytest

from headcount.errors import ConfigurationError
from headcount.model import Constant, Mapping, Metadata, NullRule, Template, ValueType
from tests.line.harness import World, column, counts, people

TYPES = {"id": "INTEGER", "plan": "VARCHAR", "n": "INTEGER"}


def test_only_rows_that_differ_are_sent_with_all_their_fields(world: World) -> None:
    sync = people(column("plan"), column("n"))
    world.table(TYPES, (1, "a", 1), (2, "b", 2), (3, "c", 3))
    world.run(sync)
    world.sent()
    world.table(TYPES, (1, "a", 1), (2, "B", 2), (4, "d", 4))
    result = world.run(sync)
    counts(result, read=3, add=1, change=1, unchanged=1, accepted=2)
    assert result.frozen.planned.field_changes == {"plan": 1}
    sent = {item["identifiers"]["id"]: item["attributes"] for item in world.sent()}
    assert sent == {"2": {"plan": "B", "n": 2}, "4": {"plan": "d", "n": 4}}
    assert set(world.wires()) == {"1", "2", "3", "4"}


def test_changed_fields_only_sends_the_fields_that_differ(world: World) -> None:
    sync = people(column("plan"), column("n"), changed_fields_only=True)
    world.table(TYPES, (1, "a", 1), (2, "b", 2))
    world.run(sync)
    world.sent()
    world.table(TYPES, (1, "A", 1), (2, "b", None))
    counts(world.run(sync), read=2, change=2, accepted=2)
    sent = {item["identifiers"]["id"]: item["attributes"] for item in world.sent()}
    assert sent == {"1": {"plan": "A"}, "2": {"n": None}}
    assert world.wires() == {"1": {"plan": '"A"', "n": "1"}, "2": {"plan": '"b"'}}
    counts(world.run(sync), read=2, unchanged=2)
    counts(world.run(sync, full=True), read=2, change=2, accepted=2)
    assert world.sent()[0]["attributes"].keys() == {"plan", "n"}


def test_changed_fields_only_with_metadata_sends_the_metadata_along(world: World) -> None:
    sync = people(column("plan"), Mapping(to="run", source=Metadata("run_id")), changed_fields_only=True)
    world.table(TYPES, (1, "a", 1))
    world.run(sync)
    world.sent()
    world.table(TYPES, (1, "b", 1))
    world.run(sync)
    assert world.sent()[0]["attributes"] == {"plan": "b", "run": 2}


def test_metadata_is_sent_and_never_compared(world: World) -> None:
    names = ("run_id", "run_started_at", "sync_name")
    sync = people(column("plan"), *(Mapping(to=name, source=Metadata(name)) for name in names))
    world.table(TYPES, (1, "a", 1))
    world.run(sync)
    assert world.wires()["1"]["run_id"] == "1"
    assert world.wires()["1"]["sync_name"] == '"People"'
    counts(world.run(sync), read=1, unchanged=1)


def test_an_added_mapping_sends_only_the_rows_it_affects_and_the_plan_says_so(world: World) -> None:
    world.table(TYPES, (1, "a", 1), (2, "b", None), (3, "c", 3))
    world.run(people(column("plan")))
    result = world.run(people(column("plan"), column("n", null=NullRule.SKIP)))
    counts(result, read=3, change=2, unchanged=1, accepted=2)
    assert result.frozen.planned.new_fields == ("n",)
    assert result.frozen.planned.field_changes == {"n": 2}
    assert result.frozen.planned.overwrites == 0


def test_a_changed_constant_is_a_change_of_every_row(world: World) -> None:
    world.table(TYPES, (1, "a", 1), (2, "b", 2))
    world.run(people(Mapping(to="from", source=Constant("web"))))
    counts(world.run(people(Mapping(to="from", source=Constant("web")))), read=2, unchanged=2)
    result = world.run(people(Mapping(to="from", source=Constant("app"))))
    counts(result, read=2, change=2, accepted=2)
    assert result.frozen.planned.overwrites == 2


def test_a_template_that_renders_the_same_is_no_change(world: World) -> None:
    world.table(TYPES, (1, "a", 1))
    world.run(people(Mapping(to="t", source=Template("{{ plan }}!"))))
    counts(world.run(people(Mapping(to="t", source=Template("{{ plan }}{{ '!' }}")))), read=1, unchanged=1)


def test_a_column_that_changes_its_type_and_not_its_values_is_no_change(world: World) -> None:
    sync = people(column("n", type=ValueType.NUMBER))
    world.table({"id": "INTEGER", "n": "INTEGER"}, (1, 10), (2, None))
    world.run(sync)
    for type_ in ("VARCHAR", "DOUBLE", "DECIMAL(20,5)", "HUGEINT"):
        world.table({"id": "INTEGER", "n": type_}, (1, "10"), (2, None))
        result = world.run(sync)
        counts(result, read=2, unchanged=2)
        assert [change[0] for change in result.frozen.type_changes] == ["n"]


def test_reordered_json_is_no_change(world: World) -> None:
    types = {"id": "INTEGER", "doc": "JSON"}
    world.table(types, (1, '{"a": 1.0, "b": {"x": 1, "y": 2}}'))
    world.run(people(column("doc")))
    world.table(types, (1, '{"b":{"y":2,"x":1},"a":1}'))
    counts(world.run(people(column("doc"))), read=1, unchanged=1)


def test_names_that_differ_only_in_case_or_are_150_bytes_long_are_fields_of_their_own(world: World) -> None:
    longest = "é" * 75
    names = (
        "Plan",
        "plan",
        "PLAN",
        longest,
        'odd " name',
        "it's",
        "a.b",
        "select",
        "order by",
        "\t",
        "f000",
        "key",
    )
    sync = people(*(Mapping(to=name, source=Constant(index)) for index, name in enumerate(names)))
    world.table(TYPES, (1, "a", 1))
    world.run(sync)
    assert world.wires()["1"] == {name: str(index) for index, name in enumerate(names)}
    counts(world.run(sync), read=1, unchanged=1)
    changed = [Mapping(to=n, source=Constant(99 if n == "plan" else i)) for i, n in enumerate(names)]
    result = world.run(people(*changed))
    assert result.frozen.planned.field_changes == {"plan": 1}
    with pytest.raises(ConfigurationError, match="152 bytes"):
        world.run(people(Mapping(to="é" * 76, source=Constant(1))))


def test_300_attributes_travel_and_301_do_not(world: World) -> None:
    wide = {"id": "INTEGER", **{f"c{i}": "VARCHAR" for i in range(301)}}
    rows = [(key, *(f"{key}-{i}" for i in range(301))) for key in range(20)]
    world.table(wide, *rows)
    sync = people(*(column(f"c{i}", null=list(NullRule)[i % 3]) for i in range(300)))
    counts(world.run(sync), read=20, add=20, accepted=20)
    assert len(world.wires()["7"]) >= 298  # the person's id and birth count among the 300
    counts(world.run(sync), read=20, unchanged=20)
    rows[7] = (7, *rows[7][1:100], "other", *rows[7][101:])
    world.table(wide, *rows)
    counts(world.run(sync), read=20, change=1, unchanged=19, accepted=1)
    with pytest.raises(ConfigurationError, match="301"):
        world.run(people(*(column(f"c{i}") for i in range(301))))


def test_a_sync_may_map_nothing_but_its_identifier(world: World) -> None:
    world.table(TYPES, (1, "a", 1), (2, "b", 2))
    counts(world.run(people()), read=2, add=2, accepted=2)
    assert world.wires() == {"1": {}, "2": {}}
    counts(world.run(people()), read=2, unchanged=2)
    counts(world.run(people(column("plan"))), read=2, change=2, accepted=2)
    counts(world.run(people()), read=2, unchanged=2)


def test_mappings_come_and_go_in_one_edit(world: World) -> None:
    world.table(TYPES, (1, "a", 1))
    world.run(people(column("plan"), column("n")))
    for mappings in ([column("n"), column("x", "plan")], [column("plan"), column("y", "n")], []):
        world.run(people(*mappings))
        counts(world.run(people(*mappings)), read=1, unchanged=1)
    counts(world.run(people(column("plan"))), read=1, change=1, accepted=1)


def test_a_full_run_sends_every_person_again(world: World) -> None:
    sync = people(column("plan"))
    world.table(TYPES, (1, "a", 1), (2, "b", 2))
    world.run(sync)
    result = world.run(sync, full=True)
    counts(result, read=2, change=2, accepted=2)
    assert result.frozen.planned.overwrites == 0


def test_many_rows_of_many_fields_are_compared_in_little_memory(world: World) -> None:
    columns = ", ".join(f"'{k}-' || i AS c{k}" for k in range(120))
    world.sql(f"CREATE TABLE rows AS SELECT i AS id, {columns} FROM range(8000) t(i)")
    assert world.plan(people(*(column(f"c{k}") for k in range(120)))).plan.add == 8000
