"""A name behind a table of PostgreSQL is shown once it is known to be a column, for it may be a function of the row."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from headcount.control.models import Connection, Setting, Stream
from headcount.engines import Source, open_source
from headcount.errors import SourceError, SourceUnavailable
from headcount.model import Column, Kind, Model
from headcount.service.browsing import rows_of
from headcount.service.known_columns import acquaint
from headcount.service.lineage import note
from headcount.service.lines import find_sync, snapshot_of
from headcount.service.masking import KNOWN_COLUMNS, mask_of, set_masked
from headcount.service.veil import Veils
from tests.engines.conftest import postgresql_address as postgresql_address
from tests.project.sample import PROJECT
from tests.service.test_applying import applied

SECRET = "ada@example.com"


def server_of(address: dict[str, Any]) -> psycopg.Connection:
    return psycopg.connect(
        host=address["host"], dbname=address["database"], user=address["user"], autocommit=True
    )


def known() -> dict[str, list[str]]:
    """Columns by the relations of the shop."""
    columns: dict[str, list[str]] = Setting.objects.get(name=KNOWN_COLUMNS).value["shop"]["columns"]
    return columns


@pytest.fixture
def schema(home: Path, postgresql_address: dict[str, Any]) -> Iterator[str]:
    """A masked column, and a function that shows it by a name which looks like a column's."""
    applied(PROJECT)
    name = f"known_{uuid.uuid4().hex[:8]}"
    with server_of(postgresql_address) as server:
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


def open_shop(shop: Connection) -> Source:
    return open_source("postgresql", shop.settings)


def asked(shop: Connection, query: str, source: Source | None = None, stream: Stream | None = None) -> None:
    with closing(source or open_shop(shop)) as opened:
        acquaint(opened, shop, reading(query), stream)


class Asked:
    """A source whose tables all have these columns, or which says something else in place of them."""

    def __init__(self, *columns: str, error: SourceError | None = None) -> None:
        self.tables: list[str | None] = []
        self._columns = columns
        self._error = error

    def columns(self, model: Model) -> tuple[Column, ...]:
        self.tables.append(model.table)
        if self._error is not None:
            raise self._error
        return tuple(Column(name=name, kind=Kind.TEXT, declared="text") for name in self._columns)

    def close(self) -> None:
        pass


def asks(*columns: str, error: SourceError | None = None) -> Any:
    return Asked(*columns, error=error)


def test_a_column_that_became_a_function_is_not_shown_any_more(
    schema: str, shop: Connection, postgresql_address: dict[str, Any]
) -> None:
    query = reading(f"SELECT u.id, u.plan FROM {schema}.users u")
    assert rows_of(query).rows == (("1", "pro"),)
    with server_of(postgresql_address) as server:
        server.execute(f"ALTER TABLE {schema}.users DROP COLUMN plan")  # type: ignore[arg-type]
        server.execute(
            f"CREATE FUNCTION public.plan({schema}.users) RETURNS text "  # type: ignore[arg-type]
            "LANGUAGE sql IMMUTABLE AS 'SELECT $1.email'"
        )
    found = rows_of(query)
    assert found.veiled
    assert SECRET not in str(found)
    assert mask_of(query).whole


def test_asking_for_columns_ends_when_nobody_waits_any_more(
    schema: str, shop: Connection, postgresql_address: dict[str, Any]
) -> None:
    rows_of(reading(f"SELECT u.id FROM {schema}.users u"))
    with server_of(postgresql_address) as server, server.transaction():
        server.execute(f"LOCK TABLE {schema}.users IN ACCESS EXCLUSIVE MODE")  # type: ignore[arg-type]
        began = time.monotonic()
        with pytest.raises(SourceError, match="did not answer within 1 seconds"):
            rows_of(reading(f"SELECT u.id, u.plan FROM {schema}.users u"), seconds=1.0)
        assert time.monotonic() - began < 6
    assert not mask_of(reading(f"SELECT u.id, u.plan FROM {schema}.users u")).whole  # it is known from before


def test_a_table_that_is_gone_has_no_known_column(
    schema: str, shop: Connection, postgresql_address: dict[str, Any]
) -> None:
    query = f"SELECT u.id, o.label FROM {schema}.users u JOIN {schema}.orders o ON o.user_id = u.id"
    asked(shop, query)
    with server_of(postgresql_address) as server:
        server.execute(f"DROP TABLE {schema}.orders")  # type: ignore[arg-type]
    asked(shop, query)
    assert known() == {f"{schema}.orders": [], f"{schema}.users": ["id", "email", "plan", "Odd.Name"]}


def test_a_source_that_does_not_say_which_columns_a_table_has_wipes_out_nothing(
    schema: str, shop: Connection
) -> None:
    query = "SELECT u.id FROM users u"
    refused = asks(error=SourceError("PostgreSQL says: permission denied for schema s."))
    asked(shop, query, refused)
    assert not Setting.objects.filter(name=KNOWN_COLUMNS).exists()  # nor is it noted that there are none
    asked(shop, query, asks("id"))
    asked(shop, query, refused)
    with pytest.raises(SourceUnavailable):
        asked(shop, query, asks(error=SourceUnavailable("The connection to PostgreSQL failed.")))
    assert known() == {"users": ["id"]}
    assert not mask_of(reading(query)).whole


def test_another_database_has_other_columns(schema: str, shop: Connection) -> None:
    users, orders = "SELECT u.id FROM users u", "SELECT o.id FROM orders o"
    asked(shop, users, asks("id"))
    assert not mask_of(reading(users)).whole
    shop.settings = {**shop.settings, "database": "another"}
    shop.save()
    assert mask_of(reading(users)).whole
    asked(shop, orders, asks("id"))
    assert known().keys() == {"orders"}


def test_a_source_is_asked_before_each_read_and_only_where_something_is_masked(
    schema: str, shop: Connection
) -> None:
    query = "SELECT u.id, o.label FROM users u JOIN orders o ON o.user_id = u.id"
    source = asks("id", "user_id", "label")
    set_masked("shop", [], shown=["email"])
    asked(shop, query, source)
    assert source.tables == []
    set_masked("shop", ["email"])
    for _ in range(2):
        asked(shop, query, source)
    assert source.tables == ["orders", "users"] * 2


def test_what_a_sync_read_before_is_asked_for_with_what_it_reads_now(schema: str, shop: Connection) -> None:
    row = find_sync("users")
    snapshot = snapshot_of(row)
    before = f"SELECT o.id, o.label AS plan FROM {schema}.orders o"
    definition = {"connection": "shop", "query": before}
    note(row, {**snapshot, "model": {"key": "users", "definition": definition}})
    assert Veils(row).remembered.over_keys
    asked(shop, "SELECT id FROM x", stream=Stream.objects.get(key="users"))
    assert not Veils(row).remembered.over_keys
    again = asks()
    asked(shop, "SELECT id FROM x", again, Stream.objects.get(key="users"))
    assert again.tables == []  # nothing is read by that query any more
