"""One sync from a real table to the sandbox, run by run. Every run's sums are checked against the files it wrote."""

from __future__ import annotations

import json
import time
import urllib.request
import uuid
from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from headcount.destinations.base import Answer, Client
from headcount.destinations.customerio.client import CustomerIoClient
from headcount.destinations.customerio.objects import destination_object
from headcount.engines import open_source
from headcount.errors import TransientError
from headcount.fold import release
from headcount.frozen import Frozen
from headcount.limiter import Unlimited
from headcount.model import (
    Batch,
    Behavior,
    Counts,
    FromColumn,
    Guards,
    Mapping,
    Model,
    Receipt,
    RetryPolicy,
    RunInfo,
    Sync,
)
from headcount.sandbox.seed import PRODUCTION, Seed
from headcount.state import State, StateFile
from headcount.sync import Line, Result, make_plan, run_line
from headcount.workbench import Workbench

NO_GUARDS = Guards(max_changed=1.0, max_removed=1.0, zero_rows=False)
AT_ONCE = RetryPolicy(attempts=2, base=0.0, cap=0.0)


def column(to: str, name: str = "", **options: Any) -> Mapping:
    """A mapping of one column, by default the one called like the field."""
    return Mapping(to=to, source=FromColumn(name or to), **options)


def people(*mappings: Mapping, **options: Any) -> Sync:
    settings: dict[str, Any] = {
        "key": "people",
        "name": "People",
        "model": Model(key="m", name="m", connection="c", table="rows"),
        "destination": "d",
        "object": "person",
        "behavior": Behavior.UPDATE_OR_CREATE,
        "identifier": "id",
        "key_column": "id",
        "mappings": mappings,
        "guards": NO_GUARDS,
    }
    return Sync(**{**settings, **options})


def events(*mappings: Mapping, person: str = "id", **options: Any) -> Sync:
    own = (column("name", slot="name"), column(person, "person", slot="person"))
    settings: dict[str, Any] = {
        "object": "event",
        "behavior": Behavior.APPEND_ONLY,
        "identifier": "unique_id",
        "stream_id": "orders",
        "mappings": (*own, *mappings),
    }
    return people(**{**settings, **options})


