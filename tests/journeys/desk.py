"""A user's desk: a folder with a project file and a database, a home, a workspace, and the command."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import yaml

import headcount
from headcount.cli import run
from headcount.sandbox.seed import PRODUCTION, Seed
from tests.control_store import URL, place

CHECKOUT = Path(headcount.__file__).parents[1]
RUN_KEYS = ["run", "sync", "status", "source", "plan", "destination", "seconds"]
PARTS = {
    "source": ["rows", "invalid", "unchanged", "held", "missed"],
    "plan": ["add", "change", "remove"],
    "destination": ["accepted", "rejected", "in_doubt", "unsent", "requests", "bytes"],
}


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def all(self) -> str:
        return self.out + self.err


class Workspace:
    """Customer.io as the tests see it: the sandbox's admin endpoints."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, document: Any = None, method: str = "") -> Any:
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}",
            body,
            {"Content-Type": "application/json"},
            method=method or ("GET" if body is None else "POST"),
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def fault(self, **rule: Any) -> None:
        self.ask("faults", rule)

    def slow(self, seconds: float) -> None:
        self.fault(kind="latency", latency=seconds, match={"path": "/api/v2/"})

    def heal(self) -> None:
        self.ask("faults", method="DELETE")

    def people(self, workspace: int = 1001) -> dict[str, dict[str, str]]:
        """Attributes as JSON text, by id."""
        found = self.ask(f"people?workspace={workspace}")["people"]
        return {one["id"]: _attributes(one["wire"]) for one in found}

    def events(self, workspace: int = 1001) -> Any:
        return self.ask(f"events?workspace={workspace}")

    def requests(self, path: str = "/api/v2/") -> list[Any]:
        return list(self.ask(f"requests?path={path}")["requests"])

    def forget(self) -> None:
        self.ask("requests", method="DELETE")

    def in_flight(self) -> int:
        return int(self.ask("requests?path=/api/v2/&limit=1&bodies=0")["in_flight"])


def _attributes(wire: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in wire.items() if not name.startswith(("_", "cio_"))}


