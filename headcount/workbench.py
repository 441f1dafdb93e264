"""The embedded SQL engine on which rows are mapped, compared and turned into payloads."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from headcount.errors import StateBusy, StateError

MEMORY_LIMIT = "200MB"

# Numbers in one canonical form, so that no change of type or engine looks like a change of value:
# no sign but '-', no leading or trailing zeros, no exponent, no '-0'.
_MACROS = (
    r"""
    CREATE MACRO plain_number(t) AS
      CASE WHEN contains(t, '.') THEN rtrim(rtrim(t, '0'), '.') ELSE t END
    """,
    r"""
    CREATE MACRO tidy_number(t) AS
      CASE WHEN plain_number(t) IN ('-0', '') THEN '0' ELSE plain_number(t) END
    """,
    r"""
    CREATE MACRO shift_point(sign, digits, point) AS sign ||
      CASE WHEN point <= 0 THEN tidy_number('0.' || repeat('0', (-point)::BIGINT) || digits)
           WHEN point >= length(digits) THEN digits || repeat('0', (point - length(digits))::BIGINT)
           ELSE tidy_number(left(digits, point) || '.' || substr(digits, point + 1)) END
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
    CREATE MACRO clean_sign_and_zeros(t) AS
      regexp_replace(regexp_replace(t, '^(-?)\+?0*([0-9])', '\1\2'), '^(-?)\+?\.', '\10.')
    """,
    r"""
    CREATE MACRO canonical_number(t) AS
      CASE WHEN contains(lower(t), 'e') THEN
             CASE WHEN regexp_matches(split_part(lower(t), 'e', 1), '[1-9]')
                  THEN tidy_number(clean_sign_and_zeros(without_exponent(t))) ELSE '0' END
           ELSE tidy_number(clean_sign_and_zeros(t)) END
    """,
    # Floats come as their shortest exact text: only large and small ones carry an exponent.
    r"""
    CREATE MACRO float_number(t) AS
      CASE WHEN contains(t, 'e') THEN canonical_number(t) ELSE tidy_number(t) END
    """,
    # At most three digits of exponent: a longer one would be written out as that many zeros.
    r"""
    CREATE MACRO is_number(t) AS
      regexp_full_match(t, '[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?')
    """,
)


class Workbench:
    """One in-memory database with a bounded memory and a scratch folder of its own for what does not fit.

    ``ordered`` keeps rows in the order of their file. Used by one thread at a time; ``close`` removes the scratch folder.
    """

    def __init__(self, scratch: Path, *, memory_limit: str = MEMORY_LIMIT, ordered: bool = False) -> None:
        self.scratch = _scratch_folder(scratch)
        self.connection = duckdb.connect(
            config={
                "memory_limit": memory_limit,
                "threads": min(4, os.cpu_count() or 2),
                "temp_directory": str(self.scratch),
                "preserve_insertion_order": ordered,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        for statement in ("SET TimeZone = 'UTC'", *_MACROS):
            self.run(statement)

    def run(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Execute one statement and return all its rows."""
        try:
            return self.connection.execute(sql, parameters).fetchall()
        except duckdb.IOException as error:
            raise _state_error(error) from error
        except duckdb.OutOfMemoryException as error:
            raise StateError(
                "There is no room left to compare the rows.",
                hint=f"Free some disk space where Headcount keeps its files ({self.scratch.parent}).",
            ) from error

    def value(self, sql: str) -> Any:
        """The single value a query returns."""
        return self.run(sql)[0][0]

    def stream(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of a query as Arrow record batches of at most ``rows`` rows, as they are asked for."""
        reader = self.connection.sql(sql).to_arrow_reader(rows)
        try:
            yield from reader
        finally:
            reader.close()

    @contextmanager
    def attached(self, path: Path, name: str, *, read_only: bool) -> Iterator[None]:
        """Open a database file under ``name`` for the length of a with block."""
        self.run(f"ATTACH {quote_text(str(path))} AS {name}" + (" (READ_ONLY)" if read_only else ""))
        try:
            yield
        finally:
            self.run(f"DETACH {name}")

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


def _scratch_folder(parent: Path) -> Path:
    try:
        parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="work-", dir=parent))
    except OSError as error:
        raise StateError(
            f"Headcount cannot write to {parent}: {error.strerror}.",
            hint="Make the folder writable and the disk have room, or set HEADCOUNT_HOME to another folder.",
        ) from error


def _state_error(error: duckdb.IOException) -> StateError:
    text = str(error)
    if "lock" in text.lower():
        return StateBusy(
            "Another process is working with this sync's state.",
            hint="Wait until it has finished and try again.",
        )
    return StateError(
        "Headcount's own files cannot be read or written: " + text.splitlines()[0],
        hint="Check the free disk space and the permissions of the folder that HEADCOUNT_HOME names.",
    )
