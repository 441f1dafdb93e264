"""SQLite database files.

A SQLite column has no type that its values must keep, so each value brings its own (``Kind.VARIANT``) unless
the model declares one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as percent_encoded

from headcount.engines.base import Relation, seen
from headcount.engines.fields import EngineType, Field
from headcount.engines.masking import first_line
from headcount.engines.stream import BATCH_ROWS, stopped, stream
from headcount.engines.values import declared, variant
from headcount.engines.wanted import (
    at_most,
    from_clause,
    quoted,
    refuse_duplicates,
    refuse_unknown,
    spelled,
    table_name,
)
from headcount.errors import SourceError, SourceUnavailable
from headcount.model import Column, Kind, Model

if TYPE_CHECKING:
    import pyarrow as pa

RELATIONS = """
    SELECT name, type FROM sqlite_schema
    WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name
"""
READING = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
    sqlite3.SQLITE_TRANSACTION,
}


class SQLiteSource:
    """One database file, opened read-only, read in one transaction."""

    def __init__(self, path: str) -> None:
        self._stopped = False
        self._path = Path(path).expanduser()
        if not self._path.is_file():
            raise SourceError(f"There is no SQLite file {self._path}.", hint="Check the connection's path.")
        try:
            self._connection = sqlite3.connect(
                f"file:{percent_encoded(str(self._path.resolve()))}?mode=ro",
                uri=True,
                isolation_level=None,
                timeout=20,
                check_same_thread=False,  # closed by whoever holds it, used by one thread
            )
            self._connection.execute("PRAGMA query_only = ON")
            # What is sorted or grouped may be larger than memory. SQLite puts it into files without a name in a folder
            # for such things, never beside the source.
            self._connection.execute("PRAGMA temp_store = FILE")
            self._connection.set_authorizer(_only_reading)
            self.relations()
        except sqlite3.Error as error:
            raise self._failure(error) from None

    def check(self) -> str:
        version = sqlite3.sqlite_version
        return f"SQLite {version} reads {self._path.name}: {seen(self.relations())}."

    def relations(self) -> tuple[Relation, ...]:
        found = self._execute(RELATIONS).fetchall()
        return tuple(Relation(name=spelled(name), kind=kind) for name, kind in found)

    def columns(self, model: Model) -> tuple[Column, ...]:
        cursor = self._execute(f"SELECT * FROM {from_clause(model, 'sqlite', chr(34))} LIMIT 0")
        names = [description[0] for description in cursor.description]
        _refuse_renamed(names)
        refuse_duplicates(names)
        types = self._declared(model)
        return tuple(
            Column(name=name, kind=model.types.get(name, Kind.VARIANT), declared=types.get(name, ""))
            for name in names
        )

    def read(
        self, model: Model, columns: Sequence[str], limit: int | None = None
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        import pyarrow as pa

        kinds = {column.name: column.kind for column in self.columns(model)}
        refuse_unknown(model, kinds, columns)
        chosen = ", ".join(quoted(name, '"') for name in columns)
        schema = pa.schema(
            [(name, pa.binary() if kinds[name] is Kind.BINARY else pa.string()) for name in columns]
        )
        cursor = self._execute(
            f"SELECT {chosen} FROM {from_clause(model, 'sqlite', chr(34))}{at_most(limit)}"
        )
        batches = _batches(cursor, schema, [kinds[name] for name in columns])

        def release(_finished: bool) -> None:
            cursor.close()

        return stream(schema, batches, (sqlite3.Error, UnicodeError), self._failure, release)

    def _declared(self, model: Model) -> dict[str, str]:
        """The types that a table's definition names. They bind nothing and are shown to people only."""
        if model.table is None:
            return {}
        self._connection.set_authorizer(None)  # the one pragma, and none of the model's SQL
        try:
            rows = self._execute(f"PRAGMA table_info({table_name(model.table, chr(34))})").fetchall()
        finally:
            self._connection.set_authorizer(_only_reading)
        return {row[1]: row[2] for row in rows}

    def _execute(self, sql: str) -> sqlite3.Cursor:
        if self._stopped:
            raise stopped()
        try:
            return self._connection.execute(sql)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise self._failure(error) from None

    def _failure(self, error: Exception) -> SourceError:
        words = first_line(error)
        if self._stopped and "interrupted" in words:
            return stopped()
        if "Could not decode to UTF-8" in words or isinstance(error, UnicodeError):
            return SourceError(
                f"{self._path.name} holds text that is not UTF-8.",
                hint="Mend it there, or read it as hex(column).",
            )
        if "not authorized" in words or "prohibited" in words:
            return SourceError(
                "The model's SQL does more than read.", hint="Use one SELECT and no PRAGMA function."
            )
        kind = SourceUnavailable if "locked" in words else SourceError
        return kind(f"SQLite says about {self._path.name}: {words}.", hint=_hint(words))

    def stop(self) -> None:
        self._stopped = True
        with suppress(sqlite3.Error):  # it may be closed by now
            self._connection.interrupt()

    def close(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.close()


def _batches(cursor: sqlite3.Cursor, schema: pa.Schema, kinds: Sequence[Kind]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    while rows := cursor.fetchmany(BATCH_ROWS):
        pairs = zip(zip(*rows, strict=True), kinds, strict=True)
        arrays = [
            variant(values) if kind is Kind.VARIANT else declared(values, kind) for values, kind in pairs
        ]
        yield pa.record_batch(arrays, schema=schema)


def _only_reading(action: int, _first: str | None, second: str | None, *_: object) -> int:
    """Nothing but reading: no ATTACH, no PRAGMA, no extension."""
    if action not in READING or (action == sqlite3.SQLITE_FUNCTION and second == "load_extension"):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _refuse_renamed(names: Sequence[str]) -> None:
    """SQLite calls the second ``a`` of a query ``a:1``."""
    for name in names:
        base, colon, number = name.rpartition(":")
        if colon and number.isdigit() and base.casefold() in {other.casefold() for other in names}:
            refuse_duplicates([base, base])


def _hint(words: str) -> str:
    if "no such table" in words or "no such column" in words:
        return "Look at the names the connection's tables and columns have."
    if "locked" in words:
        return "Another program is writing to the file: try again."
    if "unable to open" in words or "disk is full" in words:
        return "The file must be readable, and large sorts need room in the folder that TMPDIR names."
    if "not a database" in words:
        return "The file is no SQLite database, or an encrypted one."
    return ""


def _open(settings: dict[str, Any]) -> SQLiteSource:
    return SQLiteSource(settings["path"])


ENGINE = EngineType(
    name="sqlite",
    label="SQLite",
    dialect="sqlite",
    fields=(Field(name="path", label="File", required=True, help="Path of the SQLite database file."),),
    models=("table", "query"),
    open=_open,
    guide="The file is on the machine that runs Headcount, and readable for the user it runs as. "
    "Nothing is written to it.",
)
