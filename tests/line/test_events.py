"""Events: each once, with an id that never changes."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from headcount.errors import ConfigurationError
from headcount.model import Behavior, Budget, Constant, Counts, Mapping, Sync
from headcount.sync import make_plan, run_line
from tests.line.harness import Book, World, column, counts, events, people

TYPES = {"id": "VARCHAR", "name": "VARCHAR", "person": "VARCHAR", "at": "TIMESTAMP", "total": "DECIMAL(10,2)"}
SYNC = events(column("at", slot="timestamp"), column("total"))
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def row(
    key: str, at: str = "2024-01-02", name: str | None = "buy", person: str | None = "p1"
) -> tuple[Any, ...]:
    return (key, name, person, at, "9.50")


def ids(world: World) -> dict[str, str]:
    """Name of each event and its id."""
    return {event["name"]: event["id"] for event in world.events()["events"]}


def test_an_event_carries_its_name_time_person_and_properties(world: World) -> None:
    world.table(TYPES, row("1", "2024-01-02 03:04:05"))
    counts(world.run(SYNC), read=1, add=1, accepted=1)
    (event,) = world.events()["events"]
    assert (event["name"], event["type"], event["timestamp"]) == ("buy", "event", 1704164645)
    assert event["person"]["id"] == "p1"
    assert event["wire"] == {"total": "9.5"}
    assert ULID.fullmatch(event["id"])


def test_the_id_follows_from_stream_and_unique_id_and_nothing_else(world: World) -> None:
    world.table(TYPES, row("1"))
    world.run(SYNC)
    first = ids(world)["buy"]
    variants = [
        (replace(SYNC, name="Renamed", key="other"), row("1")),
        (SYNC, row("1", "1999-01-01", "refund", "p2")),
    ]
    for sync, changed in variants:
        world.admin("/reset", {})
        world.state.delete()
        world.table(TYPES, changed)
        world.run(sync)
        assert set(ids(world).values()) == {first}
    for sync, changed in [(replace(SYNC, stream_id="returns"), row("1")), (SYNC, row("2"))]:
        world.admin("/reset", {})
        world.state.delete()
        world.table(TYPES, changed)
        world.run(sync)
        assert set(ids(world).values()).isdisjoint({first})


def test_the_unique_ids_type_does_not_matter_to_the_id(world: World) -> None:
    world.table({**TYPES, "id": "INTEGER"}, row("42"))
    world.run(SYNC)
    for type_ in ("VARCHAR", "DOUBLE", "DECIMAL(8,3)"):
        world.table({**TYPES, "id": type_}, row("42"))
        counts(world.run(SYNC), read=1, unchanged=1)
        world.state.delete()
        world.run(SYNC)
    assert world.events()["total"] == 1
    assert world.events()["dropped_repeats"] == 3


def test_ten_thousand_ids_are_valid_and_distinct(world: World) -> None:
    world.sql(
        "CREATE OR REPLACE TABLE rows AS SELECT i AS id, 'buy' AS name, 'p' AS person, "
        "TIMESTAMP '2024-01-01' + to_seconds((i * 7919) % 10000) AS at, 1 AS total FROM range(10000) t(i)"
    )
    counts(world.run(SYNC, budget=Budget(max_items=0)), read=10_000, add=10_000, accepted=10_000)
    found = world.events()["events"]
    assert len({event["id"] for event in found}) == 10_000
    assert all(ULID.fullmatch(event["id"]) for event in found)


def test_the_plan_is_in_the_order_of_time_and_then_of_the_unique_id(world: World) -> None:
    world.sql(
        "CREATE OR REPLACE TABLE rows AS SELECT i AS id, 'buy' AS name, 'p' AS person, "
        "TIMESTAMP '1969-12-31 12:00:00' + to_seconds((i * 7919) % 100000) AS at, i AS total "
        "FROM range(200000) t(i)"
    )
    frozen = world.plan(SYNC)
    assert frozen.plan.add == 200_000
    from headcount.workbench import Workbench

    with Workbench(world.folder / "scratch", ordered=True) as bench:
        found = bench.run(
            f"SELECT f002::BIGINT, key FROM read_parquet('{frozen.plan.path}', file_row_number = true) "
            "ORDER BY file_row_number"
        )
    assert found == sorted(found)


def test_an_event_is_never_sent_again(world: World) -> None:
    world.table(TYPES, row("1"), row("2"))
    world.run(SYNC)
    world.table(TYPES, row("1", "2024-05-05", "other", "p9"), row("3"))
    counts(world.run(SYNC), read=2, add=1, unchanged=1, accepted=1)
    world.table(TYPES, row("2"))
    counts(world.run(SYNC), read=1, unchanged=1)
    counts(world.run(replace(SYNC, mappings=SYNC.mappings[:-1])), read=1, unchanged=1)
    assert world.events()["total"] == 3
    with pytest.raises(ConfigurationError, match="sent once"):
        world.run(SYNC, full=True)


def test_without_backfill_the_rows_of_the_first_run_count_as_seen(world: World) -> None:
    sync = replace(SYNC, backfill=False)
    world.table(TYPES, row("1"), row("2"), row("2"), row("3", name=None))
    counts(world.run(sync), read=4, unchanged=1, invalid=3)
    assert world.events()["total"] == 0
    world.table(TYPES, row("1"), row("2"), row("3"))
    counts(world.run(sync), read=3, unchanged=1, add=2, accepted=2)
    counts(world.run(sync), read=3, unchanged=3)


def test_without_backfill_an_empty_first_run_is_a_first_run(world: World) -> None:
    sync = replace(SYNC, backfill=False)
    world.table(TYPES)
    counts(world.run(sync))
    world.table(TYPES, row("1"))
    counts(world.run(sync), read=1, add=1, accepted=1)


def tried_alone(world: World, sync: Sync, key: str) -> Counts:
    """What a run of one row alone came to."""
    run, folder = world.next_run()
    return run_line(world.line(sync), run, Book(), folder, approved=True, only=key).counts


def known(world: World) -> list[tuple[Any, ...]]:
    return world.stored("SELECT key, in_doubt FROM acknowledged ORDER BY key")


def test_without_backfill_a_row_that_a_test_left_in_doubt_is_sent_again(world: World) -> None:
    sync = replace(SYNC, backfill=False)
    world.table(TYPES, row("1"), row("2", name="sell"), row("3"))
    world.fault(kind="drop_after")
    assert tried_alone(world, sync, "2").in_doubt == 1
    world.mend()
    counts(world.run(sync), read=3, unchanged=2, add=1, accepted=1)
    assert list(ids(world)) == ["sell"]
    assert world.events()["dropped_repeats"] >= 1  # under the same id
    assert known(world) == [("1", False), ("2", False), ("3", False)]
    counts(world.run(sync), read=3, unchanged=3)


def test_without_backfill_a_row_that_a_test_saw_refused_is_held_as_ever(world: World) -> None:
    sync = replace(SYNC, backfill=False)
    world.table(TYPES, row("1"), row("2", name="sell"), row("3"))
    world.refuse('"sell"', field="name")
    assert tried_alone(world, sync, "2").rejected == 1
    world.mend()
    counts(world.run(sync), read=3, unchanged=2, held=1)
    world.release()
    counts(world.run(sync), read=3, unchanged=2, add=1, accepted=1)


def test_a_row_that_was_tested_after_a_plan_to_record_it_as_seen_is_known_once(world: World) -> None:
    sync = replace(SYNC, backfill=False)
    world.table(TYPES, row("1"), row("2"))
    run, folder = world.next_run()
    make_plan(world.line(sync), folder)
    world.fault(kind="drop_after")
    tried_alone(world, sync, "2")
    world.mend()
    run = replace(run, started_at=datetime.now(UTC))
    run_line(world.line(sync), run, Book(), folder, approved=True)
    assert known(world) == [("1", False), ("2", True)]
    counts(world.run(sync), read=2, unchanged=1, add=1, accepted=1)


@pytest.mark.parametrize("type_", ["event", "page", "screen"])
def test_pages_and_screens_are_events_of_another_type(world: World, type_: str) -> None:
    world.table(TYPES, row("1"))
    world.run(replace(SYNC, event_type=type_))
    assert world.events()["events"][0]["type"] == type_


@pytest.mark.parametrize(
    ("identifier", "value"),
    [("id", "p1"), ("email", "ada@example.com"), ("anonymous_id", "anon-1"), ("cio_id", "a3")],
)
def test_an_event_names_its_person_by_any_identifier(world: World, identifier: str, value: str) -> None:
    world.table(TYPES, row("1", person=value))
    counts(world.run(events(column("total"), person=identifier)), read=1, add=1, accepted=1)
    (item,) = world.sent()
    assert item["identifiers"] == {identifier: value}


def test_the_name_may_be_a_constant_and_the_time_may_be_left_to_the_destination(world: World) -> None:
    mappings = (Mapping(to="name", source=Constant("ordered"), slot="name"), SYNC.mappings[1])
    world.table(TYPES, row("1"))
    counts(world.run(replace(SYNC, mappings=mappings)), read=1, add=1, accepted=1)
    (item,) = world.sent()
    assert item["name"] == "ordered"
    assert "timestamp" not in item
    assert item["attributes"] == {}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row("1", name=None), "there is no name"),
        (row("1", name="  "), "the event name is blank"),
        (row("1", name="é" * 51), "the event name is too many bytes long; Customer.io takes at most 100"),
        (row("1", person=None), "there is no person"),
        (row("1", person=""), "the event belongs to nobody"),
        (("1", "buy", "p", None, None), "there is no timestamp"),
    ],
)
def test_an_event_that_lacks_a_part_is_invalid(world: World, bad: tuple[Any, ...], reason: str) -> None:
    world.table(TYPES, bad, row("2"))
    result = world.run(SYNC)
    counts(result, read=2, add=1, accepted=1, invalid=1)
    assert [r for _, r, _ in result.frozen.planned.invalid_reasons] == [reason]


def test_a_missing_time_may_only_warn_and_a_missing_person_or_name_never(world: World) -> None:
    lenient = replace(SYNC, warn_only=("timestamp_missing", "person_missing", "name_missing"))
    world.table(TYPES, ("1", "buy", "p", None, None), row("2", person=None), row("3", name=None))
    result = world.run(lenient)
    counts(result, read=3, add=1, accepted=1, invalid=2)
    assert ("at", "there is no timestamp", 1) in result.frozen.planned.warnings
    assert "timestamp" not in world.sent()[0]


def test_events_older_than_72_hours_are_counted_in_the_plan(world: World) -> None:
    types = {**TYPES, "at": "BIGINT"}
    now = int(time.time())
    world.table(
        types, *((str(n), "buy", "p", now - hours * 3600, None) for n, hours in enumerate([1, 71, 73, 9999]))
    )
    ((field, reason, rows),) = world.run(SYNC).frozen.planned.warnings
    assert (field, rows) == ("at", 2)
    assert "72 hours" in reason
    assert world.run(SYNC).frozen.planned.warnings == ()


def test_a_first_run_that_sends_old_events_without_their_time_says_so_once(world: World) -> None:
    timeless = replace(SYNC, mappings=tuple(m for m in SYNC.mappings if m.slot != "timestamp"))
    world.table(TYPES, row("1"), row("2"))
    ((field, reason, rows),) = world.run(timeless).frozen.planned.warnings
    assert (field, rows) == ("timestamp", 2)
    assert "takes each of these events for one that happens as it arrives" in reason
    world.table(TYPES, row("1"), row("2"), row("3"))
    assert world.run(timeless).frozen.planned.warnings == ()


def test_nothing_is_said_of_the_time_of_events_that_are_only_recorded_as_seen(world: World) -> None:
    timeless = replace(
        SYNC, mappings=tuple(m for m in SYNC.mappings if m.slot != "timestamp"), backfill=False
    )
    world.table(TYPES, row("1"))
    assert world.run(timeless).frozen.planned.warnings == ()


def test_times_in_milliseconds_are_invalid(world: World) -> None:
    world.table({**TYPES, "at": "BIGINT"}, ("1", "buy", "p", 1704164645000, None))
    counts(world.run(SYNC), read=1, invalid=1)


def test_events_know_one_behavior_and_need_a_name_and_a_person(world: World) -> None:
    world.table(TYPES, row("1"))
    for broken in (
        replace(SYNC, mappings=SYNC.mappings[1:]),
        replace(SYNC, mappings=SYNC.mappings[:1]),
        replace(SYNC, event_type="visit"),
        replace(SYNC, behavior=Behavior.MIRROR),
        replace(people(column("total")), behavior=Behavior.APPEND_ONLY),
    ):
        with pytest.raises(ConfigurationError):
            world.run(broken)
