"""Requests: as full as they may be, every change once and in order."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from headcount.batching import WRAPPER_BYTES, batches
from headcount.frozen import Frozen
from headcount.model import Batch, Behavior, Budget, RunInfo
from headcount.workbench import Workbench
from tests.line.harness import World, column, counts, people

RUN = RunInfo(id=1, started_at=datetime(2024, 1, 1, tzinfo=UTC))
TYPES = {"id": "INTEGER", "v": "VARCHAR"}
SYNC = people(column("v"))


def packed(world: World, frozen: Frozen, ranges: Any = None, **budget: Any) -> list[Batch]:
    with Workbench(world.folder / "scratch", ordered=True) as bench:
        return list(batches(bench, frozen.mapped, frozen.plan, RUN, Budget(**budget), ranges))


def items(batch: Batch) -> list[Any]:
    found: list[Any] = json.loads(batch.body())["batch"]
    assert len(found) == batch.count
    return found


def keys(found: list[Batch]) -> list[str]:
    return [item["identifiers"]["id"] for batch in found for item in items(batch)]


def sql_rows(world: World, count: int, value: str = "repeat('x', (i % 50)::INTEGER)") -> Frozen:
    world.sql(f"CREATE OR REPLACE TABLE rows AS SELECT i AS id, {value} AS v FROM range({count}) t(i)")
    return world.plan(SYNC)


@pytest.mark.parametrize("size", [1, 60, 61, 200, 5_000, 500_000])
@pytest.mark.parametrize("count", [0, 1, 7, 100])
def test_every_change_travels_once_and_in_order_within_both_limits(
    world: World, size: int, count: int
) -> None:
    frozen = sql_rows(world, 500, "repeat('é😀\"', (i % 20)::INTEGER)")
    found = packed(world, frozen, max_bytes=size, max_items=count)
    everything = packed(world, frozen, max_bytes=10**9, max_items=0)
    assert keys(found) == keys(everything)
    assert [batch.first for batch in found] == [0, *(batch.last + 1 for batch in found[:-1])]
    assert found[-1].last == 499
    assert all(batch.count <= count for batch in found if count)
    assert all(len(batch.body()) <= size for batch in found if batch.count > 1)


def test_a_request_is_filled_to_the_byte(world: World) -> None:
    frozen = sql_rows(world, 9, "'same'")
    (one,) = packed(world, frozen, [(0, 0)])
    item = len(one.items) - 1
    exact = len(b'{"batch":[]}') + 3 * item + 2
    assert WRAPPER_BYTES + 3 * (item + 1) == exact
    assert [batch.count for batch in packed(world, frozen, max_bytes=exact)] == [3, 3, 3]
    assert [batch.count for batch in packed(world, frozen, max_bytes=exact - 1)] == [2, 2, 2, 2, 1]
    assert all(len(batch.body()) == exact for batch in packed(world, frozen, max_bytes=exact))


def test_ranges_limit_what_is_packed_and_keep_the_plans_numbers(world: World) -> None:
    frozen = sql_rows(world, 100)
    everything = keys(packed(world, frozen))
    found = packed(world, frozen, [(0, 2), (50, 50), (97, 99)], max_items=2)
    assert [(batch.first, batch.last) for batch in found] == [(0, 1), (2, 2), (50, 50), (97, 98), (99, 99)]
    assert keys(found) == [everything[i] for i in (0, 1, 2, 50, 97, 98, 99)]
    assert packed(world, frozen, []) == []


def test_parts_of_a_batch_are_bodies_of_their_own(world: World) -> None:
    (batch,) = packed(world, sql_rows(world, 10))
    for start in range(10):
        for end in range(start + 1, 11):
            assert json.loads(batch.body(start, end))["batch"] == items(batch)[start:end]


def test_an_item_larger_than_the_room_travels_alone(world: World) -> None:
    frozen = sql_rows(world, 5, "CASE WHEN i = 2 THEN repeat('x', 900) ELSE 'x' END")
    found = packed(world, frozen, max_bytes=400)
    big = [batch for batch in found if len(batch.body()) > 400]
    assert [batch.count for batch in big] == [1]
    assert sum(batch.count for batch in found) == 5


def test_without_a_limit_of_count_requests_are_nearly_full(world: World) -> None:
    frozen = sql_rows(world, 60_000)
    found = packed(world, frozen, max_items=0)
    sent = sum(len(batch.body()) for batch in found)
    assert len(found) <= 1.05 * sent / 500_000 + 1
    assert all(len(batch.body()) <= 500_000 for batch in found)
    assert sorted(map(int, keys(found))) == list(range(60_000))


def test_removals_and_changes_share_requests(world: World) -> None:
    mirror = people(column("v"), behavior=Behavior.MIRROR)
    world.table(TYPES, (1, "a"), (2, "b"), (3, "c"))
    world.run(mirror)
    world.sent()
    world.table(TYPES, (1, "A"), (4, "d"))
    counts(world.run(mirror), read=2, add=1, change=1, remove=2, accepted=4)
    actions = {item["identifiers"]["id"]: item["action"] for item in world.sent()}
    assert actions == {"1": "identify", "4": "identify", "2": "delete", "3": "delete"}


def test_a_row_larger_than_customer_io_takes_is_invalid(world: World) -> None:
    types = {"id": "INTEGER", **{f"c{i}": "VARCHAR" for i in range(40)}}
    world.table(types, (1, *["x" * 1000] * 40), (2, *["x"] * 40))
    result = world.run(people(*(column(f"c{i}") for i in range(40))))
    counts(result, read=2, add=1, accepted=1, invalid=1)


def test_values_are_measured_in_bytes_and_may_only_warn(world: World) -> None:
    world.table(TYPES, (1, "é" * 500), (2, "é" * 501), (3, '"' * 1000))
    counts(world.run(SYNC), read=3, add=2, accepted=2, invalid=1)
    lenient = replace(SYNC, warn_only=("attribute_value_bytes",))
    result = world.run(lenient)
    counts(result, read=3, add=1, rejected=1, unchanged=2)
    assert result.frozen.planned.warnings[0][2] == 1
