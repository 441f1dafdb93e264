"""Arbitrary tables, edits, mappings and trouble: in the end the sandbox holds what the source says.

HEADCOUNT_TEST_EXAMPLES says how many examples are tried (default 25).
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headcount.model import Behavior, Budget, Mapping, NullRule, Sync
from headcount.sandbox.server import Running
from tests.line.harness import World, column, events, people

EXAMPLES = int(os.environ.get("HEADCOUNT_TEST_EXAMPLES", "25"))
lean = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

TYPES = {
    "id": "INTEGER",
    "words": "VARCHAR",
    "amount": "DECIMAL(38,10)",
    "ratio": "DOUBLE",
    "day": "DATE",
    "moment": "TIMESTAMP",
    "flag": "BOOLEAN",
    "big": "HUGEINT",
    "doc": "JSON",
}
FIELDS = tuple(TYPES)[1:]

# Characters as they come, without lone surrogates; sometimes a NUL, which makes a row invalid.
words = st.text(st.characters(exclude_categories=("Cs",)), max_size=12) | st.sampled_from(
    ["", "null", '"', "''", "\\", "\x1e\x1f", "\x7f", "😀", "!nul", "a\x00b", '{"a":1}', "1e5", "\u2028"]
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "words": words,
    "amount": st.decimals(-(10**20), 10**20, places=10),
    "ratio": st.floats(),
    "day": st.dates(date(1, 1, 2), date(5000, 1, 1)),
    "moment": st.datetimes(datetime(1, 1, 2), datetime(5000, 1, 1)),
    "flag": st.booleans(),
    "big": st.integers(-(2**120), 2**120),
    "doc": documents.map(lambda value: json.dumps(value)),
}
rows = st.lists(
    st.tuples(st.none() | st.integers(-1, 8), *(st.none() | VALUES[name] for name in FIELDS)),
    max_size=6,
)
rules = st.fixed_dictionaries({}, optional={name: st.sampled_from(NullRule) for name in FIELDS})

match = st.fixed_dictionaries({"probability": st.sampled_from([0.3, 1.0]), "seed": st.integers(0, 9)})
plain = st.sampled_from(
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 429, "headers": {"Retry-After": "0"}},
        {"kind": "status", "status": 400},
        {"kind": "status", "status": 413},
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "truncate"},
        {"kind": "not_json"},
    ]
)
places = st.sampled_from(["own", "none", "text", "fraction", "out_of_range"])
some_rows = st.fixed_dictionaries(
    {
        "kind": st.just("errors"),
        "status": st.sampled_from([200, 207, 400]),
        "rows": st.fixed_dictionaries({"indexes": st.lists(st.integers(0, 4), min_size=1, max_size=2)}),
        "error": st.fixed_dictionaries(
            {"index": places, "field": st.sampled_from(["attributes.words", "identifiers.id", ""])}
        ),
    }
)
faults = st.lists(
    st.tuples(plain | some_rows, match).map(lambda pair: {**pair[0], "match": pair[1]}), max_size=2
)


@dataclass(frozen=True)
class Step:
    rows: list[tuple[Any, ...]]
    rules: dict[str, NullRule]
    faults: list[dict[str, Any]]
    changed_fields_only: bool
    max_items: int
    release: bool


steps = st.lists(
    st.builds(
        Step,
        rows=rows,
        rules=rules,
        faults=faults,
        changed_fields_only=st.booleans(),
        max_items=st.integers(1, 4),
        release=st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


def plain_number(number: Decimal) -> str:
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def exact(value: Any) -> Any:
    """A parsed JSON document with its numbers as canonical text, in order to compare to the last digit."""
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    return f"number {plain_number(value)}" if isinstance(value, Decimal) else value


def parsed(text: str) -> Any:
    return exact(json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=lambda _: None))


def desired(name: str, value: Any) -> Any:
    """What a source value says, parsed; None says nothing, ``...`` makes the row invalid."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if name == "doc":
        document = parsed(value)
        return ... if "\\u0000" in json.dumps(document).replace("\\\\", "") else document
    if isinstance(value, str):
        return ... if "\x00" in value else value
    if isinstance(value, bool):
        return value
    if isinstance(value, datetime):
        return f"number {math.floor(value.replace(tzinfo=UTC).timestamp())}"
    if isinstance(value, date):
        return f"number {(value - date(1970, 1, 1)).days * 86400}"
    return f"number {plain_number(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))}"


