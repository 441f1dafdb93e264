from __future__ import annotations

import pytest

from headcount.model import (
    Behavior,
    Budget,
    Constant,
    FromColumn,
    Guards,
    Kind,
    Mapping,
    Metadata,
    NameStyle,
    NullRule,
    Sync,
    Template,
    ValueType,
)
from headcount.project.project import Project
from headcount.project.reading import read_project
from headcount.project.values import budget_value, model_value, sync_value
from tests.project.sample import changed, project


def sync_of(read: Project, key: str) -> Sync:
    entry = read.syncs[key]
    model = entry["source"]["model"]
    return sync_value(key, entry, model_value(model, read.models[model]), stream_id="s1")


def test_people_become_the_sync_the_line_works_with() -> None:
    sync = sync_of(project(), "users")
    assert sync.behavior is Behavior.UPDATE_OR_CREATE
    assert (sync.identifier, sync.key_column, sync.object) == ("id", "id", "person")
    assert sync.mappings == (
        Mapping(to="plan", source=FromColumn("plan")),
        Mapping(to="created_at", source=FromColumn("signed_up"), type=ValueType.TIMESTAMP),
        Mapping(to="channel", source=Constant("web")),
        Mapping(to="full_name", source=Template("{{ first }} {{ last }}"), null=NullRule.SKIP),
        Mapping(to="headcount_run", source=Metadata("run_id")),
        Mapping(to="tier", source=FromColumn("tier"), null=NullRule.SKIP),
    )
    assert sync.all_columns is NameStyle.SNAKE
    assert sync.warn_only == ("attribute_value_bytes",)
    assert sync.guards == Guards(max_removed=0.2)
    assert sync.model.types == {"signed_up": Kind.TIMESTAMP}


def test_the_parts_of_an_event_are_mappings_with_slots_of_their_own() -> None:
    sync = sync_of(project(), "orders")
    assert (sync.identifier, sync.key_column, sync.stream_id) == ("unique_id", "order_id", "s1")
    assert [(m.slot, m.to, m.source) for m in sync.mappings] == [
        ("name", "name", Constant("Order Placed")),
        ("person", "id", FromColumn("customer_id")),
        ("timestamp", "timestamp", FromColumn("ordered_at")),
        ("attributes", "total", FromColumn("total")),
    ]
    assert sync.backfill


def test_a_first_run_can_record_the_present_rows_as_seen() -> None:
    read = read_project(changed(("first_run: backfill", "first_run: record_as_seen")))
    assert not sync_of(read, "orders").backfill


def test_switched_off_all_columns_is_the_same_as_none() -> None:
    read = read_project(changed(("{enabled: true, names: snake_case}", "false")))
    assert sync_of(read, "users").all_columns is None


def test_the_name_is_the_key_when_there_is_none() -> None:
    read = read_project(changed(("    name: Users to People\n", "")))
    assert sync_of(read, "users").name == "users"


def test_a_budget_is_polite_where_the_file_says_nothing() -> None:
    assert budget_value(project().connections["production"]) == Budget(requests_per_second=20, max_items=200)
    assert budget_value({}) == Budget()


@pytest.mark.parametrize(
    ("rate", "reserve", "pace"), [(100, 0.2, 80), (50, 0.3, 35), (10, 0.9, 1), (2, 0.75, 0.5), (50, 0, 50)]
)
def test_a_reserve_is_a_share_of_the_budget(rate: float, reserve: float, pace: float) -> None:
    budget = budget_value({"budget": {"requests_per_second": rate, "reserve": reserve}})
    assert budget.pace == pace
