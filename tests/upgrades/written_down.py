"""Homes of earlier releases as text: control store and queue as SQL, states as their tables in CSV.

Written by the program of that time: ``python -m tests.upgrades.written_down HOME FOLDER``. What depends on the
machine, the address of the sandbox and the folder, was made a word in braces by hand.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import duckdb

DATABASES = ("control", "jobs")


def write_down(home: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in DATABASES:
        with closing(sqlite3.connect(home / f"{name}.sqlite3")) as database:
            (folder / f"{name}.sql").write_text("\n".join(database.iterdump()) + "\n")
    for state in (home / "state").glob("*.duckdb"):
        with duckdb.connect(str(state), read_only=True) as database:
            _export(database, folder / "state" / state.stem)


def set_up(written: Path, home: Path, **words: str) -> None:
    """The home as it was; ``words`` are what stood in braces."""
    (home / "state").mkdir(parents=True)
    for name in DATABASES:
        sql = (written / f"{name}.sql").read_text()
        for word, meaning in words.items():
            sql = sql.replace("{" + word + "}", meaning)
        with closing(sqlite3.connect(home / f"{name}.sqlite3")) as database:
            database.executescript(sql)
    for state in (written / "state").iterdir():
        with duckdb.connect(str(home / "state" / f"{state.name}.duckdb")) as database:
            _import(database, state)


def _export(database: duckdb.DuckDBPyConnection, folder: Path) -> None:
    folder.mkdir(parents=True)
    tables = database.execute("SELECT table_name, sql FROM duckdb_tables() ORDER BY 1").fetchall()
    (folder / "schema.sql").write_text("\n".join(sql for _, sql in tables) + "\n")
    for table, _ in tables:
        database.execute(
            f"COPY (FROM {table} ORDER BY ALL) TO '{folder / table}.csv' (HEADER, NULLSTR '\\N', FORCE_QUOTE *)"
        )


def _import(database: duckdb.DuckDBPyConnection, folder: Path) -> None:
    database.execute((folder / "schema.sql").read_text())
    for table in folder.glob("*.csv"):
        database.execute(f"COPY {table.stem} FROM '{table}' (HEADER, NULLSTR '\\N', QUOTE '\"')")


if __name__ == "__main__":
    write_down(Path(sys.argv[1]), Path(sys.argv[2]))
