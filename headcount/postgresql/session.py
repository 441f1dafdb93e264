"""A connection to the control store's PostgreSQL, with the tables made that stand beside Django's."""

from __future__ import annotations

from typing import Any

import psycopg

from headcount.postgresql.brief import BRIEF, WATCHED

SCHEMA = "headcount_state"
MAKING = 4_842_018  # any number that nobody else uses as an advisory lock in this database

# Times are seconds since 1970 by the server's clock, the only one that all machines share.
_TABLES = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    f"CREATE TABLE IF NOT EXISTS {SCHEMA}.budgets "
    "(name text PRIMARY KEY, opens float8 NOT NULL DEFAULT 0, paused_until float8 NOT NULL DEFAULT 0) "
    "WITH (fillfactor = 20)",
    f"ALTER TABLE {SCHEMA}.budgets ADD COLUMN IF NOT EXISTS yielded float8 NOT NULL DEFAULT 0",
    f"CREATE TABLE IF NOT EXISTS {SCHEMA}.states "
    "(id text PRIMARY KEY, meta text NOT NULL, fields text NOT NULL, "
    "acknowledged bigint NOT NULL DEFAULT 0, in_doubt bigint NOT NULL DEFAULT 0)",
    f"CREATE TABLE IF NOT EXISTS {SCHEMA}.plan_files "
    "(run bigint, name text, part integer, bytes bytea NOT NULL, PRIMARY KEY (run, name, part))",
    # Parquet files are compressed already.
    f"ALTER TABLE {SCHEMA}.plan_files ALTER COLUMN bytes SET STORAGE EXTERNAL",
)
MADE = (
    f"SELECT to_regclass('{SCHEMA}.plan_files') IS NOT NULL AND EXISTS (SELECT FROM pg_attribute "
    f"WHERE attrelid = to_regclass('{SCHEMA}.budgets') AND attname = 'yielded')"
)
_LASTING: dict[str, Any] = {
    "connect_timeout": 10,
    "application_name": "headcount",
    "keepalives_idle": 30,
    "tcp_user_timeout": 60_000,  # milliseconds
    "options": f"{WATCHED} -c tcp_user_timeout=60s",
}

Session = psycopg.Connection[tuple[object, ...]]


def connect(url: str, *, brief: bool = False) -> Session:
    """A connection in autocommit, with the schema there; ``brief`` if only short statements go over it.

    Raises the driver's errors; see ``trouble.told``.
    """
    session = psycopg.connect(address(url, brief=brief), autocommit=True)
    try:
        _make_tables(session)
    except BaseException:
        session.close()
        raise
    return session


def address(url: str, *, brief: bool = False) -> str:
    """The address with what makes both ends notice that the other is gone, as far as it says nothing of that itself.

    Raises the driver's errors for one that cannot be read.
    """
    given = psycopg.conninfo.conninfo_to_dict(url)
    wanted = _LASTING | (BRIEF if brief else {})
    return psycopg.conninfo.make_conninfo(url, **{k: v for k, v in wanted.items() if k not in given})


def _make_tables(session: Session) -> None:
    if _made(session):
        return
    with session.transaction():
        session.execute("SELECT pg_advisory_xact_lock(%s)", [MAKING])
        for statement in _TABLES if not _made(session) else ():
            session.execute(statement)


def _made(session: Session) -> bool:
    row = session.execute(MADE).fetchone()
    return bool(row and row[0])
