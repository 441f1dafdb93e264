"""The same people out of every kind of source."""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.journeys.desk import Desk, sums

COLUMNS = ("id", "email", "plan", "visits", "score", "since")
TYPES = {"id": "integer", "visits": "integer", "score": "decimal", "since": "timestamp"}
ROWS: list[tuple[Any, ...]] = [
    (i, f"p{i}@example.com", None if i % 9 == 0 else "päid 'n \"quoted\"", i * 10**6, f"{i}.50", "2024-02-29 12:30:00")
    for i in range(1, 61)
]  # fmt: skip


@pytest.fixture
def schema(postgresql_address: dict[str, Any]) -> Iterator[str]:
    """A schema of the real PostgreSQL server with the people in it."""
    name = f"journey_{uuid.uuid4().hex[:8]}"
    address = postgresql_address
    with psycopg.connect(
        host=address["host"], dbname=address["database"], user=address["user"], autocommit=True
    ) as connection:
        connection.execute(f"CREATE SCHEMA {name}")  # type: ignore[arg-type]
        columns = "id integer, email text, plan text, visits bigint, score numeric, since timestamp"
        connection.execute(f"CREATE TABLE {name}.users ({columns})")  # type: ignore[arg-type]
        insert = f"INSERT INTO {name}.users VALUES (%s, %s, %s, %s, %s::numeric, %s::timestamp)"
        with connection.cursor() as cursor:
            cursor.executemany(insert, ROWS)  # type: ignore[arg-type]
        yield name
        connection.execute(f"DROP SCHEMA {name} CASCADE")  # type: ignore[arg-type]


@pytest.fixture
def models(desk: Desk, schema: str, postgresql_address: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The same rows behind four connections, and the models that read them."""
    desk.sql("DROP TABLE users")
    desk.sql("CREATE TABLE users (id INTEGER, email TEXT, plan TEXT, visits INTEGER, score TEXT, since TEXT)")
    desk.sql("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)", ROWS)
    (desk.folder / "drop").mkdir()
    with (desk.folder / "drop" / "users.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([COLUMNS, *(["" if v is None else v for v in row] for row in ROWS)])
    documents = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    (desk.folder / "drop" / "users.json").write_text(json.dumps(documents))
    desk.project["connections"] |= {
        "files": {"type": "files", "folders": ["drop"]},
        "warehouse": {"type": "postgresql", **postgresql_address},
    }
    return {
        "sqlite": {"connection": "company", "table": "users", "types": TYPES},
        "csv": {"connection": "files", "path": "users.csv", "types": TYPES},
        "json": {"connection": "files", "path": "users.json", "types": TYPES},
        "postgresql": {"connection": "warehouse", "table": f"{schema}.users"},
    }


def read_from(desk: Desk, model: dict[str, Any]) -> None:
    desk.project["models"]["users"] = model
    desk.apply()


def test_every_source_gives_the_same_people_and_switching_sends_nothing(
    desk: Desk, models: dict[str, dict[str, Any]]
) -> None:
    desk.people_sync["mappings"] = [{"from": name, "to": name} for name in COLUMNS[1:]]
    found = {}
    for name, model in models.items():
        desk.workspace.ask("reset", {"workspace": 1001})
        read_from(desk, model)
        report = desk.run("people", *(["--full", "--yes"] if found else []))
        assert report["destination"]["accepted"] == 60, name
        found[name] = desk.workspace.people()
    for name, people in found.items():
        assert people == found["sqlite"], name
    assert found["csv"]["3"]["visits"] == "3000000"
    assert found["csv"]["3"]["score"] == "3.5"
    assert found["csv"]["3"]["since"] == "1709209800"
    desk.workspace.forget()
    for name in (*models, *models):
        read_from(desk, models[name])
        report = desk.run()
        assert (sums(report), report["source"]["unchanged"]) == ((0, 0, 0, 0), 60), name
    assert desk.workspace.requests("") == []


def test_a_type_change_is_reported_and_is_no_change(desk: Desk) -> None:
    desk.apply()
    desk.run()
    desk.sql("CREATE TABLE copied (id INTEGER, email TEXT, plan TEXT, visits BIGINT)")
    desk.sql("INSERT INTO copied SELECT * FROM users")
    desk.sql("DROP TABLE users")
    desk.sql("ALTER TABLE copied RENAME TO users")
    report = desk.run()
    assert report["source"]["unchanged"] == 250
    assert any("visits" in warning and "BIGINT" in warning for warning in report["warnings"])


def test_a_database_that_cannot_be_reached_says_what_to_check(desk: Desk) -> None:
    desk.project["connections"]["warehouse"] = {
        "type": "postgresql",
        "host": "127.0.0.1",
        "port": 1,
        "database": "postgres",
        "user": "nobody",
    }
    read_from(desk, {"connection": "warehouse", "table": "users"})
    report = desk.run(code=3)
    assert "cannot be reached" in report["error"]
    assert "host, port" in report["hint"]
