"""``State`` in PostgreSQL: any worker may plan and fold, from any machine.

Rows are compared in the workbench, as everywhere: what a comparison needs is brought there, mostly the keys with their
digests, and of the rows that changed their values. A fold works on the rows that its plan names and gives back these
alone, in one transaction with the marker of the run.

    headcount_state.states   id, meta, fields; acknowledged and in_doubt: how many rows
    headcount_state.a_<id>   key, in_doubt, digest, f000 …
    headcount_state.h_<id>   the held rows
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from headcount.errors import StateError
from headcount.postgresql.bulk import Bulk, transaction
from headcount.postgresql.session import SCHEMA, connect
from headcount.postgresql.trouble import told
from headcount.state import (
    HELD,
    Catalogue,
    Opened,
    StateFile,
    Touched,
    create_tables,
    nothing,
    read_catalogue,
)
from headcount.workbench import Workbench, quote_text

WAIT = "120s"  # for another process that reads or writes the same state
DEAD = "120s"  # after which a transaction in which nothing happens is given up for its process
FEW = 4  # up to a fourth of all rows is fetched by key, more is read as a whole


@dataclass(frozen=True, kw_only=True)
class Header:
    """A state's row. ``fields`` are position, id, signature."""

    meta: dict[str, str]
    fields: list[list[Any]]
    acknowledged: int
    in_doubt: int

    @property
    def columns(self) -> list[str]:
        return [f"f{position:03d}" for position, *_ in self.fields]


class PostgreSQLState:
    """The state called ``id`` in the database at ``url``."""

    def __init__(self, url: str, id: str) -> None:
        self._url = url
        self._id = id

    def exists(self) -> bool:
        with told(), connect(self._url) as session:
            sql = f"SELECT 1 FROM {SCHEMA}.states WHERE id = %s"
            return session.execute(sql, [self._id]).fetchone() is not None

    @contextmanager
    def reading(self, bench: Workbench) -> Iterator[Opened]:
        with told(), transaction(self._url) as server:
            tables = Tables(server, bench, self._id)
            header = tables.begin_to_read()
            if header is None:
                yield Opened(Catalogue())
                return
            with _local(bench, header):
                yield Brought(tables, tables.opened(header))

    @contextmanager
    def writing(self, bench: Workbench, touched: Touched) -> Iterator[Catalogue]:
        with told(), transaction(self._url) as server:
            tables = Tables(server, bench, self._id)
            header = tables.begin_to_write()
            with _local(bench, header):
                before = tables.opened(header)
                keys = touched(before)
                left = tables.bring(before, keys)
                yield before
                tables.give_back(before, keys, left)
            server.commit()

    def copied(self, bench: Workbench, path: Path) -> StateFile:
        with self.reading(bench) as opened:
            if opened.catalogue.positions is not None:
                opened.load(["digest", *_columns(opened.catalogue)])
                with bench.attached(path, "copied", read_only=False):
                    bench.run("COPY FROM DATABASE state TO copied")
        return StateFile(path)

    def replace(self, bench: Workbench, source: StateFile) -> None:
        with told(), transaction(self._url) as server, source.reading(bench):
            tables = Tables(server, bench, self._id)
            tables.begin_to_write()
            tables.write_all()
            server.commit()

    def rewrite(self, bench: Workbench) -> None:
        with told(), connect(self._url) as session:
            for table in ("a", "h"):
                session.execute(f"VACUUM FULL {SCHEMA}.{table}_{self._id}")

    def delete(self) -> None:
        with told(), connect(self._url) as session, session.transaction():
            session.execute(f"SET LOCAL lock_timeout = '{WAIT}'")
            for table in ("a", "h"):
                session.execute(f"DROP TABLE IF EXISTS {SCHEMA}.{table}_{self._id}")
            session.execute(f"DELETE FROM {SCHEMA}.states WHERE id = %s", [self._id])


class Brought(Opened):
    """``Opened`` whose rows come from the server when they are asked for."""

    def __init__(self, tables: Tables, catalogue: Catalogue) -> None:
        super().__init__(catalogue)
        self._tables = tables
        self._whole = False

    def load(self, columns: Sequence[str]) -> None:
        self._tables.fetch(("key", "in_doubt", *columns))
        self._whole = set(_columns(self.catalogue)) <= set(columns)

    def complete(self, keys: str) -> None:
        if not self._whole and self.catalogue.acknowledged:
            self._tables.complete(keys, self.catalogue)


