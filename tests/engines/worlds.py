"""Each engine as the contract suite needs it: a place to put tables, and how to open it as a user.

A world writes with a client of its own, never with the engine under test.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pymysql

from headcount.engines import Source, open_source
from headcount.model import Model

PASSWORD = "correct-horse'battery\\"
Rows = Sequence[Sequence[Any]]


class World(Protocol):
    dialect: str
    writes: Sequence[str]  # statements that must not get through, on the table "people"

    def put(self, name: str, columns: Sequence[str], types: Sequence[str], rows: Rows) -> Model:
        """Make a table (or file) with columns of the generic ``types`` text, integer, and the model of it."""

    def query(self, name: str, sql: str) -> Model:
        """A model of SQL in which ``{t}`` stands for the table."""

    def open(self) -> Source: ...

    def close(self) -> None: ...


def model(**where: Any) -> Model:
    return Model(key="m", name="People", connection="c", **where)


def marks(text: str, quote: str) -> str:
    return quote + text.replace(quote, quote * 2) + quote


def arrow_table(columns: Sequence[str], types: Sequence[str], rows: Rows) -> pa.Table:
    known = {"text": pa.string(), "integer": pa.int64()}
    arrays = [pa.array([row[i] for row in rows], known[kind]) for i, kind in enumerate(types)]
    return pa.Table.from_arrays(arrays, names=list(columns))


class _SQLWorld:
    """What the worlds with a CREATE TABLE share."""

    quote = '"'
    placeholder = "?"
    text = "text"

    def execute(self, sql: str, rows: Rows | None = None) -> None:
        raise NotImplementedError

    def put(self, name: str, columns: Sequence[str], types: Sequence[str], rows: Rows) -> Model:
        pairs = zip(columns, types, strict=True)
        listed = ", ".join(
            f"{marks(column, self.quote)} {self.text if kind == 'text' else 'bigint'}"
            for column, kind in pairs
        )
        table = marks(name, self.quote)
        self.execute(f"CREATE TABLE {table} ({listed})")
        if rows:
            self.execute(f"INSERT INTO {table} VALUES ({', '.join([self.placeholder] * len(columns))})", rows)
        return model(table=marks(name, '"') if "." in name or '"' in name else name)

    def query(self, name: str, sql: str) -> Model:
        return model(query=sql.replace("{t}", marks(name, self.quote)))


class DuckDBWorld(_SQLWorld):
    dialect = "duckdb"
    writes = ("COPY people TO '/tmp/x.csv'", "ATTACH '/tmp/x.duckdb'", "SET threads = 4", "INSTALL httpfs")

    def __init__(self, folder: Path) -> None:
        self.path = folder / "source.duckdb"
        self.execute("SELECT 1")

    def execute(self, sql: str, rows: Rows | None = None) -> None:
        with duckdb.connect(str(self.path)) as connection:
            connection.executemany(sql, rows) if rows else connection.execute(sql)

    def put(self, name: str, columns: Sequence[str], types: Sequence[str], rows: Rows) -> Model:
        made = super().put(name, columns, types, [])
        table = arrow_table(columns, types, rows)  # row by row would take a minute
        with duckdb.connect(str(self.path)) as connection:
            connection.from_arrow(table).insert_into(marks(name, '"'))
        return made

    def open(self) -> Source:
        return open_source("duckdb", {"path": str(self.path)})

    def close(self) -> None:
        pass


class SQLiteWorld(_SQLWorld):
    dialect = "sqlite"
    writes = ("ATTACH '/tmp/x.db' AS x", "PRAGMA query_only = OFF", "VACUUM INTO '/tmp/x.db'")

    def __init__(self, folder: Path) -> None:
        self.path = folder / "source.sqlite"
        self.execute("CREATE TABLE empty (a)")

    def execute(self, sql: str, rows: Rows | None = None) -> None:
        connection = sqlite3.connect(self.path)
        connection.executemany(sql, rows) if rows else connection.execute(sql)
        connection.commit()
        connection.close()

    def open(self) -> Source:
        return open_source("sqlite", {"path": str(self.path)})

    def close(self) -> None:
        pass


class FilesWorld:
    """CSV, JSON or Parquet files, written by DuckDB or by hand."""

    dialect = "duckdb"
    writes = ("COPY (SELECT 1) TO '{folder}/x.csv'", "ATTACH '/tmp/x.duckdb'", "SET threads = 4")

    def __init__(self, folder: Path, ending: str) -> None:
        self.folder = folder / "files"
        self.folder.mkdir()
        self.ending = ending
        self.writes = tuple(sql.format(folder=self.folder) for sql in self.writes)

    def put(self, name: str, columns: Sequence[str], types: Sequence[str], rows: Rows) -> Model:
        path = self.folder / f"{name}.{self.ending}"
        if self.ending == "json":
            records = [dict(zip(columns, row, strict=True)) for row in rows]
            path.write_text("\n".join(json.dumps(record) for record in records))
        elif self.ending == "csv":
            lines = [columns, *rows]
            path.write_text("".join(",".join(map(_cell, line)) + "\n" for line in lines))
        else:
            pq.write_table(arrow_table(columns, types, rows), path)
        return model(path=path.name)

    def query(self, name: str, sql: str) -> Model:
        return model(query=sql.replace("{t}", f"'{self.folder}/{name}.{self.ending}'"))

    def open(self) -> Source:
        return open_source("files", {"folders": [str(self.folder)]})

    def close(self) -> None:
        pass


def _cell(value: Any) -> str:
    return "" if value is None else '"' + str(value).replace('"', '""') + '"'


class PostgreSQLWorld(_SQLWorld):
    """A schema and a user of its own per test, with the rights that the manual's script gives."""

    dialect = "postgres"
    writes = (
        "COPY people TO '/tmp/x'",
        "SET ROLE postgres",
        "DELETE FROM people",
        "CALL f()",
        "DO $$ BEGIN END $$",
    )
    placeholder = "%s"

    def __init__(self, address: dict[str, Any]) -> None:
        self.address = address
        self.name = f"t{uuid.uuid4().hex[:12]}"
        self.connection = psycopg.connect(
            host=address["host"], dbname=address["database"], user=address["user"], autocommit=True
        )
        word = PASSWORD.replace("'", "''")
        self.execute(f"CREATE USER {self.name} PASSWORD '{word}'")
        self.execute(f"CREATE SCHEMA {self.name}")
        self.execute(f"GRANT USAGE ON SCHEMA {self.name} TO {self.name}")
        self.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {self.name} GRANT SELECT ON TABLES TO {self.name}")
        self.execute(f"SET search_path TO {self.name}")

    def execute(self, sql: str, rows: Rows | None = None) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(sql, rows) if rows else cursor.execute(sql)

    def settings(self) -> dict[str, Any]:
        return {**self.address, "user": self.name, "password": PASSWORD}

    def open(self) -> Source:
        return open_source("postgresql", self.settings())

    def close(self) -> None:
        self.execute(f"DROP OWNED BY {self.name}; DROP SCHEMA {self.name} CASCADE; DROP USER {self.name}")
        self.connection.close()


