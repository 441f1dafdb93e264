from __future__ import annotations

import pytest

from headcount.service.masked_sql import behind_tables, is_system, may_show

MASKED = frozenset({"email"})
PLAIN = [
    "SELECT * FROM users",
    "SELECT id, email FROM users",
    "SELECT u.id, u.email FROM users AS u WHERE u.age > 3 ORDER BY u.id LIMIT 5",
    "SELECT id AS key, upper(name) AS name FROM users",
    "SELECT u.*, o.total FROM users u JOIN orders o ON o.user_id = u.id",
    "SELECT count(*) AS n FROM users GROUP BY plan",
    "SELECT plan, count(*) AS n, max(age) AS oldest FROM users GROUP BY 1 HAVING count(*) > 2 ORDER BY 2 DESC",
    "SELECT DISTINCT plan FROM users WHERE plan IN ('free', 'pro') AND age BETWEEN 3 AND 9 AND name LIKE 'A%'",
    "SELECT id, EMAIL, CASE WHEN age >= 18 THEN 'adult' ELSE 'child' END AS grown FROM main.users -- all of them",
    "SELECT id, coalesce(name, 'x') AS name, CAST(age AS CHAR(3)) AS age, round(age / 7.0) AS dog FROM users",
    "SELECT u.id FROM users u LEFT JOIN orders o ON o.user_id = u.id AND NOT o.gone WHERE o.id IS NULL",
    "SELECT id, row_number() OVER (PARTITION BY plan ORDER BY age) AS n FROM users",
    "SELECT id, extract(year FROM at) AS y, CURRENT_TIMESTAMP AS now FROM users",
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
    "SELECT u.id, u.email, u.* FROM users u",
    "SELECT * FROM users u JOIN staff s ON s.id = u.id",
    "SELECT id, email, email FROM users",
    "SELECT DISTINCT id, email FROM users",
    "SELECT id, email FROM users ORDER BY 2",
    "SELECT plan FROM users NATURAL JOIN staff",
    "SELECT plan FROM users JOIN staff USING (email)",
    "SELECT email.part AS x FROM users",
    "SELECT look_up('users') AS x FROM users",
    "SELECT 'email' AS x FROM users",
    "SELECT 1 --ord(email) AS x\n FROM users",
    "SELECT id FROM information_schema.column_statistics",
    "VALUES (1)",
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
        "SELECT #1 AS id, #2 AS x FROM users",
        "SELECT id, email FROM users ORDER BY ALL",
        "SELECT a FROM users POSITIONAL JOIN staff",
        "SELECT * FROM query('SELECT email AS e FROM users')",
        "SELECT * FROM query_table('users')",
        "SELECT a.e FROM (VALUES (1)) a(e)",
        "SELECT * FROM parquet_metadata('users.parquet')",
        "SELECT id FROM users QUALIFY max(email) OVER () = email",
        "SELECT list_transform([1], x -> users) AS x FROM users",
        "SELECT id FROM users ASOF JOIN staff USING (email)",
    ],
)
def test_duckdbs_own_ways_are_doubtful_too(sql: str) -> None:
    assert may_show(sql, "duckdb", MASKED)


@pytest.mark.parametrize("dialect", ["postgres", "duckdb"])
def test_columns_may_be_left_out_and_texts_put_together(dialect: str) -> None:
    assert not may_show("SELECT name || ' ' || plan AS both, age::text AS age FROM users", dialect, MASKED)
    if dialect == "duckdb":
        assert not may_show("SELECT * EXCLUDE (email) FROM users", dialect, MASKED)
        assert not may_show("FROM users", dialect, MASKED)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT u.to_json AS x FROM users u",
        "SELECT u.concat AS x FROM users u",
        'SELECT u."max" AS x FROM users u',
        "SELECT u.quote_literal FROM users u",
        "SELECT ts_rewrite('a'::tsquery, 'SELECT email FROM users')::text AS x",
        "SELECT histogram_bounds::text AS x FROM pg_stats",
        "SELECT query AS x FROM pg_catalog.pg_stat_activity",
        "SELECT xpath('/a', query_to_xml('SELECT * FROM users', true, true, '')) AS x",
        "SELECT (users).id FROM users",
        "SELECT id FROM users u, LATERAL (SELECT u.email AS e) q",
        "SELECT $$email$$ AS x FROM users",
        "SELECT E'a\\'b' AS x FROM users",
    ],
)
def test_postgresqls_own_ways_are_doubtful_too(sql: str) -> None:
    assert may_show(sql, "postgres", MASKED)


LONG = "x" * 63


@pytest.mark.parametrize("name", [LONG, f"{LONG}zz", f'"{LONG}zz"', LONG.upper()])
def test_postgresql_cuts_long_names_and_so_are_they_compared(name: str) -> None:
    for masked in (LONG, f"{LONG}yy"):
        assert may_show(f"SELECT upper({name}) AS y FROM users", "postgres", frozenset({masked}))
        assert not may_show(f"SELECT id, {name} FROM users", "postgres", frozenset({masked}))
    assert not may_show(f"SELECT upper({name}) AS y FROM users", "postgres", frozenset({LONG[1:]}))


def test_what_postgresql_may_take_for_functions_of_a_row_has_to_be_known() -> None:
    known = {
        "SELECT id, upper(plan) AS p FROM users": set(),
        "SELECT u.*, u.to_json AS x FROM users u": {("users", "to_json")},
        'SELECT U.Label, "u"."Label" FROM public."Users" u': {("public.Users", "label"), ("public.Users", "Label")},
        "SELECT users.x FROM orders users JOIN users o ON o.id = users.id": {
            ("orders", "x"),
            ("orders", "id"),
            ("users", "id"),
        },
        "SELECT public.users.x FROM public.users": {("public.users", "x")},
        'SELECT u.x FROM "a.b"."c" u': {('"a.b".c', "x")},
        "SELECT u.x FROM users": {("", "x")},
        "SELECT a.users.x FROM a.users JOIN b.users ON true": {("a.users", "x"), ("b.users", "x")},
        f"SELECT u.{LONG}zz FROM users u": {("users", LONG)},
    }  # fmt: skip
    assert {sql: set(behind_tables(sql)) for sql in known} == known


def test_relations_of_the_database_itself_are_told_from_tables() -> None:
    system = [
        ["pg_stats"],
        ["pg_catalog", "x"],
        ["mysql", "innodb_table_stats"],
        ["sqlite_stat4"],
        ["duckdb_columns"],
    ]
    assert all(is_system(parts) for parts in system)
    assert not any(is_system(parts) for parts in (["users"], ["public", "users"], ["pages"]))
