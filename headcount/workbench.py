"""The embedded SQL engine on which rows are mapped, compared and turned into payloads."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from headcount.disk import full_by_words, unusable
from headcount.errors import OperatorError, StateBusy, StateError, WorkbenchError
from headcount.interrupts import telling_interrupts
from headcount.scratch import scratch_folder

MEMORY = 200  # megabytes, for syncs of up to NARROW fields
NARROW = 40
FIELD_MEMORY = 0.4  # megabytes more for each further field: what is being written of it
MAPPING_MEMORY = (
    2.0  # the same where rows are mapped and compared, which takes vectors for each step to a value
)
BLOCK_MEMORY = 2.0  # the same where a database file is open that keeps each field in blocks of the usual size
WIDE_THREADS = 2  # each of them has buffers of its own for every field
WIDE_BLOCK = 32_768  # bytes, of database files with many columns; the usual size is 262,144
VECTOR = 2_048  # rows the engine works on at a time
ROW_GROUP = 122_880  # rows a database file keeps together
CELLS_TOGETHER = 2_500_000  # the same in a file with many columns, as cells

# Numbers in one canonical form, so that no change of type or engine looks like a change of value:
# no sign but '-', no leading or trailing zeros, no exponent, no '-0'.
# Arguments of macros are put in wherever they are named, so each macro names its own as seldom as it can: nested
# copies would make every mapped number cost tens of milliseconds before the first row.
MACROS = (
    r"""
    CREATE MACRO plain_number(t) AS
      CASE WHEN contains(t, '.') THEN rtrim(rtrim(t, '0'), '.') ELSE t END
    """,
    # Leading and trailing zeros and the plus go; then a bare point gets its zero, and nothing at all becomes one.
    r"""
    CREATE MACRO tidy_number(t) AS
      regexp_replace(
        regexp_replace(
          regexp_replace(t, '^\+?(-?)0*([0-9]*)(\.[0-9]*[1-9])?\.?0*$', '\1\2\3'),
          '^(-?)\.', '\10.'),
        '^-?$', '0')
    """,
    # A decimal whose digits all stand behind the point is written without its zero.
    r"""
    CREATE MACRO decimal_number(t) AS
      CASE WHEN starts_with(t, '.') OR starts_with(t, '-.') THEN tidy_number(t) ELSE plain_number(t) END
    """,
    r"""
    CREATE MACRO shift_point(sign, digits, point) AS
      sign || left(digits || repeat('0', greatest(point - length(digits), 0)), greatest(point, 0))
        || '.' || repeat('0', greatest(-point, 0)) || substr(digits, greatest(point, 0) + 1)
    """,
    # t is a number with an exponent; the point stands after the digits of the mantissa's integer part.
    r"""
    CREATE MACRO without_exponent(t) AS
      shift_point(
        CASE WHEN starts_with(t, '-') THEN '-' ELSE '' END,
        replace(ltrim(split_part(lower(t), 'e', 1), '-+'), '.', ''),
        length(split_part(ltrim(split_part(lower(t), 'e', 1), '-+'), '.', 1))
          + TRY_CAST(split_part(lower(t), 'e', 2) AS BIGINT))
    """,
    r"""
    CREATE MACRO canonical_number(t) AS
      tidy_number(CASE WHEN contains(lower(t), 'e') THEN without_exponent(t) ELSE t END)
    """,
    # Floats come as their shortest exact text: only large and small ones carry an exponent, and only whole ones end
    # in a zero. Most have neither, so that is asked before anything is worked out.
    r"""
    CREATE MACRO float_number(t) AS
      CASE WHEN NOT (contains(t, 'e') OR suffix(t, '0')) THEN t
        WHEN contains(t, 'e') THEN canonical_number(t) WHEN t = '-0.0' THEN '0' ELSE plain_number(t) END
    """,
    # At most three digits of exponent: a longer one would be written out as that many zeros.
    r"""
    CREATE MACRO is_number(t) AS
      regexp_full_match(t, '[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?')
    """,
)


# A commit that finds no room is the engine's word about transactions; after it the file is closed, which is fatal.
_OF_FILES = (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException)


class Workbench:
    """One in-memory database with a bounded memory and a scratch folder of its own for what does not fit.

    ``ordered`` keeps rows in the order of their file. ``maps``: rows are mapped here, which takes macros that cost
    some milliseconds. ``threads`` are those of the engine, at most. Used by one thread at a time; ``close`` removes the
    scratch folder.
    """

    def __init__(
        self,
        scratch: Path,
        *,
        memory_limit: str = f"{MEMORY}MB",
        threads: int = 4,
        ordered: bool = False,
        maps: bool = True,
    ) -> None:
        self.scratch = scratch_folder(scratch)
        self._fields = 0
        self._field_memory = MAPPING_MEMORY if maps else FIELD_MEMORY
        self.connection = duckdb.connect(
            config={
                "memory_limit": memory_limit,
                "threads": min(threads, os.cpu_count() or 2),
                "temp_directory": str(self.scratch),
                "preserve_insertion_order": ordered,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        # A progress bar would write into the terminal of whoever imports this.
        for statement in ("SET GLOBAL TimeZone = 'UTC'", "SET enable_progress_bar = false"):
            self.run(statement)
        for statement in MACROS if maps else ():
            self.run(statement)

    def make_room(self, fields: int) -> None:
        """Allow more memory for wide syncs: each field needs some buffers of its own, however many rows there are.

        Files that are attached to be written afterwards are laid out for so many columns.
        """
        self._fields = fields
        if self._wide:
            self.run(f"SET memory_limit = '{int(MEMORY + (fields - NARROW) * self._field_memory)}MB'")
            self.run(f"SET threads = {min(WIDE_THREADS, os.cpu_count() or WIDE_THREADS)}")

    @property
    def _wide(self) -> bool:
        return self._fields > NARROW

    def run(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Execute one statement and return all its rows. Raises ``StateError`` and ``WorkbenchError``."""
        try:
            with telling_interrupts():
                return self.connection.execute(sql, parameters).fetchall()
        except duckdb.Error as error:
            raise self._ours(error) from None

    def _ours(self, error: duckdb.Error) -> OperatorError:
        """The engine's error as one of ours. Its words may hold row values: only those about files are kept."""
        if isinstance(error, duckdb.ResourceInUseException):
            return _busy()
        if isinstance(error, _OF_FILES) and (full := full_by_words(str(error), self.scratch.parent)):
            return full
        if isinstance(error, duckdb.IOException):
            return _state_error(error)
        if isinstance(error, duckdb.OutOfMemoryException):
            return StateError(
                "There is no room left to compare the rows.",
                hint=f"Free some disk space where Headcount keeps its files ({self.scratch.parent}).",
            )
        return WorkbenchError(type(error).__name__)

    def value(self, sql: str) -> Any:
        """The single value a query returns."""
        return self.run(sql)[0][0]

    def stream(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of a query as Arrow record batches of at most ``rows`` rows, as they are asked for."""
        try:
            with telling_interrupts():
                reader = self.connection.sql(sql).to_arrow_reader(rows)
                try:
                    yield from reader
                finally:
                    reader.close()
        except duckdb.Error as error:
            raise self._ours(error) from None

    @contextmanager
    def attached(self, path: Path, name: str, *, read_only: bool) -> Iterator[None]:
        """Open a database file under ``name`` for the length of a with block."""
        options = ["READ_ONLY"] if read_only else self._layout(new=not path.exists())
        self.run(
            f"ATTACH {quote_text(str(path))} AS {name}" + (f" ({', '.join(options)})" if options else "")
        )
        try:
            self._mind_blocks(name)
            yield
        finally:
            self.run(f"DETACH {name}")

    def _layout(self, *, new: bool) -> list[str]:
        """How a file of many columns is written: little of each at a time. A file keeps the blocks it began with."""
        if not self._wide:
            return []
        rows = max(VECTOR, min(ROW_GROUP, CELLS_TOGETHER // self._fields // VECTOR * VECTOR))
        return [f"ROW_GROUP_SIZE {rows}", *([f"BLOCK_SIZE {WIDE_BLOCK}"] if new else [])]

    def _mind_blocks(self, name: str) -> None:
        """A file that began narrow, or long ago, has large blocks: whoever adds fields to it needs room for them."""
        sizes = "SELECT block_size FROM pragma_database_size() WHERE database_name = "
        if self.value(sizes + quote_text(name)) > WIDE_BLOCK:
            self._field_memory = BLOCK_MEMORY
            self.make_room(self._fields)

    def close(self) -> None:
        self.connection.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def quote_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def own_files(folder: Path) -> Iterator[None]:
    """Inside, the operating system's refusals to write to ``folder`` become a ``StateError``."""
    try:
        yield
    except OSError as error:
        raise unusable(folder, error) from error


def _state_error(error: duckdb.IOException) -> StateError:
    words = str(error).splitlines()[0]
    if "Could not set lock" in words:
        return _busy()
    return StateError(
        f"Headcount's own files cannot be read or written: {words}",
        hint="Check the free disk space and the permissions of the folder that HEADCOUNT_HOME names.",
    )


def _busy() -> StateBusy:
    return StateBusy(
        "Somebody else is working with this sync's state.", hint="Wait until that has finished and try again."
    )
