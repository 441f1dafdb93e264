"""A DuckDB connection that can reach one database, or some folders, and nothing else.

No file outside, no extension, no setting that could be changed back: a model's SQL runs here.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headcount.amounts import amount
from headcount.engines.line_endings import first_other_ending
from headcount.engines.masking import first_line, masked
from headcount.engines.stream import BATCH_ROWS, stopped, stream
from headcount.engines.wanted import literal, quoted
from headcount.errors import SourceError, SourceUnavailable
from headcount.interrupts import telling_interrupts

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

MEMORY = 80  # megabytes for cache, sorting and joining; more is written to a private folder and removed
NARROW = 100  # columns that fit into them
BLOCKS = (
    0.6  # megabytes more for each column of a wide table: a scan holds a block or two of every column at once
)
PAGE = 1.25  # the same for a file: a page of Parquet may hold the 122,880 rows of a whole row group

WIDEST = """
    SELECT coalesce(max(width), 0)
    FROM (SELECT count(*) AS width FROM duckdb_columns() WHERE NOT internal GROUP BY table_oid)
"""
TAKEN = ("memory", "system", "temp")  # names of databases that DuckDB has by itself
VECTOR = 2_048  # rows DuckDB works on at a time
CELLS_AT_ONCE = 500_000

FILE_AND_LINE = re.compile(
    r'JSON.* in file "(?P<json>[^"]+)".* in line (?P<line>\d+)'
    r"|CSV Error on Line: (?P<csv_line>\d+).*? file = (?P<csv>.+?)   delimiter"
)
NO_LINE = re.compile(r"CSV Parser state machine reached an invalid state.*? file = (?P<csv>.+?)   delimiter")
CELLS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")


class DuckSession:
    """Used by one thread. Raises ``SourceError`` for whatever goes wrong.

    ``columns``: how many the files have that are going to be read; the tables of a database are counted here.
    """

    def __init__(self, database: str = "", folders: Sequence[str] = (), columns: int = 0) -> None:
        import duckdb

        self._duckdb = duckdb
        self._memory = _memory(columns, PAGE)
        self._database = ""  # the name of the attached file, quoted
        self._running: DuckDBPyConnection | None = None
        self.stopped = False
        self._scratch = tempfile.mkdtemp(prefix="headcount-")
        try:
            # A file is attached to an instance of our own: all who open it by name in one process share an instance,
            # and with it memory, scratch folder, and settings that the first of them has locked.
            self._connection: DuckDBPyConnection = duckdb.connect(
                ":memory:",
                config={
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                    "memory_limit": f"{self._memory}MB",
                    "threads": "1",
                },
            )
            if database:
                self._attach(Path(database))
            self._make_room()
            self._lock([*folders, self._scratch] if columns else folders)  # wide files are copied there
        except duckdb.Error as error:
            self.close()
            raise self.failure(error) from None

    def _attach(self, file: Path) -> None:
        """Under the name that it has when it is opened alone, for SQL may say it."""
        self._database = quoted(f"{file.stem}_file" if file.stem in TAKEN else file.stem, '"')
        self._connection.execute(f"ATTACH {literal(str(file))} AS {self._database} (READ_ONLY)")

    def _make_room(self) -> None:
        ((widest,),) = self._connection.execute(WIDEST).fetchall()
        self._memory = max(self._memory, _memory(widest, BLOCKS))
        self._connection.execute(f"SET memory_limit = '{self._memory}MB'")

    def _lock(self, folders: Sequence[str]) -> None:
        """Shut the doors, in the one order that works: folders, then outside access, then the settings."""
        for setting in (
            "enable_progress_bar = false",
            "GLOBAL disable_parquet_prefetching = true",  # a row group at once may be more than all there is
            "GLOBAL enable_external_file_cache = false",  # every file is read once
            "GLOBAL TimeZone = 'UTC'",  # without the word it would hold for this cursor alone
            f"temp_directory = {literal(self._scratch)}",
            f"allowed_directories = [{', '.join(map(literal, folders))}]",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            self._connection.execute(f"SET {setting}")

    def scratch(self) -> Path:
        """A new folder that lasts as long as the session. Only a session for wide files may write there."""
        return Path(tempfile.mkdtemp(dir=self._scratch))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        try:
            with self._cursor() as cursor, telling_interrupts():
                rows: list[tuple[Any, ...]] = cursor.execute(sql).fetchall()
                return rows
        except self._duckdb.Error as error:
            raise self.failure(error) from None

    def describe(self, sql: str) -> list[tuple[str, str]]:
        """Name and declared type of each column of a query, without reading its rows."""
        return [(row[0], row[1].strip('"')) for row in self.rows(f"DESCRIBE {sql}")]

    def refuse_but_select(self, sql: str) -> None:
        """The database's own judgement on what ``check_select`` has read."""
        try:
            kinds = [statement.type for statement in self._duckdb.extract_statements(sql)]
        except self._duckdb.Error as error:
            raise self.failure(error) from None
        if kinds != [self._duckdb.StatementType.SELECT]:
            raise SourceError("The model's SQL is not exactly one SELECT.")

    def read(self, sql: str) -> AbstractContextManager[pa.RecordBatchReader]:
        import pyarrow as pa

        try:
            cursor = self._cursor()
            with telling_interrupts():
                rows = cursor.sql(sql)
                reader = rows.to_arrow_reader(_batch_rows(len(rows.columns)))
        except self._duckdb.Error as error:
            raise self.failure(error) from None

        def release(_finished: bool) -> None:
            cursor.close()

        failures = (self._duckdb.Error, pa.ArrowException, OSError)
        return stream(reader.schema, _interruptible(reader), failures, self.failure, release)

    def _cursor(self) -> DuckDBPyConnection:
        self._running = self._connection.cursor()
        if self._database:
            self._running.execute(f"USE {self._database}")
        if self.stopped:  # looked at last: whoever stops sets it first
            self._running.interrupt()
            raise stopped()
        return self._running

    def stop(self) -> None:
        self.stopped = True
        with suppress(self._duckdb.Error):  # it may be closed by now
            if self._running is not None:
                self._running.interrupt()

    def failure(self, error: Exception) -> SourceError:
        """Ours for DuckDB's. A message about SQL is passed on; one about data loses the values it quotes."""
        if isinstance(error, self._duckdb.InterruptException):
            return stopped()
        about_sql = (
            self._duckdb.BinderException,
            self._duckdb.CatalogException,
            self._duckdb.ParserException,
            self._duckdb.SyntaxException,
            self._duckdb.PermissionException,
            self._duckdb.IOException,
        )
        if place := FILE_AND_LINE.search(str(error).replace("\n", " ")):
            file, line = place["json"] or place["csv"], place["line"] or place["csv_line"]
            return SourceError(
                f"{file}, line {line}: {_complaint(str(error))}.", hint="Mend or leave out the file."
            )
        if place := NO_LINE.search(str(error).replace("\n", " ")):
            return _unreadable(Path(place["csv"]))
        words = first_line(error) if isinstance(error, about_sql) else masked(error)
        if isinstance(error, self._duckdb.PermissionException):
            return SourceError(words, hint="A model's SQL sees only what its connection names.")
        if words.startswith("Out of Memory"):  # the type is lost where Arrow passes the error on
            return SourceError(
                words, hint=f"The query needs more than {self._memory} MB: prepare its result as a table."
            )
        kind = SourceUnavailable if _locked(words) else SourceError
        return kind(words, hint=_hint(words))

    def close(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.close()
        shutil.rmtree(self._scratch, ignore_errors=True)


def _interruptible(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    with telling_interrupts():
        yield from reader


def _memory(columns: int, each: float) -> int:
    """Megabytes for tables or files of so many columns."""
    return MEMORY + (int(columns * each) if columns > NARROW else 0)


def _batch_rows(columns: int) -> int:
    """Fewer rows at a time where they are wide: a batch of 300 columns would not fit."""
    return max(VECTOR, min(BATCH_ROWS, CELLS_AT_ONCE // max(columns, 1) // VECTOR * VECTOR))


def select_list(expressions: Sequence[tuple[str, str]]) -> str:
    """``expression AS "name", …`` for pairs of name and expression."""
    return ", ".join(f"{expression} AS {quoted(name, chr(34))}" for name, expression in expressions)


def _unreadable(path: Path) -> SourceError:
    """DuckDB gives up without a line where the lines of a CSV file end in several ways."""
    try:
        found = first_other_ending(path)
    except (OSError, EOFError):
        found = None
    if found is None:
        return SourceError(
            f"{path} cannot be read as CSV.", hint="Look at its quotes, or leave out the file."
        )
    line, here, before = found
    return SourceError(
        f"{path}, line {line} ends with {here}, and the lines before it with {before}.",
        hint="Give all lines the same ending, for example with: dos2unix FILE",
    )


def _complaint(words: str) -> str:
    """What is wrong with a line of a file, without the line."""
    if cells := CELLS.search(words):
        return f"expected {amount(int(cells[1]), 'cell')} and found {cells[2]}"
    if "not utf-8 encoded" in words:
        return "not UTF-8"
    if "Malformed JSON" in words:
        return "malformed JSON"
    return "quotes, line or cells cannot be read" if "CSV Error" in words else "cannot be read"


def _locked(words: str) -> bool:
    return "Could not set lock" in words or "being used by another" in words


def _hint(words: str) -> str:
    if _locked(words):
        return "Another program has the file open for writing: close it there, or read a copy."
    if "does not exist" in words:
        return "Look at the names the connection's tables and columns have."
    return ""