class Desk:
    """``project`` is the project file as a document; ``apply`` writes and applies it."""

    def __init__(self, folder: Path, workspace: Workspace) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.workspace = workspace
        self.database = folder / "company.sqlite"
        self.project = project(workspace.url)

    # The database.

    def sql(self, statement: str, rows: Sequence[Sequence[Any]] | None = None) -> None:
        with closing(sqlite3.connect(self.database, timeout=20)) as database, database:
            database.executemany(statement, rows) if rows is not None else database.execute(statement)

    def hire(self, count: int, *, first: int = 1) -> None:
        rows = [(i, f"p{i}@example.com", "free", i) for i in range(first, first + count)]
        self.sql(
            "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, email TEXT, plan TEXT, visits INTEGER)"
        )
        self.sql("INSERT INTO users VALUES (?, ?, ?, ?)", rows)

    def order(self, count: int, *, first: int = 1) -> None:
        self.sql(
            "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, user_id INTEGER, total REAL, at INTEGER)"
        )
        rows = [(i, i % 50 + 1, i / 4, 1_700_000_000 + i) for i in range(first, first + count)]
        self.sql("INSERT INTO orders (id, user_id, total, at) VALUES (?, ?, ?, ?)", rows)

    # The command.

    @property
    def people_sync(self) -> dict[str, Any]:
        return dict.__getitem__(self.project["syncs"], "people")  # type: ignore[no-any-return]

    @property
    def target(self) -> dict[str, Any]:
        return self.project["connections"]["production"]  # type: ignore[no-any-return]

    def write(self) -> Path:
        path = self.folder / "headcount.yml"
        path.write_text(yaml.safe_dump(self.project, sort_keys=False))
        return path

    def apply(self, *options: str) -> Said:
        said = self.cli("apply", str(self.write()), *options)
        assert said.code == 0, said.all
        return said

    def cli(self, *words: str) -> Said:
        """The command inside this process."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(words)
        return Said(code=code, out=out.getvalue(), err=err.getvalue())

    def done(self, *words: str, code: int = 0) -> Said:
        """The same, and it must end as expected."""
        said = self.cli(*words)
        assert said.code == code, f"{words} ended with {said.code}: {said.all}"
        return said

    def run(self, sync: str = "people", *options: str, code: int = 0) -> Any:
        """``run --json``, checked: one object, the promised keys, sums that add up."""
        return checked(self.done("run", sync, "--json", *options, code=code).json)

    def environment(self, **more: str) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("HEADCOUNT_")}
        return {**plain, **place(), "HEADCOUNT_HOME": str(self.home), "PYTHONPATH": str(CHECKOUT), **more}

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """The command as a process of its own, with Python's warnings on."""
        return subprocess.Popen(
            [sys.executable, "-W", "always", "-m", "headcount", *words],
            env=self.environment(**more),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def process(self, *words: str, **more: str) -> Said:
        return ended(self.start(*words, **more))

    @contextmanager
    def control(self) -> Iterator[Any]:
        """A connection of its own to the control store, wherever that is; each statement is committed at once."""
        if url := place().get(URL):
            opened: Any = psycopg.connect(url, autocommit=True)
        else:
            opened = sqlite3.connect(self.home / "control.sqlite3", timeout=20, isolation_level=None)
        with closing(opened) as database:
            yield database

    def count(self, sql: str) -> int:
        with self.control() as database:
            return int(database.execute(sql).fetchone()[0] or 0)

    def dump(self) -> str:
        """Everything that stands in the control store, as text."""
        with self.control() as database:
            if hasattr(database, "iterdump"):
                return "\n".join(database.iterdump())
            names = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            rows = (f"INSERT INTO {name}: {row}" for (name,) in names for row in _rows(database, name))
            return "\n".join(rows)

    def plan_file(self, run_id: int) -> Path:
        return self.home / "plans" / str(run_id) / "plan.json"


def _rows(database: Any, table: str) -> list[str]:
    return [row for (row,) in database.execute(f'SELECT t::text FROM "{table}" t').fetchall()]


def project(url: str, seed: Seed = PRODUCTION) -> dict[str, Any]:
    """People and events of a small company."""
    return {
        "version": 1,
        "connections": {
            "company": {"type": "sqlite", "path": "company.sqlite"},
            "production": {
                "type": "customerio",
                "site_id": seed.site_id,
                "api_key": "env:JOURNEY_API_KEY",
                "base_url": url,
                "budget": {"requests_per_second": 500, "max_items": 100, "senders": 3},
            },
        },
        "models": {
            "users": {"connection": "company", "table": "users"},
            "orders": {"connection": "company", "table": "orders"},
        },
        "syncs": {
            "people": {
                "name": "Users to People",
                "source": {"model": "users"},
                "destination": {"connection": "production", "object": "person"},
                "behavior": "mirror",
                "identifier": {"from": "id", "to": "id"},
                "mappings": [{"from": "plan", "to": "plan"}, {"from": "visits", "to": "visits"}],
            },
            "events": {
                "source": {"model": "orders"},
                "destination": {"connection": "production", "object": "event"},
                "behavior": "append_only",
                "unique_id": "id",
                "first_run": "backfill",
                "event": {
                    "name": {"constant": "Order"},
                    "person": {"from": "user_id", "to": "id"},
                    "timestamp": "at",
                },
                "mappings": [{"from": "total", "to": "total"}],
            },
        },
    }


def checked(report: Any) -> Any:
    """Promise P1, in the words of ``run --json``."""
    assert list(report)[: len(RUN_KEYS)] == RUN_KEYS
    for part, keys in PARTS.items():
        assert list(report[part]) == keys
    source, plan, destination = report["source"], report["plan"], report["destination"]
    rows = plan["add"] + plan["change"] + sum(source[name] for name in PARTS["source"][1:])
    fates = sum(destination[name] for name in PARTS["destination"][:4])
    assert source["rows"] == rows
    assert sum(plan.values()) == fates
    return report


def sums(report: Any) -> tuple[int, int, int, int]:
    """add, change, remove, accepted."""
    return (*report["plan"].values(), report["destination"]["accepted"])


def ended(process: subprocess.Popen[str], *, seconds: float = 60) -> Said:
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Said(code=process.returncode, out=out, err=err)


def wait_for(condition: Callable[[], object], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