def valid(step: Step, names: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    """The rows that can be sent, by key."""
    keys = [row[0] for row in step.rows]
    return {
        str(row[0]): row
        for row in step.rows
        if row[0] is not None
        and keys.count(row[0]) == 1
        and ... not in [desired(name, row[1 + FIELDS.index(name)]) for name in names]
    }


def sync_of(step: Step, behavior: Behavior) -> Sync:
    mappings: tuple[Mapping, ...] = tuple(column(name, null=rule) for name, rule in step.rules.items())
    return people(*mappings, behavior=behavior, changed_fields_only=step.changed_fields_only)


def play(world: World, step: Step, behavior: Behavior) -> Sync:
    """One edit and one run in trouble."""
    world.table(TYPES, *step.rows)
    sync = sync_of(step, behavior)
    for fault in step.faults:
        world.fault(**fault)
    if step.release and world.state.exists():
        world.release()
    world.run(sync, budget=Budget(max_items=step.max_items))
    world.mend()
    return sync


def assert_held_by_the_sandbox(world: World, step: Step) -> None:
    found = world.wires()
    expected = valid(step, tuple(step.rules))
    assert set(expected) <= set(found)
    for key, row in expected.items():
        for name, rule in step.rules.items():
            value = desired(name, row[1 + FIELDS.index(name)])
            if value is None and rule is not NullRule.SKIP:
                assert found[key].get(name) == ('""' if rule is NullRule.KEEP else None)
            elif value is not None:
                assert parsed(found[key][name]) == value, (name, row)


@lean
@given(steps=steps, behavior=st.sampled_from([Behavior.UPDATE_OR_CREATE, Behavior.MIRROR]))
def test_people_end_as_the_source_says_whatever_happened_before(
    sandbox: Running, steps: list[Step], behavior: Behavior
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(sandbox.url, Path(folder))
        world.admin("/reset", {})
        for step in steps:
            sync = play(world, step, behavior)
        world.release()
        calm = world.run(sync)
        assert calm.counts.planned == calm.counts.accepted, calm
        assert_held_by_the_sandbox(world, step)
        if behavior is Behavior.MIRROR:
            assert set(world.wires()) <= {str(row[0]) for row in step.rows}
        again = world.run(sync)
        assert again.counts.planned == again.counts.requests == again.counts.held == 0
        world.client.close()


EVENT_TYPES = {"id": "INTEGER", "name": "VARCHAR", "person": "VARCHAR", "at": "TIMESTAMP", "words": "VARCHAR"}
event_rows = st.lists(
    st.tuples(
        st.none() | st.integers(-1, 9),
        st.none() | st.sampled_from(["buy", "sell", " "]),
        st.none() | st.sampled_from(["p1", "p2", ""]),
        st.datetimes(datetime(1960, 1, 1), datetime(2030, 1, 1)),
        words,
    ),
    max_size=6,
)


@lean
@given(data=st.lists(st.tuples(event_rows, faults, st.integers(1, 4)), min_size=1, max_size=4))
def test_every_event_counts_exactly_once_whatever_happened_before(sandbox: Running, data: list[Any]) -> None:
    sync = events(column("at", slot="timestamp"), column("words"))
    with tempfile.TemporaryDirectory() as folder:
        world = World(sandbox.url, Path(folder))
        world.admin("/reset", {})
        for table, trouble, max_items in data:
            world.table(EVENT_TYPES, *table)
            for fault in trouble:
                world.fault(**fault)
            world.run(sync, budget=Budget(max_items=max_items))
            world.mend()
        world.release()
        calm = world.run(sync)
        assert calm.counts.planned == calm.counts.accepted
        assert world.run(sync).counts.requests == 0
        found = world.events()
        ids = [event["id"] for event in found["events"]]
        assert len(ids) == len(set(ids))
        keys = [row[0] for row in table]
        good = [
            row
            for row in table
            if row[0] is not None
            and keys.count(row[0]) == 1
            and (row[1] or "").strip()
            and row[2]
            and "\x00" not in row[4]
        ]
        assert len(ids) >= len(good)
        assert len(ids) <= len({row[0] for table, _, _ in data for row in table})
        world.client.close()
