"""Which SQL passes for one SELECT, dialect by dialect."""

from __future__ import annotations

import pytest

from headcount.engines.select import check_select
from headcount.errors import SourceError

DIALECTS = ("duckdb", "sqlite", "postgres", "mysql")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "select 1;",
        "-- why\nSELECT 1 -- because; DROP",
        "SELECT ';' AS a, ')' AS b",
        "WITH a AS (SELECT 1 AS x) SELECT x FROM a",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u) LIMIT 3",
        "SELECT 1 AS total, frobnicate something the parser has never heard of",
    ],
)
def test_one_select_passes(sql: str, dialect: str) -> None:
    assert check_select(sql, dialect) == sql.removesuffix(";")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", "empty"),
        ("-- only a comment", "empty"),
        (";", "empty"),
        ("SELECT 1; SELECT 2", "more than one"),
        ("SELECT 1; -- x\nDROP TABLE t", "more than one"),
        ("DROP TABLE t", "begins with 'DROP'"),
        ("INSERT INTO t SELECT 1", "begins with 'INSERT'"),
        ("PRAGMA x", "begins with 'PRAGMA'"),
        ("COPY t TO 'x'", "begins with 'COPY'"),
        ("CALL f()", "begins with 'CALL'"),
        ("WITH a AS (SELECT 1) DELETE FROM t", "DELETE"),
        ("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", "DELETE"),
        ("SELECT 1) AS q; DROP TABLE t; SELECT * FROM (SELECT 2", "brackets|more than one|match"),
        ("SELECT 1) AS q, (SELECT 2", "brackets"),
        ("SELECT (1", "brackets"),
        ("SELECT 'x", "does not end"),
    ],
)
def test_anything_else_is_refused_and_says_why(sql: str, said: str, dialect: str) -> None:
    with pytest.raises(SourceError, match=said):
        check_select(sql, dialect)


@pytest.mark.parametrize(
    ("sql", "dialect"),
    [
        ("SELECT * INTO other FROM t", "postgres"),
        ("SELECT * FROM t FOR UPDATE", "postgres"),
        ("SELECT * FROM t FOR SHARE", "mysql"),
        ("SELECT 1 INTO @x", "mysql"),
        ("SELECT ts_rewrite(q, 'SELECT a, b FROM t') FROM x", "postgres"),
        ("SELECT lo_get(oid) FROM pg_largeobject_metadata", "postgres"),
        ("SELECT 1 /*! INTO OUTFILE '/tmp/x' */", "mysql"),
        ("SELECT 1 /*M!100100 ) q INTO OUTFILE '/tmp/x' -- */", "mysql"),
    ],
)
def test_a_select_that_writes_locks_or_leaves_is_refused(sql: str, dialect: str) -> None:
    with pytest.raises(SourceError):
        check_select(sql, dialect)
