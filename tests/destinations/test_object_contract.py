"""What every object of every destination owes: the declaration, the checks and the payloads of each of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from headcount.destinations.base import DestinationObject, Placed, WireField
from headcount.destinations.customerio.objects import OBJECTS, destination_object
from headcount.errors import ConfigurationError
from headcount.model import Behavior, FromColumn, Mapping, Model, Sync, ValueType
from headcount.workbench import Workbench, quote_text

objects = pytest.mark.parametrize("object_", OBJECTS.values(), ids=OBJECTS)
AWKWARD = ["plain", "", "it's", 'say "no"', "\\", "\x01\n\u2028", "ä😀", "} {", "!nul", "null", "x" * 2000]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Workbench(tmp_path_factory.mktemp("scratch")) as bench:
        yield bench


def sync_for(object_: DestinationObject, behavior: Behavior, identifier: str, *names: str) -> Sync:
    """A sync with everything the object cannot do without, and the named attributes."""
    slots: tuple[Mapping, ...] = ()
    if behavior is Behavior.APPEND_ONLY:
        slots = tuple(
            Mapping(to=to, source=FromColumn(to), slot=slot)
            for to, slot in (("name", "name"), ("id", "person"))
        )
    return Sync(
        key="s",
        name="S",
        model=Model(key="m", name="m", connection="c", table="t"),
        destination="d",
        object=object_.name,
        behavior=behavior,
        identifier=identifier,
        key_column="k",
        mappings=(*slots, *(Mapping(to=name, source=FromColumn(name)) for name in names)),
        stream_id="stream",
    )


def syncs(object_: DestinationObject, *names: str) -> list[Sync]:
    return [sync_for(object_, b, i, *names) for b in object_.behaviors for i in object_.identifiers]


def operation(
    bench: Workbench, object_: DestinationObject, sync: Sync, key: str, wire: str | None, nullable: bool
) -> Any:
    """The JSON operation of a row whose every field has the wire value ``wire``."""
    fields = [
        Placed(
            field=WireField(slot=m.slot, to=m.to, nullable=nullable and m.slot == "attributes"),
            sql="NULL::VARCHAR" if wire is None and m.slot == "attributes" else quote_text(wire or '"x"'),
        )
        for m in sync.mappings
    ]
    text = bench.value(f"SELECT {object_.operation(sync, quote_text(key), fields)}")
    assert text is not None
    return json.loads(text)


def test_objects_stand_in_the_table_under_their_names() -> None:
    assert all(
        destination_object(name) is object_ and object_.name == name for name, object_ in OBJECTS.items()
    )
    with pytest.raises(ConfigurationError, match="no object"):
        destination_object("spaceship")


@objects
def test_an_object_declares_behaviors_identifiers_and_a_size(object_: DestinationObject) -> None:
    assert object_.label
    assert object_.behaviors
    assert object_.identifiers
    assert 0 < object_.item_bytes <= 32_000
    assert isinstance(object_.optional_slots, tuple)


@objects
def test_every_offered_combination_is_valid(object_: DestinationObject) -> None:
    for sync in syncs(object_, "plan", "a.b", "Plan"):
        assert not list(object_.mistakes(sync))


@objects
@pytest.mark.parametrize("name", ["", "a\x00b", "é" * 76])
def test_impossible_field_names_are_refused(object_: DestinationObject, name: str) -> None:
    for sync in syncs(object_, name):
        (mistake,) = object_.mistakes(sync)
        assert mistake.field == name
        assert mistake.wrong and mistake.mend


@objects
def test_a_field_mapped_twice_is_refused(object_: DestinationObject) -> None:
    for sync in syncs(object_, "plan", "plan"):
        (mistake,) = object_.mistakes(sync)
        assert mistake.field == "plan"
        assert "more than once" in mistake.wrong


@objects
@pytest.mark.parametrize("key", [key for key in AWKWARD if key])
def test_operations_are_json_whatever_the_key(bench: Workbench, object_: DestinationObject, key: str) -> None:
    for sync in syncs(object_, "plan"):
        found = operation(bench, object_, sync, key, '"v"', False)
        assert found["attributes"]["plan"] == "v"
        assert len(found["identifiers"]) == 1
        if Behavior.APPEND_ONLY not in object_.behaviors:
            assert found["identifiers"] == {sync.identifier: key}


@objects
@pytest.mark.parametrize("name", [name for name in AWKWARD if name and len(name) < 150])
def test_operations_are_json_whatever_the_names(
    bench: Workbench, object_: DestinationObject, name: str
) -> None:
    for sync in syncs(object_, name):
        assert operation(bench, object_, sync, "k", "1.50", False)["attributes"][name] == 1.5


@objects
@pytest.mark.parametrize("count", [0, 1, 2, 5])
@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize("said", [False, True])
def test_fields_that_say_nothing_are_left_out_with_their_commas(
    bench: Workbench, object_: DestinationObject, count: int, nullable: bool, said: bool
) -> None:
    names = [f"n{i}" for i in range(count)]
    for sync in syncs(object_, *names):
        wire = '{"a":[1,null]}' if said or not nullable else None
        found = operation(bench, object_, sync, "k", wire, nullable)["attributes"]
        expected = names if wire else []
        assert [name for name in found if name in names] == expected


@objects
def test_removals_name_the_record_or_are_not_offered(bench: Workbench, object_: DestinationObject) -> None:
    for sync in syncs(object_):
        if Behavior.MIRROR in object_.behaviors:
            found = json.loads(bench.value(f"SELECT {object_.removal(sync, quote_text('its'))}"))
            assert list(found["identifiers"]) == [sync.identifier]
        else:
            with pytest.raises(ConfigurationError):
                object_.removal(sync, "'k'")


@objects
def test_checks_have_names_reasons_and_gates_that_hold_wherever_they_fail(
    bench: Workbench, object_: DestinationObject
) -> None:
    checks = [check for sync in syncs(object_) for check in object_.key_checks(sync)]
    keys = [*(quote_text(key) for key in AWKWARD if key), quote_text("é" * 100), quote_text("cio_1")]
    _hold(bench, checks, keys)
    for slot, to in [("attributes", "plan"), ("attributes", "email"), ("name", "name"), ("person", "email")]:
        wires = [quote_text(json.dumps(text, ensure_ascii=False)) for text in AWKWARD]
        wires += ["'null'", "'1.5'", "'{\"a\":1}'"] if slot == "attributes" else []
        _hold(bench, list(object_.field_checks(slot, to)), wires)


def _hold(bench: Workbench, checks: list[Any], values: list[str]) -> None:
    for check in checks:
        assert re.fullmatch("[a-z_]+", check.name)
        for value in values:
            fails = bench.value(f"SELECT {check.fails.replace('{w}', value)}")
            assert fails in (True, False), (check.name, value)
            if fails:
                assert bench.value(f"SELECT {check.reason.replace('{w}', value)}")
                assert bench.value(f"SELECT {(check.gate or 'true').replace('{w}', value)}")


@objects
def test_plan_warnings_are_aggregates_that_count_rows(bench: Workbench, object_: DestinationObject) -> None:
    for sync in syncs(object_, "email" if "email" not in object_.identifiers else "plan"):
        mappings = (*sync.mappings, Mapping(to="at", source=FromColumn("at"), slot="timestamp"))
        fields = [Placed(field=WireField(slot=m.slot, to=m.to), sql="f") for m in mappings]
        for warning in object_.plan_warnings(replace(sync, mappings=mappings), fields):
            counted = bench.value(f"SELECT {warning.count} FROM (VALUES ('1'), ('1'), (NULL), ('null')) t(f)")
            assert 0 <= counted <= 4
            assert bench.value(f"SELECT {warning.count} FROM (SELECT ''::VARCHAR AS f WHERE false)") == 0


@objects
def test_declared_types_are_value_types(object_: DestinationObject) -> None:
    for slot, to in [
        ("attributes", "plan"),
        ("attributes", "created_at"),
        ("timestamp", "at"),
        ("name", "n"),
    ]:
        assert isinstance(object_.declared_type(slot, to), ValueType)
