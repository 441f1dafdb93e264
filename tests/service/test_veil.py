from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headcount.control.models import MaskedColumn
from headcount.control.models import Sync as SyncRow
from headcount.model import Behavior, FromColumn, Mapping, Model, NameStyle, Sync, Template
from headcount.names import styled
from headcount.service.lineage import note
from headcount.service.lines import find_sync, snapshot_of
from headcount.service.masking import Mask, set_masked
from headcount.service.veil import Veil, Veils, veil_over
from tests.project.sample import PROJECT
from tests.service.test_applying import applied


def sync(*mappings: Mapping, key_column: str = "id", all_columns: NameStyle | None = None) -> Sync:
    return Sync(
        key="people",
        name="People",
        model=Model(key="users", name="Users", connection="company", table="users"),
        destination="production",
        object="person",
        behavior=Behavior.MIRROR,
        identifier="id",
        key_column=key_column,
        mappings=mappings,
        all_columns=all_columns,
    )


def test_masks_hold_regardless_of_case() -> None:
    mapped = sync(
        Mapping(to="contact", source=FromColumn("EMAIL")),
        Mapping(to="greeting", source=Template("Hi {{ record['eMail'] }}")),
        Mapping(to="plan", source=FromColumn("plan")),
        key_column="email",
    )
    veil = veil_over(mapped, Mask(names=frozenset({"Email"})))
    assert [name for name in ("contact", "greeting", "plan") if veil.hides(name)] == ["contact", "greeting"]
    assert veil.over_keys


@pytest.mark.parametrize("style", NameStyle)
def test_a_masked_column_is_hidden_under_every_name_that_sync_all_properties_gives_it(
    style: NameStyle,
) -> None:
    veil = veil_over(sync(all_columns=style), Mask(names=frozenset({"HOMEADDRESS"})))
    assert veil.hides(styled("homeAddress", style))
    assert not veil.hides(styled("home", style))


def test_nothing_of_a_model_that_cannot_be_told_is_shown() -> None:
    mapped = sync(Mapping(to="plan", source=FromColumn("tier")), all_columns=NameStyle.SNAKE)
    veil = veil_over(mapped, Mask(names=frozenset({"email"}), whole=True))
    assert veil.over_keys
    assert all(veil.hides(name) for name in ("plan", "attributes.plan", "anything", "id"))


def test_two_veils_hide_what_one_of_them_hides() -> None:
    one = Veil(fields=frozenset({"a"}), known=frozenset({"a", "b", "c"}))
    other = Veil(fields=frozenset({"b"}), known=frozenset({"b", "c", "d"}))
    assert [name for name in "abcde" if not (one | other).hides(name)] == ["c"]
    assert [name for name in "abcde" if not (one | Veil()).hides(name)] == ["b", "c"]


@pytest.fixture
def versions(home: Path) -> SyncRow:
    """A sync whose model was worded in 100 ways."""
    applied(PROJECT)
    row = find_sync("users")
    for number in range(100):
        snapshot = snapshot_of(row)
        query = f"SELECT id, plan, tier, signed_up FROM users LIMIT {number}"
        note(row, {**snapshot, "model": _reading(snapshot, query=query)})
    return row


def _reading(snapshot: dict[str, Any], **changed: str) -> dict[str, Any]:
    model = snapshot["model"]
    return {**model, "definition": {**model["definition"], **changed}}


def _remembered(row: SyncRow) -> tuple[Veil, int]:
    with CaptureQueriesContext(connection) as queries:
        veil = Veils(row).remembered
    return veil, len(queries)


def test_a_hundred_versions_of_a_model_cost_no_more_queries_than_one(versions: SyncRow) -> None:
    assert _remembered(versions) == (Veil(), 1)
    set_masked("warehouse", ["plan"])
    veil, queries = _remembered(versions)
    assert veil.hides("plan")
    assert queries <= 4


def test_masks_of_other_connections_let_no_version_be_looked_at(versions: SyncRow) -> None:
    MaskedColumn.objects.create(connection="elsewhere", column="plan")
    assert _remembered(versions) == (Veil(), 2)


@pytest.mark.parametrize("where", ["elsewhere", "123", "true", "null"])
def test_a_connection_that_was_read_once_is_asked_for_its_masks_whatever_it_is_called(
    versions: SyncRow, where: str
) -> None:
    snapshot = snapshot_of(versions)
    note(versions, {**snapshot, "model": _reading(snapshot, connection=where)})
    MaskedColumn.objects.create(connection=where, column="plan")
    assert Veils(versions).remembered.hides("plan")


def test_of_a_run_that_another_release_wrote_down_nothing_is_shown_once_anything_is_masked(
    versions: SyncRow,
) -> None:
    snapshot = snapshot_of(versions)
    foreign = {**snapshot, "sync": {**snapshot["sync"], "definition": {"of": "tomorrow"}}}
    note(versions, foreign)
    assert not Veils(versions).as_of(foreign).hides("tier")
    set_masked("warehouse", ["plan"])
    assert Veils(versions).as_of(foreign).hides("tier")
