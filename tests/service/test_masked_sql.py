from __future__ import annotations

import pytest

from headcount.service.masked_sql import may_show

MASKED = frozenset({"email"})
PLAIN = [
    "SELECT * FROM users",
    "SELECT id, email FROM users",
    "SELECT u.id, u.email FROM users AS u WHERE u.age > 3 ORDER BY u.id LIMIT 5",
    "SELECT id AS key, upper(name) AS name FROM users",
    "SELECT u.*, o.total FROM users u JOIN orders o ON o.user_id = u.id",
    "SELECT count(*) AS n FROM users GROUP BY plan",
]
DOUBTFUL = [
    "SELECT email AS e FROM users",
    "SELECT id FROM users WHERE email = 'x'",
    "SELECT id FROM users u JOIN staff s ON s.email = u.email",
    "SELECT id FROM (SELECT * FROM users) q",
    "SELECT id FROM users UNION ALL SELECT email FROM users",
    "WITH u AS (SELECT email AS id FROM users) SELECT id FROM u",
    "SELECT a FROM users AS u(a, b)",
    "SELECT users FROM users",
    "SELECT row_to_json(u) AS x FROM users u",
    "SELECT max(email) FROM users",
    "SELECT id FROM users GROUP BY id HAVING max(email) > 'a'",
    "this is no SQL",
]


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "sqlite", "duckdb"])
def test_columns_as_they_are_from_tables_as_they_are_are_plain(dialect: str) -> None:
    assert [sql for sql in PLAIN if may_show(sql, dialect, MASKED)] == []


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "sqlite", "duckdb"])
def test_whatever_could_rename_combine_or_compare_a_masked_column_is_doubtful(dialect: str) -> None:
    assert [sql for sql in DOUBTFUL if not may_show(sql, dialect, MASKED)] == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * RENAME (email AS e) FROM users",
        "SELECT * REPLACE (email AS id) FROM users",
        "SELECT COLUMNS('e.*') AS 'x' FROM users",
        "SELECT * FROM read_csv('users.csv', names = ['a', 'b'])",
        "FROM users SELECT email AS e",
        "SELECT to_json(users) AS x FROM users",
        "SELECT struct_pack(a := email) AS x FROM users",
        "PIVOT users ON email",
        "UNPIVOT users ON email INTO NAME n VALUE v",
    ],
)
def test_duckdbs_own_ways_are_doubtful_too(sql: str) -> None:
    assert may_show(sql, "duckdb", MASKED)
