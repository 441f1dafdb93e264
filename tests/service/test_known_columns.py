"""A name behind a table of PostgreSQL is shown once it is known to be a column, for it may be a function of the row."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from headcount.control.models import Connection, Setting, Stream
from headcount.engines import Source, open_source
from headcount.model import Model
from headcount.service.browsing import rows_of
from headcount.service.known_columns import acquainted
from headcount.service.lineage import note
from headcount.service.lines import find_sync, snapshot_of
from headcount.service.masking import KNOWN_COLUMNS, mask_of, set_masked
from headcount.service.veil import Veils
from tests.engines.conftest import postgresql_address as postgresql_address
from tests.project.sample import PROJECT
from tests.service.test_applying import applied

SECRET = "ada@example.com"


@pytest.fixture
def schema(home: Path, postgresql_address: dict[str, Any]) -> Iterator[str]:
    """A masked column, and a function that shows it by a name which looks like a column's."""
    applied(PROJECT)
    name = f"known_{uuid.uuid4().hex[:8]}"
    address = {**postgresql_address}
    with psycopg.connect(
        host=address["host"], dbname=address["database"], user=address["user"], autocommit=True
    ) as server:
        for statement in (
            f"CREATE SCHEMA {name}",
            f'CREATE TABLE {name}.users (id integer, email text, plan text, "Odd.Name" text)',
            f"CREATE TABLE {name}.orders (id integer, user_id integer, label text)",
            f"INSERT INTO {name}.users VALUES (1, '{SECRET}', 'pro', 'x')",
            f"INSERT INTO {name}.orders VALUES (7, 1, 'first')",
            f"CREATE FUNCTION public.label_{name}({name}.users) RETURNS text "
            "LANGUAGE sql IMMUTABLE AS 'SELECT $1.email'",
        ):
            server.execute(statement)  # type: ignore[arg-type]
        yield name
        server.execute(f"DROP SCHEMA {name} CASCADE")  # type: ignore[arg-type]
    Connection.objects.filter(key="shop").delete()


@pytest.fixture
def shop(schema: str, postgresql_address: dict[str, Any]) -> Connection:
    row = Connection.objects.create(key="shop", name="Shop", type="postgresql", settings=postgresql_address)
    set_masked("shop", ["email"])
    return row


def reading(query: str) -> Model:
    return Model(key="m", name="M", connection="shop", query=query)


def test_a_function_that_is_named_like_a_column_is_not_shown(schema: str, shop: Connection) -> None:
    found = rows_of(reading(f"SELECT u.label_{schema} AS x, u.id FROM {schema}.users u"))
    assert found.veiled
    assert SECRET not in str(found)


def test_columns_behind_tables_are_shown_once_the_source_was_asked_for_them(
    schema: str, shop: Connection
) -> None:
    joined = (
        f'SELECT u.id, u.email, u."Odd.Name" AS odd, upper(o.LABEL) AS label FROM {schema}.users AS u '
        f"JOIN {schema}.orders o ON o.user_id = u.id"
    )
    assert mask_of(reading(joined)).whole
    found = rows_of(reading(joined))
    assert not found.veiled
    assert found.rows == (("1", "•••", "x", "FIRST"),)
    assert not mask_of(reading(joined)).whole
    assert mask_of(reading(f"SELECT o.plan FROM {schema}.orders o")).whole  # a column of another table


def test_a_table_that_cannot_be_looked_at_has_no_known_column(schema: str, shop: Connection) -> None:
    def opening() -> Source:
        return open_source("postgresql", shop.settings)

    gone = reading("SELECT u.id FROM nowhere.users u")
    acquainted(shop, gone, opening).close()
    assert mask_of(gone).whole


def test_another_database_has_other_columns(schema: str, shop: Connection) -> None:
    settings = dict(shop.settings)
    acquainted(
        shop, reading(f"SELECT u.id FROM {schema}.users u"), lambda: open_source("postgresql", settings)
    ).close()
    shop.settings = {**settings, "database": "another"}
    query = reading(f"SELECT o.id FROM {schema}.orders o")
    acquainted(shop, query, lambda: open_source("postgresql", settings)).close()
    assert Setting.objects.get(name=KNOWN_COLUMNS).value["shop"]["columns"].keys() == {f"{schema}.orders"}


def test_a_source_is_asked_once_and_only_where_something_is_masked(schema: str, shop: Connection) -> None:
    opened = 0

    def opening() -> Source:
        nonlocal opened
        opened += 1
        return open_source("postgresql", shop.settings)

    query = reading(f"SELECT u.id, o.label FROM {schema}.users u JOIN {schema}.orders o ON o.user_id = u.id")
    set_masked("shop", [], shown=["email"])
    acquainted(shop, query, opening).close()
    assert opened == 1
    set_masked("shop", ["email"])
    acquainted(shop, query, opening).close()
    assert opened == 4
    acquainted(shop, query, opening).close()
    assert opened == 5


def test_what_a_sync_read_before_is_asked_for_with_what_it_reads_now(schema: str, shop: Connection) -> None:
    row = find_sync("users")
    snapshot = snapshot_of(row)
    before = f"SELECT o.id, o.label AS plan FROM {schema}.orders o"
    definition = {"connection": "shop", "query": before}
    note(row, {**snapshot, "model": {"key": "users", "definition": definition}})
    assert Veils(row).remembered.over_keys
    stream = Stream.objects.get(key="users")
    acquainted(
        shop, reading("SELECT id FROM x"), lambda: open_source("postgresql", shop.settings), stream
    ).close()
    assert not Veils(row).remembered.over_keys
