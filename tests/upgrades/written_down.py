"""Homes of earlier releases as text: control store and queue as SQL, states and plans as their tables in CSV.

Written by the program of that time: ``python -m tests.upgrades.written_down HOME FOLDER``. What depends on the machine
and the day, the address of the sandbox, the folder and when a plan was made, was made a word in braces by hand.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import duckdb

DATABASES = ("control", "jobs")
CSV = "HEADER, NULLSTR '\\N'"


def write_down(home: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in DATABASES:
        with closing(sqlite3.connect(home / f"{name}.sqlite3")) as database:
            (folder / f"{name}.sql").write_text("\n".join(database.iterdump()) + "\n")
    for state in (home / "state").glob("*.duckdb"):
        with duckdb.connect(str(state), read_only=True) as database:
            _export(database, folder / "state" / state.stem)
    for plan in (home / "plans").glob("*/plan.parquet"):
        _export_plan(plan, folder / "plans" / plan.parent.name)


def set_up(written: Path, home: Path, **words: str) -> None:
    """The home as it was; ``words`` are what stood in braces."""
    (home / "state").mkdir(parents=True)
    for name in DATABASES:
        with closing(sqlite3.connect(home / f"{name}.sqlite3")) as database:
            database.executescript(_said(written / f"{name}.sql", words))
    for state in (written / "state").iterdir():
        with duckdb.connect(str(home / "state" / f"{state.name}.duckdb")) as database:
            _import(database, state)
    for plan in (written / "plans").glob("*"):
        _import_plan(plan, home / "plans" / plan.name)
        (home / "plans" / plan.name / "plan.json").write_text(_said(plan / "plan.json", words))


def _said(file: Path, words: Mapping[str, str]) -> str:
    text = file.read_text()
    for word, meaning in words.items():
        text = text.replace("{" + word + "}", meaning)
    return text


def _export(database: duckdb.DuckDBPyConnection, folder: Path) -> None:
    folder.mkdir(parents=True)
    tables = database.execute("SELECT table_name, sql FROM duckdb_tables() ORDER BY 1").fetchall()
    (folder / "schema.sql").write_text("\n".join(sql for _, sql in tables) + "\n")
    for table, _ in tables:
        database.execute(f"COPY (FROM {table} ORDER BY ALL) TO '{folder / table}.csv' ({CSV}, FORCE_QUOTE *)")


def _import(database: duckdb.DuckDBPyConnection, folder: Path) -> None:
    database.execute((folder / "schema.sql").read_text())
    for table in folder.glob("*.csv"):
        database.execute(f"COPY {table.stem} FROM '{table}' (HEADER, NULLSTR '\\N', QUOTE '\"')")


def _export_plan(plan: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    shutil.copyfile(plan.parent / "plan.json", folder / "plan.json")
    with duckdb.connect() as database:
        types = {name: kind for name, kind, *_ in database.execute(f"DESCRIBE FROM '{plan}'").fetchall()}
        (folder / "types.json").write_text(json.dumps(types, indent=1) + "\n")
        database.execute(f"COPY (FROM '{plan}') TO '{folder / 'plan.csv'}' ({CSV}, FORCE_QUOTE *)")


def _import_plan(written: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    types = ", ".join(
        f"'{name}': '{kind}'" for name, kind in json.loads((written / "types.json").read_text()).items()
    )
    rows = f"read_csv('{written / 'plan.csv'}', header = true, nullstr = '\\N', quote = '\"', columns = {{{types}}})"
    with duckdb.connect() as database:
        database.execute(f"COPY (FROM {rows}) TO '{folder / 'plan.parquet'}' (FORMAT parquet)")


if __name__ == "__main__":
    write_down(Path(sys.argv[1]), Path(sys.argv[2]))