@dataclass(frozen=True)
class Tables:
    """A state's tables on the server, and the schema ``state`` of the workbench that stands for them."""

    server: Bulk
    bench: Workbench
    id: str

    @property
    def acknowledged(self) -> str:
        return f"{SCHEMA}.a_{self.id}"

    @property
    def held(self) -> str:
        return f"{SCHEMA}.h_{self.id}"

    def begin_to_read(self) -> Header | None:
        """From now on the state stands still. Locks come before the moment that is looked at: tables and columns
        keep to none.
        """
        if self._header() is None:
            return None
        self.server.commit()
        self.server.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self.server.run(f"SET LOCAL lock_timeout = '{WAIT}'")
        self.server.run(f"LOCK TABLE {self.acknowledged}, {self.held} IN ACCESS SHARE MODE")
        return self._header()

    def begin_to_write(self) -> Header:
        """Others who write wait from now on."""
        self.server.run(f"SET LOCAL lock_timeout = '{WAIT}'")
        self.server.run(f"SET LOCAL idle_in_transaction_session_timeout = '{DEAD}'")
        name = quote_text(self.id)
        self.server.run(
            f"INSERT INTO {SCHEMA}.states (id, meta, fields) VALUES ({name}, '{{}}', '[]') "
            f"ON CONFLICT (id) DO UPDATE SET id = {name}"
        )
        found = self._header()
        if found is None:
            raise StateError("A sync's state was deleted while it was written.", hint="Run the sync again.")
        if self.server.run(f"SELECT to_regclass({quote_text(self.acknowledged)}) IS NULL")[0][0]:
            self._create(found.columns)
        return found

    def _header(self) -> Header | None:
        rows = self.server.run(
            f"SELECT meta, fields, acknowledged, in_doubt FROM {SCHEMA}.states WHERE id = {quote_text(self.id)}"
        )
        if not rows:
            return None
        ((meta, fields, acknowledged, in_doubt),) = rows
        return Header(
            meta=json.loads(meta), fields=json.loads(fields), acknowledged=acknowledged, in_doubt=in_doubt
        )

    def _create(self, columns: Sequence[str]) -> None:
        values = "".join(f", {column} text" for column in columns)
        self.server.run(f"DROP TABLE IF EXISTS {self.acknowledged}")
        self.server.run(
            f"CREATE TABLE {self.acknowledged} (key text NOT NULL, in_doubt boolean, digest bytea{values})"
        )
        self.server.run(f"DROP TABLE IF EXISTS {self.held}")
        self.server.run(
            f"CREATE TABLE {self.held} (key text, op text, run bigint, reason text, field text, message text, "
            f"signature text, released boolean{values})"
        )

    def opened(self, header: Header) -> Catalogue:
        """The catalogue, with the numbers of rows on the server; the held rows are here then."""
        names = ", ".join([*HELD, *self._columns()])
        with self.server.rows(self.bench, f"SELECT {names} FROM {self.held}") as incoming:
            self.bench.run(f"INSERT INTO state.held ({names}) SELECT {names} FROM {incoming}")
        here = read_catalogue(self.bench)
        return replace(here, acknowledged=header.acknowledged, in_doubt=header.in_doubt)

    def _columns(self) -> list[str]:
        rows = self.bench.run("SELECT position FROM state.fields ORDER BY position")
        return [f"f{position:03d}" for (position,) in rows]

    def fetch(self, columns: Sequence[str], rest: str = "") -> None:
        """Add these columns of all rows, or of some, to ``state.acknowledged``."""
        sql = f"SELECT {', '.join(f'a.{column}' for column in columns)} FROM {self.acknowledged} a {rest}"
        here = ["digest::UUID::UHUGEINT" if column == "digest" else column for column in columns]
        with self.server.rows(self.bench, sql) as incoming:
            self.bench.run(
                f"INSERT INTO state.acknowledged ({', '.join(columns)}) SELECT {', '.join(here)} FROM {incoming}"
            )

    def complete(self, keys: str, catalogue: Catalogue) -> None:
        """Bring the whole rows of some keys in the place of what is here of them."""
        self.bench.run(f"CREATE OR REPLACE TEMP TABLE wanted_keys AS SELECT DISTINCT key FROM ({keys})")
        count = int(self.bench.value("SELECT count(*) FROM wanted_keys"))
        if count * FEW > catalogue.acknowledged:
            self.bench.run("DELETE FROM state.acknowledged")
            self.fetch(_all_columns(catalogue))
        elif count:
            self.bench.run("DELETE FROM state.acknowledged WHERE key IN (SELECT key FROM wanted_keys)")
            self._fetch_by_key("SELECT key FROM wanted_keys", catalogue)

    def _fetch_by_key(self, keys: str, catalogue: Catalogue) -> None:
        self._tell_keys(keys)
        self.fetch(_all_columns(catalogue), "JOIN touched_keys t ON t.key = a.key")

    def _tell_keys(self, keys: str) -> None:
        # A key with a NUL is never acknowledged, and PostgreSQL has no text that could hold it.
        readable = f"SELECT key FROM ({keys}) WHERE NOT contains(key, chr(0))"
        self.server.run("DROP TABLE IF EXISTS pg_temp.touched_keys")
        self.server.put(self.bench, readable, "touched_keys", temporary=True)
        self.server.run("ANALYZE pg_temp.touched_keys")

    def bring(self, before: Catalogue, keys: str | None) -> tuple[int, int]:
        """Make the rows that will be touched ready, and note the held ones as they are. Returns how many rows stay
        behind, and how many of them are in doubt.
        """
        self.bench.run("CREATE OR REPLACE TEMP TABLE held_before AS SELECT * FROM state.held")
        if keys is None:
            self.fetch(_all_columns(before))
        elif keys != nothing(before):
            self._fetch_by_key(f"SELECT DISTINCT key FROM ({keys}) WHERE key IS NOT NULL", before)
        here = read_catalogue(self.bench)
        return before.acknowledged - here.acknowledged, before.in_doubt - here.in_doubt

    def give_back(self, before: Catalogue, keys: str | None, left: tuple[int, int]) -> None:
        """What the workbench made of it becomes what the server has."""
        if keys is None:
            self.write_all()
            return
        self._arrange(before)
        if keys != nothing(before):
            self.server.run(
                f"DELETE FROM {self.acknowledged} a USING pg_temp.touched_keys t WHERE a.key = t.key"
            )
        self._put_acknowledged()
        self._give_held(self._columns() != _columns(before))
        self._write_header(left)

    def write_all(self) -> None:
        self._create(self._columns())
        self._put_acknowledged()
        self._give_held(True)
        self._write_header((0, 0))

    def _arrange(self, before: Catalogue) -> None:
        old, new = _columns(before), self._columns()
        changes = [f"DROP COLUMN {column}" for column in old if column not in new]
        changes += [f"ADD COLUMN {column} text" for column in new if column not in old]
        for table in (self.acknowledged, self.held) if changes else ():
            self.server.run(f"ALTER TABLE {table} {', '.join(changes)}")

    def _put_acknowledged(self) -> None:
        """Building the index of a new table afterwards takes less than half as long."""
        columns = self._columns()
        names = ", ".join(["key", "in_doubt", "digest::UUID::BLOB AS digest", *columns])
        self.server.put(self.bench, f"SELECT {names} FROM state.acknowledged", f"a_{self.id}")
        self.server.run(f"CREATE UNIQUE INDEX IF NOT EXISTS a_{self.id}_key ON {self.acknowledged} (key)")

    def _give_held(self, all_of_them: bool) -> None:
        names = ", ".join([*HELD, *self._columns()])
        words = names.replace("message", "replace(message, chr(0), '') AS message")
        if all_of_them:
            self.server.run(f"DELETE FROM {self.held}")
            self.server.put(self.bench, f"SELECT {words} FROM state.held", f"h_{self.id}")
            return
        new = f"SELECT {names} FROM state.held EXCEPT SELECT {names} FROM held_before"
        old = f"SELECT {names} FROM held_before EXCEPT SELECT {names} FROM state.held"
        self.bench.run(f"CREATE OR REPLACE TEMP TABLE held_new AS {new}")
        self.bench.run(f"CREATE OR REPLACE TEMP TABLE held_old AS SELECT DISTINCT key FROM ({old})")
        if self.bench.value("SELECT count(*) FROM held_old"):
            self.server.put(self.bench, "SELECT key FROM held_old", "held_old", temporary=True)
            self.server.run(f"DELETE FROM {self.held} h USING pg_temp.held_old o WHERE h.key = o.key")
        if self.bench.value("SELECT count(*) FROM held_new"):
            self.server.put(self.bench, f"SELECT {words} FROM held_new", f"h_{self.id}")

    def _write_header(self, left: tuple[int, int]) -> None:
        """``left`` rows, and rows in doubt, stayed on the server; the others are here."""
        meta = dict(self.bench.run("SELECT name, value FROM state.meta"))
        fields = self.bench.run("SELECT position, id, signature FROM state.fields ORDER BY position")
        here = read_catalogue(self.bench)
        self.server.run(
            f"UPDATE {SCHEMA}.states SET meta = {_json(meta)}, fields = {_json(fields)}, "
            f"acknowledged = {left[0] + here.acknowledged}, in_doubt = {left[1] + here.in_doubt} "
            f"WHERE id = {quote_text(self.id)}"
        )