@dataclass
class Book:
    """A ledger in memory."""

    intents_: list[tuple[int, int]] = field(default_factory=list)
    receipts_: list[Receipt] = field(default_factory=list)

    def save_intents(self, batches: Sequence[Batch]) -> None:
        self.intents_ += [(batch.first, batch.last) for batch in batches]

    def withdraw_intents(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            self.intents_.remove((batch.first, batch.last))

    def save_receipts(self, receipts: Sequence[Receipt]) -> None:
        self.receipts_ += receipts

    def receipts(self) -> list[Receipt]:
        return list(self.receipts_)

    def intents(self) -> list[tuple[int, int]]:
        return list(self.intents_)

    def stop_requested(self) -> bool:
        return False


class Lossy:
    """A client that lets requests through and loses the answers of those the destination applied: a 5xx after it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.losing = False

    def send(self, body: bytes, count: int) -> Answer:
        answer = self.client.send(body, count)
        if self.losing:
            raise TransientError("Customer.io answered 502.", applied=True)
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


class World:
    """A source database, one sync's state, and the sandbox."""

    def __init__(self, url: str, folder: Path, seed: Seed = PRODUCTION) -> None:
        self.url = url
        self.folder = folder
        self.seed = seed
        self.source = folder / "source.duckdb"
        self.state: State = StateFile(folder / "state.duckdb")
        self.number = 0
        self.read = 0
        self.client: Any = self.connect()

    def connect(self, **options: Any) -> CustomerIoClient:
        return CustomerIoClient(
            self.seed.site_id, self.seed.api_key, **{"base_url": self.url, "region": "us", **options}
        )

    # The source.

    def table(self, types: Table[str, str], *rows: Sequence[Any]) -> None:
        """The table ``rows``, anew. Values are bound as Python values and cast to the declared types."""
        names = ", ".join('"' + name.replace('"', '""') + '"' for name in types)
        declared = ", ".join('"' + name.replace('"', '""') + '" ' + type_ for name, type_ in types.items())
        with duckdb.connect(str(self.source)) as database:
            database.execute(f"CREATE OR REPLACE TABLE rows ({declared})")
            if rows:
                places = ", ".join(f"CAST(? AS {type_})" for type_ in types.values())
                database.executemany(f"INSERT INTO rows ({names}) SELECT {places}", [list(r) for r in rows])
        self.read = len(rows)

    def sql(self, *statements: str) -> None:
        """Change the table ``rows`` by SQL."""
        with duckdb.connect(str(self.source)) as database:
            database.execute("SET TimeZone = 'UTC'")
            for statement in statements:
                database.execute(statement)
            ((self.read,),) = database.execute("SELECT count(*) FROM rows").fetchall()

    # Runs.

    def line(self, sync: Sync, **options: Any) -> Line:
        settings: dict[str, Any] = {
            "sync": sync,
            "object": destination_object(sync.object),
            "workspace": self.seed.environment_id,
            "open_source": lambda: open_source("duckdb", {"path": str(self.source)}),
            "client": self.client,
            "limiter": Unlimited(),
            "state": self.state,
            "scratch": self.folder / "scratch",
            "retry": AT_ONCE,
        }
        return Line(**{**settings, **options})

    def next_run(self) -> tuple[RunInfo, Path]:
        self.number += 1
        return RunInfo(id=self.number, started_at=datetime.now(UTC)), self.folder / f"run{self.number}"

    def plan(self, sync: Sync, *, full: bool = False, **options: Any) -> Frozen:
        _, folder = self.next_run()
        return make_plan(self.line(sync, **options), folder, full=full)

    def run(
        self, sync: Sync, *, full: bool = False, approved: bool = True, ledger: Any = None, **options: Any
    ) -> Result:
        run, folder = self.next_run()
        book = ledger or Book()
        result = run_line(self.line(sync, **options), run, book, folder, full=full, approved=approved)
        check(result, self.read if "open_source" not in options else None)
        return result

    def release(self, *keys: str) -> int:
        with Workbench(self.folder / "scratch") as bench:
            return release(bench, self.state, list(keys) if keys else None)

    def acknowledged(self) -> dict[str, tuple[Any, ...]]:
        """Per key: in doubt?, then the values by position."""
        rows = self.stored("SELECT * EXCLUDE (digest) FROM acknowledged")
        return {row[0]: tuple(row[1:]) for row in rows}

    def held(self) -> set[str]:
        return {key for (key,) in self.stored("SELECT key FROM held WHERE NOT released")}

    def stored(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the state as it is kept; there must be one."""
        with Workbench(self.folder / "scratch") as bench:
            path = self.folder / f"copy-{uuid.uuid4().hex}.duckdb"
            copy = self.state.copied(bench, path).path
        with duckdb.connect(str(copy), read_only=True) as database:
            return database.execute(sql).fetchall()

    # The sandbox.

    def admin(self, path: str, body: Any = None, method: str = "") -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_sandbox{path}", data, {"Content-Type": "application/json"}, method=method or None
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def fault(self, **rule: Any) -> None:
        rule["match"] = {"path": "/api/v2/", **rule.get("match", {})}
        self.admin("/faults", rule)

    def refuse(self, pattern: str, field: str = "attributes.plan", **match: Any) -> None:
        error = {"reason": "invalid", "field": field, "message": "no"}
        self.fault(kind="errors", rows={"pattern": pattern}, error=error, match=match)

    def mend(self) -> None:
        self.admin("/faults", method="DELETE")

    def until_quiet(self) -> None:
        """Wait for requests whose answers nobody waits for any more."""
        while self.admin("/requests?limit=1")["in_flight"]:
            time.sleep(0.02)

    def wires(self, identifier: str = "id") -> dict[str, dict[str, str]]:
        """What the sandbox holds: per person the attributes to the letter, without the identifier and its own."""
        found = self.admin(f"/people?workspace={self.seed.environment_id}")["people"]
        hidden = (identifier, "_created_in_customerio_at")
        return {p[identifier]: {n: w for n, w in p["wire"].items() if n not in hidden} for p in found}

    def events(self) -> dict[str, Any]:
        found: dict[str, Any] = self.admin(f"/events?workspace={self.seed.environment_id}")
        return found

    def sent(self) -> list[dict[str, Any]]:
        """Every operation of every batch since the last look, in order of arrival."""
        listed = self.admin("/requests?path=/api/v2/batch")["requests"]
        self.admin("/requests", method="DELETE")
        return [item for request in listed for item in json.loads(request["body"])["batch"]]


def check(result: Result, read: int | None) -> None:
    """Promise P1, against what really stands in the run's files, and not only against the run's own words."""
    c, plan = result.counts, result.frozen.plan
    assert c.read == c.add + c.change + c.unchanged + c.invalid + c.held + c.missed, c
    assert c.planned == c.accepted + c.rejected + c.in_doubt + c.unsent, c
    assert read is None or c.read == read
    file = str(plan.path)
    tally = dict(duckdb.sql(f"SELECT op, count(*) FROM read_parquet('{file}') GROUP BY op").fetchall())
    assert (tally.get("add", 0), tally.get("change", 0), tally.get("remove", 0)) == (
        c.add,
        c.change,
        c.remove,
    )
    ((keys, rows),) = duckdb.sql(
        f"SELECT count(DISTINCT key), count(*) FROM read_parquet('{file}')"
    ).fetchall()
    assert keys == rows, "a key stands in a plan once"


def counts(result: Result, **expected: int) -> None:
    """All sums of a run: what is not named is zero (requests and bytes apart)."""
    found = replace(result.counts, requests=0, bytes=0)
    assert found == Counts(**expected)
    if not found.planned:
        assert result.counts.requests == 0
