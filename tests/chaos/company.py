"""Twenty sources in one SQLite file, and the project that keeps four workspaces in step with them."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KINDS = ("people", "members", "mirror", "orders", "visits")  # of each workspace
EVENTS = ("orders", "visits")
SIZE = 120  # rows of a new source
CHANGED = 0.4  # share of people that an edit changes


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """``number`` is its environment_id, ``budget`` in requests a second."""

    name: str
    number: int
    site_id: str
    api_key: str
    budget: int

    @property
    def variable(self) -> str:
        return f"CHAOS_{self.name.upper()}"

    def sync(self, kind: str) -> str:
        return f"{self.name}_{kind}"


class Company:
    """``dice`` decide what an edit does."""

    def __init__(self, path: Path, workspaces: list[Workspace], dice: random.Random) -> None:
        self.path = path
        self.workspaces = workspaces
        self._dice = dice
        self._edits = 0
        with self._open() as database:
            database.execute("PRAGMA journal_mode=WAL")
            for table in self.tables(*KINDS):
                columns = "(id INTEGER PRIMARY KEY, key TEXT, plan TEXT, visits INTEGER)"
                database.execute(f"CREATE TABLE {table} {columns}")
                self._add(database, table, SIZE)

    def tables(self, *kinds: str) -> list[str]:
        return [workspace.sync(kind) for workspace in self.workspaces for kind in kinds]

    def edit(self) -> None:
        """People change, come, and where they are mirrored go; events only come."""
        self._edits += 1
        with self._open() as database:
            for table in self.tables(*KINDS):
                self._add(database, table, self._dice.randrange(5, 25))
                if not table.endswith(EVENTS):
                    self._change(database, table)
                if table.endswith("mirror"):
                    self._remove(database, table)

    def people(self, sync: str) -> dict[str, tuple[str, str]]:
        """Key to the wire values of plan and visits."""
        with self._open() as database:
            rows = database.execute(f"SELECT key, plan, visits FROM {sync}").fetchall()
        return {key: (json.dumps(plan), str(visits)) for key, plan, visits in rows}

    def events(self, sync: str) -> list[int]:
        with self._open() as database:
            return [number for (number,) in database.execute(f"SELECT id FROM {sync} ORDER BY id")]

    def _add(self, database: sqlite3.Connection, table: str, count: int) -> None:
        first = database.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchone()[0]
        who = "guest" if table.endswith(EVENTS) else table
        rows = [(i, f"{who}-{i}", "new", self._edits) for i in range(first, first + count)]
        database.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", rows)

    def _change(self, database: sqlite3.Connection, table: str) -> None:
        for (number,) in database.execute(f"SELECT id FROM {table}").fetchall():
            if self._dice.random() < CHANGED:
                values = [f"plan {self._edits}", self._dice.randrange(1000), number]
                database.execute(f"UPDATE {table} SET plan = ?, visits = ? WHERE id = ?", values)

    def _remove(self, database: sqlite3.Connection, table: str) -> None:
        for (number,) in database.execute(f"SELECT id FROM {table}").fetchall():
            if self._dice.random() < 0.1:
                database.execute(f"DELETE FROM {table} WHERE id = ?", [number])

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=20)) as database, database:
            yield database


def project(company: Company, url: str) -> dict[str, Any]:
    """The project file as a document. API keys are in the variables of the workspaces."""
    spaces = company.workspaces
    return {
        "version": 1,
        "connections": {
            "company": {"type": "sqlite", "path": str(company.path)},
            **{space.name: _target(space, url) for space in spaces},
        },
        "models": {table: {"connection": "company", "table": table} for table in company.tables(*KINDS)},
        "syncs": {space.sync(kind): _sync(space, kind) for space in spaces for kind in KINDS},
    }


def _target(space: Workspace, url: str) -> dict[str, Any]:
    return {
        "type": "customerio",
        "site_id": space.site_id,
        "api_key": f"env:{space.variable}",
        "base_url": url,
        "budget": {"requests_per_second": space.budget, "max_items": 10, "senders": 2},
    }


def _sync(space: Workspace, kind: str) -> dict[str, Any]:
    common = {
        "source": {"model": space.sync(kind)},
        "destination": {"connection": space.name, "object": "event" if kind in EVENTS else "person"},
        "mappings": [{"from": "plan", "to": "plan"}, {"from": "visits", "to": "visits"}],
    }
    return common | (_event(space.sync(kind)) if kind in EVENTS else _person(kind))


def _person(kind: str) -> dict[str, Any]:
    return {
        "behavior": "mirror" if kind == "mirror" else "update_or_create",
        "identifier": {"from": "key", "to": "id"},
        "guards": {"max_changed": 1, "max_removed": 1},
    }


def _event(sync: str) -> dict[str, Any]:
    return {
        "behavior": "append_only",
        "unique_id": "id",
        "first_run": "backfill",
        "event": {"name": {"constant": sync}, "person": {"from": "key", "to": "id"}},
        "mappings": [{"from": "id", "to": "number"}],
    }