@contextmanager
def _local(bench: Workbench, header: Header) -> Iterator[None]:
    """The schema ``state``, in a file of the workbench's scratch folder, without a row that stands on the server."""
    path = bench.scratch / f"state-{uuid.uuid4().hex}.duckdb"
    try:
        with bench.attached(path, "state", read_only=False):
            create_tables(bench)
            _tell(bench, header)
            yield
    finally:
        path.unlink(missing_ok=True)
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)


def _tell(bench: Workbench, header: Header) -> None:
    for name, value in header.meta.items():
        bench.run("INSERT INTO state.meta VALUES (?, ?)", [name, value])
    for field in header.fields:
        bench.run("INSERT INTO state.fields VALUES (?, ?, ?)", field)
    for column in header.columns:
        for table in ("acknowledged", "held"):
            bench.run(f"ALTER TABLE state.{table} ADD COLUMN {column} VARCHAR")


def _columns(catalogue: Catalogue) -> list[str]:
    """The columns of values, in the order of their positions."""
    return [f"f{position:03d}" for position in sorted((catalogue.positions or {}).values())]


def _all_columns(catalogue: Catalogue) -> list[str]:
    return ["key", "in_doubt", "digest", *_columns(catalogue)]


def _json(value: object) -> str:
    return quote_text(json.dumps(value))
