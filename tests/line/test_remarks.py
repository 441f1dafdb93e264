"""Values that are sent as they are, and that the plan has something to say about."""

from __future__ import annotations

from typing import Any

import pytest

from headcount.model import Mapping, ValueType
from tests.line.harness import World, column, counts, events, people

SECONDS_IN_1970 = "20240131"  # 23 August


def told(world: World, type_: str, mapping: Mapping, *values: Any) -> tuple[tuple[str, str, int], ...]:
    world.table({"id": "INTEGER", "born": type_}, *enumerate(values))
    result = world.run(people(mapping))
    counts(result, read=len(values), add=len(values), accepted=len(values))
    return result.frozen.planned.warnings


@pytest.mark.parametrize("type_", ["VARCHAR", "INTEGER", "DECIMAL(12,2)", "DOUBLE"])
def test_dates_written_as_numbers_are_sent_as_seconds_and_told_in_every_run(world: World, type_: str) -> None:
    mapping = column("born", type=ValueType.TIMESTAMP)
    values = ("20240131", "19991231", "1706659200", "20241301", "2024013", "0", None)
    ((field, reason, rows),) = told(world, type_, mapping, *values)
    assert (field, rows) == ("born", 2)
    assert "day in 1970" in reason
    assert world.wires()["0"] == {"born": SECONDS_IN_1970}
    again = world.run(people(mapping))
    counts(again, read=len(values), unchanged=len(values))
    assert again.frozen.planned.warnings == ((field, reason, 2),)


def test_a_field_that_customer_io_takes_for_a_time_is_looked_at_too(world: World) -> None:
    ((field, _, rows),) = told(world, "BIGINT", column("created_at", "born"), 20240131, 1706659200)
    assert (field, rows) == ("created_at", 1)


def test_real_dates_and_plain_numbers_are_nothing_to_talk_about(world: World) -> None:
    mapping = column("born", type=ValueType.TIMESTAMP)
    assert told(world, "VARCHAR", mapping, "2024-01-31", "1970-08-23") == ()
    world.state.delete()
    assert told(world, "DATE", column("born"), "1970-08-23", "2024-01-31") == ()
    world.state.delete()
    assert told(world, "INTEGER", column("born"), 20240131) == ()


def test_blanks_around_the_person_of_an_event_are_told(world: World) -> None:
    types = {"id": "VARCHAR", "name": "VARCHAR", "person": "VARCHAR"}
    persons = ("p1", " p1", "p1 ", "p1\n", "p 1")
    world.table(types, *((str(n), "buy", person) for n, person in enumerate(persons)))
    result = world.run(events())
    counts(result, read=5, add=5, accepted=5)
    (field, reason, rows), (other, _, _) = result.frozen.planned.warnings
    assert (field, rows, other) == ("id", 3, "timestamp")
    assert "begins or ends with a blank" in reason
