"""A database's own judgement on the grammar of a model's SQL, where it can be had without reaching the database.

What comes with Python or is installed anyway (SQLite, DuckDB) is asked itself. For the others sqlglot says where it
stumbles, which proves nothing: every database knows syntax that sqlglot does not.
"""

from __future__ import annotations

import re
from contextlib import closing

from headcount.engines.masking import first_line
from headcount.errors import SourceError

HINT = "Correct the SQL; line numbers count from its first line."

_LINE = re.compile(r"^LINE (\d+):", re.MULTILINE)
_SQLITE_GRAMMAR = ("syntax error", "incomplete input", "unrecognized token")


def refuse_bad_grammar(sql: str, dialect: str) -> None:
    """Raises ``SourceError`` with the database's words. Silent for databases that cannot be asked here."""
    if words := {"duckdb": _duckdb, "sqlite": _sqlite}.get(dialect, _nothing)(sql):
        raise SourceError(f"The model's SQL cannot be read: {words}.", hint=HINT)


def doubtful_line(sql: str, dialect: str) -> int | None:
    """The line at which sqlglot stumbles; None when it reads all, or the database itself can be asked."""
    return None if dialect in ("duckdb", "sqlite") else _stumble(sql, dialect)


def _stumble(sql: str, dialect: str) -> int | None:
    import sqlglot
    from sqlglot.errors import ParseError

    try:
        sqlglot.parse_one(sql, read=dialect)
    except ParseError as error:
        return next((found["line"] for found in error.errors if found.get("line")), 1)
    except RecursionError:
        return 1
    return None


def _duckdb(sql: str) -> str:
    import duckdb

    try:
        duckdb.extract_statements(sql)
    except duckdb.Error as error:
        line = _LINE.search(str(error))
        words = first_line(error).removeprefix("Parser Error: ")
        return f"line {line[1]}: {words}" if line else words
    return ""


def _sqlite(sql: str) -> str:
    import sqlite3

    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.execute(f"EXPLAIN {sql}")
        except sqlite3.Error as error:  # also for tables that are not there, which are
            if any(word in str(error) for word in _SQLITE_GRAMMAR):
                line = _stumble(sql, "sqlite")
                return f"line {line}: {first_line(error)}" if line else first_line(error)
    return ""


def _nothing(_sql: str) -> str:
    return ""
