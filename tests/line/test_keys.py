"""Keys in canonical text, and rows whose key cannot be used."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from headcount.errors import ConfigurationError, SourceError
from tests.line.harness import World, column, counts, people

SYNC = people(column("plan"))


def keys(world: World, type_: str, *values: Any, **options: Any) -> Any:
    world.table({"id": type_, "plan": "VARCHAR"}, *((value, "x") for value in values))
    return world.run(people(column("plan"), **options))


def complaints(result: Any) -> set[tuple[str, str, str]]:
    path = result.frozen.planned.invalid_path
    return set(duckdb.sql(f"SELECT key, field, reason FROM read_parquet('{path}')").fetchall())


@pytest.mark.parametrize(
    ("type_", "value", "key"),
    [
        ("INTEGER", 42, "42"),
        ("BIGINT", -1, "-1"),
        ("HUGEINT", 2**100, str(2**100)),
        ("DECIMAL(20,4)", "42.0000", "42"),
        ("DOUBLE", 42.0, "42"),
        ("DOUBLE", 1e22, "1" + "0" * 22),
        ("VARCHAR", "042", "042"),
        ("VARCHAR", "Ünï 😀 \"'", "Ünï 😀 \"'"),
        ("UUID", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("DATE", "2024-01-02", "2024-01-02"),
    ],
)
def test_a_key_has_one_form_whatever_its_type(world: World, type_: str, value: Any, key: str) -> None:
    counts(keys(world, type_, value), read=1, add=1, accepted=1)
    assert set(world.wires()) == {key}


def test_a_key_column_may_change_its_type_without_a_resend(world: World) -> None:
    keys(world, "INTEGER", 1, 2)
    for type_ in ("VARCHAR", "DOUBLE", "DECIMAL(10,2)"):
        counts(keys(world, type_, 1, 2), read=2, unchanged=2)


def test_null_and_empty_keys_are_invalid(world: World) -> None:
    result = keys(world, "VARCHAR", None, "", "ok")
    counts(result, read=3, add=1, accepted=1, invalid=2)
    assert complaints(result) == {("", "id", "the key is empty")}
    assert result.frozen.planned.invalid_reasons == (("id", "the key is empty", 2),)


def test_fractional_keys_are_invalid_and_have_no_key_to_show(world: World) -> None:
    result = keys(world, "DOUBLE", 1.5, 2.0, float("nan"))
    counts(result, read=3, add=1, accepted=1, invalid=2)
    assert complaints(result) == {
        ("", "id", "the key has a fractional part"),
        ("", "id", "the key is empty"),
    }


def test_a_nul_byte_makes_a_key_invalid(world: World) -> None:
    result = keys(world, "VARCHAR", "a\x00b", "ok")
    counts(result, read=2, add=1, accepted=1, invalid=1)
    assert complaints(result) == {("", "id", "the text contains a NUL byte")}


def test_all_copies_of_a_duplicate_key_are_invalid(world: World) -> None:
    result = keys(world, "INTEGER", 1, 1, 1, 2, 3, 3)
    counts(result, read=6, add=1, accepted=1, invalid=5)
    assert complaints(result) == {
        ("1", "id", "the key stands in 3 rows"),
        ("3", "id", "the key stands in 2 rows"),
    }
    assert result.frozen.planned.invalid_reasons == (("id", "the key stands in 3 rows", 5),)


def test_a_key_that_becomes_a_duplicate_keeps_what_was_acknowledged(world: World) -> None:
    keys(world, "INTEGER", 1, 2)
    counts(keys(world, "INTEGER", 1, 1, 2), read=3, invalid=2, unchanged=1)
    counts(keys(world, "INTEGER", 1, 2), read=2, unchanged=2)


def test_emails_are_compared_without_case_and_ids_exactly(world: World) -> None:
    result = keys(
        world, "VARCHAR", "Ada@Example.com", "ada@example.com", "bob@example.com", identifier="email"
    )
    counts(result, read=3, add=1, accepted=1, invalid=2)
    counts(keys(world, "VARCHAR", "BOB@example.com", identifier="email"), read=1, unchanged=1)


def test_ids_that_differ_in_case_are_two_people(world: World) -> None:
    counts(keys(world, "VARCHAR", "a", "A"), read=2, add=2, accepted=2)
    assert set(world.wires()) == {"a", "A"}


def test_what_is_no_email_address_is_invalid_unless_it_only_warns(world: World) -> None:
    counts(keys(world, "VARCHAR", "nonsense", identifier="email"), read=1, invalid=1)
    result = keys(world, "VARCHAR", "nonsense", identifier="email", warn_only=("email_form",))
    assert result.counts.invalid == 0
    assert result.frozen.planned.warnings == (("email", "this is not an e-mail address", 1),)


def test_an_id_that_begins_with_cio_is_warned_about(world: World) -> None:
    result = keys(world, "VARCHAR", "cio_42", "42")
    counts(result, read=2, add=2, accepted=2)
    ((field, reason, rows),) = result.frozen.planned.warnings
    assert (field, rows) == ("id", 1)
    assert "cio_" in reason


def test_blanks_around_an_id_stay_and_are_told_in_every_run(world: World) -> None:
    values = (" a1 ", "a1", "b2\r", "\tc3", "d 4", "e5")
    result = keys(world, "VARCHAR", *values)
    counts(result, read=6, add=6, accepted=6)
    assert set(world.wires()) == set(values)
    again = keys(world, "VARCHAR", *values)
    counts(again, read=6, unchanged=6)
    for told in (result.frozen.planned.warnings, again.frozen.planned.warnings):
        ((field, reason, rows),) = told
        assert (field, rows) == ("id", 3)
        assert "begins or ends with a blank" in reason


def test_ids_are_measured_in_bytes(world: World) -> None:
    counts(keys(world, "VARCHAR", "é" * 75, "é" * 76), read=2, add=1, accepted=1, invalid=1)


@pytest.mark.parametrize("type_", ["BOOLEAN", "BLOB", "INTEGER[]"])
def test_some_columns_cannot_be_keys(world: World, type_: str) -> None:
    world.table({"id": type_, "plan": "VARCHAR"})
    with pytest.raises(ConfigurationError, match="cannot be a key"):
        world.run(SYNC)


def test_a_key_column_that_is_gone_fails_before_any_request(world: World) -> None:
    world.table({"uid": "INTEGER", "plan": "VARCHAR"}, (1, "a"))
    with pytest.raises(SourceError, match="key column id"):
        world.run(SYNC)
    world.table({"id": "INTEGER", "tier": "VARCHAR"}, (1, "a"))
    with pytest.raises(SourceError, match="plan, mapped to plan"):
        world.run(SYNC)
    assert world.sent() == []


def test_a_second_identifier_that_repeats_is_warned_about_without_values(world: World) -> None:
    types = {"id": "INTEGER", "email": "VARCHAR"}
    sync = people(column("email"))
    world.table(types, (1, "a@b.co"), (2, "A@b.co"), (3, "a@b.co"), (4, None), (5, None), (6, "c@b.co"))
    result = world.run(sync)
    ((field, reason, rows),) = result.frozen.planned.warnings
    assert (field, rows) == ("email", 2)
    assert "a@b" not in reason
    assert world.run(sync).frozen.planned.warnings == ()


@pytest.mark.parametrize("value", ["\x00", "a\x00@b.co"])
def test_checks_that_read_text_are_spared_refused_values(world: World, value: str) -> None:
    world.table({"id": "INTEGER", "email": "VARCHAR"}, (1, value), (2, "a@b.co"))
    counts(world.run(people(column("email"))), read=2, add=1, accepted=1, invalid=1)