class MySQLWorld(_SQLWorld):
    """A database and a user of its own per test, with the rights that the manual's script gives."""

    dialect = "mysql"
    writes = (
        "INSERT INTO people VALUES (1)",
        "SET GLOBAL x = 1",
        "CALL f()",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
    )
    quote = "`"
    placeholder = "%s"
    text = "varchar(200)"

    def __init__(self, address: dict[str, Any]) -> None:
        self.address = {key: value for key, value in address.items() if key != "ca"}
        self.ca = address.get("ca", "")
        self.name = f"t{uuid.uuid4().hex[:12]}"
        self.connection = pymysql.connect(**self.address, charset="utf8mb4", autocommit=True)
        self.execute(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
        self.execute(f"CREATE USER {self.name} IDENTIFIED BY %s", [[PASSWORD]])
        self.execute(f"GRANT SELECT, SHOW VIEW ON {self.name}.* TO {self.name}")
        self.execute(f"USE {self.name}")

    def execute(self, sql: str, rows: Rows | None = None) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(sql, rows) if rows else cursor.execute(sql)

    def settings(self) -> dict[str, Any]:
        return {**self.address, "database": self.name, "user": self.name, "password": PASSWORD}

    def drop_readers(self) -> None:
        """Kill the connections of this world's user."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE user = %s", [self.name])
            for (number,) in cursor.fetchall():
                cursor.execute(f"KILL CONNECTION {number}")

    def open(self) -> Source:
        return open_source("mysql", self.settings())

    def close(self) -> None:
        self.execute(f"DROP DATABASE {self.name}")
        self.execute(f"DROP USER {self.name}")
        self.connection.close()
