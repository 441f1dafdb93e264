"""What the kill test works on: a company in SQLite, a sandbox, a home, and the real command to be killed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb

from headcount.sandbox import seed

PEOPLE = 3_000
FIRST_EVENTS = 1_000
PROJECT = """
version: 1
connections:
  company: {{type: sqlite, path: {database}}}
  production:
    type: customerio
    site_id: env:KILL_SITE_ID
    api_key: env:KILL_API_KEY
    base_url: {url}
    budget: {{requests_per_second: {rate}, max_items: 100, senders: 3}}
models:
  users: {{connection: company, table: users}}
  orders: {{connection: company, table: orders}}
syncs:
  people:
    source: {{model: users}}
    destination: {{connection: production, object: person}}
    behavior: mirror
    identifier: {{from: id, to: id}}
    mappings: [{{from: plan, to: plan}}, {{from: visits, to: visits}}]
    guards: {{max_changed: 1, max_removed: 1}}
  events:
    source: {{model: orders}}
    destination: {{connection: production, object: event}}
    behavior: append_only
    unique_id: id
    first_run: backfill
    event: {{name: {{constant: Order}}, person: {{from: user_id, to: id}}, timestamp: at}}
    mappings: [{{from: total, to: total}}]
"""


class Company:
    """The source: every edit changes many people, removes and adds some, and adds events."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.round = 0
        with self._open() as database:
            database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, plan TEXT, visits INTEGER)")
            database.execute(
                "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, total REAL, at INTEGER)"
            )
        self._people(range(1, PEOPLE + 1))
        self._orders(FIRST_EVENTS)

    def edit(self) -> None:
        self.round += 1
        with self._open() as database:
            database.execute(
                "UPDATE users SET visits = visits + 1, plan = ? WHERE id % 3 <> 0", [f"plan {self.round}"]
            )
            database.execute("DELETE FROM users WHERE id IN (SELECT id FROM users ORDER BY id LIMIT 20)")
            start = database.execute("SELECT max(id) FROM users").fetchone()[0] + 1
        self._people(range(start, start + 20))
        self._orders(600)

    def people(self) -> dict[str, tuple[str, str]]:
        """Key to the wire values of plan and visits."""
        with self._open() as database:
            rows = database.execute("SELECT id, plan, visits FROM users").fetchall()
        return {str(key): (json.dumps(plan), str(visits)) for key, plan, visits in rows}

    def orders(self) -> int:
        with self._open() as database:
            return int(database.execute("SELECT count(*) FROM orders").fetchone()[0])

    def _people(self, ids: range) -> None:
        with self._open() as database:
            database.executemany("INSERT INTO users VALUES (?, 'free', 0)", [(i,) for i in ids])

    def _orders(self, count: int) -> None:
        with self._open() as database:
            start = (database.execute("SELECT max(id) FROM orders").fetchone()[0] or 0) + 1
            rows = [
                (i, i % PEOPLE + 1_000_000, i / 4, 1_700_000_000 + i) for i in range(start, start + count)
            ]
            database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path)) as database, database:
            yield database


class Sandbox:
    """Reads and spoils the local Customer.io through its admin endpoints."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path) as answer:
            return json.load(answer)

    def send(self, method: str, path: str, document: Any = None) -> Any:
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(
            self.url + path, body, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def slow(self, seconds: float) -> None:
        self.send(
            "POST", "/_sandbox/faults", {"kind": "latency", "latency": seconds, "match": {"path": "/api/v2/"}}
        )

    def quick(self) -> None:
        self.send("DELETE", "/_sandbox/faults")

    def in_flight(self) -> int:
        return int(self.get("/_sandbox/requests?path=/api/v2/&limit=1")["in_flight"])

    def answered(self) -> int:
        """Batches that were answered since the requests were last forgotten."""
        requests = self.get("/_sandbox/requests?path=/api/v2/")["requests"]
        return sum(request["status"] is not None for request in requests)

    def forget_requests(self) -> None:
        self.send("DELETE", "/_sandbox/requests")

    def people(self) -> dict[str, tuple[str | None, str | None]]:
        """People that a sync made, by id; people that only events made have no plan."""
        found = self.get("/_sandbox/people?workspace=1001")["people"]
        wires = {person["id"]: person["wire"] for person in found}
        return {key: (wire.get("plan"), wire.get("visits")) for key, wire in wires.items() if "plan" in wire}

    def events(self) -> dict[str, Any]:
        return dict(self.get("/_sandbox/events?workspace=1001"))


class Command:
    """The real ``headcount`` command in a process group of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HEADCOUNT_")},
            "HEADCOUNT_HOME": str(home),
            "KILL_SITE_ID": seed.PRODUCTION.site_id,
            "KILL_API_KEY": seed.PRODUCTION.api_key,
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "headcount", *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, *words: str) -> dict[str, Any]:
        """Run to the end. Anything but success, or rows that were refused, fails the test."""
        process = self.start(*words)
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, f"{words} ended with {process.returncode}: {out}{errors}"
        return dict(json.loads(out)) if "--json" in words else {}

    @contextmanager
    def control(self) -> Iterator[sqlite3.Connection]:
        """The control store, opened by somebody else."""
        with closing(
            sqlite3.connect(self.home / "control.sqlite3", timeout=5, isolation_level=None)
        ) as database:
            yield database

    def count(self, sql: str) -> int:
        with self.control() as database:
            return int(database.execute(sql).fetchone()[0] or 0)

    def state_files(self) -> list[Path]:
        return sorted((self.home / "state").glob("*.duckdb"))

    def folded_run(self) -> int:
        """The newest run that any state file says is folded; 0 while a file is being written."""
        newest = 0
        for path in self.state_files():
            try:
                with duckdb.connect(str(path), read_only=True) as state:
                    rows = state.execute("SELECT value FROM meta WHERE name = 'folded_runs'").fetchall()
            except duckdb.Error:
                return 0
            markers = [marker for (value,) in rows for marker in json.loads(value)]
            newest = max([newest, *(int(marker.split()[0]) for marker in markers)])
        return newest


def kill(process: subprocess.Popen[str]) -> bool:
    """``kill -9``; False when the process had ended before."""
    alive = process.poll() is None
    if alive:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return alive


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str], *, seconds: float = 20.0) -> bool:
    """Poll until the condition holds; False when the process ended first or time ran out."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if condition():
            return True
        time.sleep(0.002)
    return False
