"""The control store: reachable, current, set up well. Looks only; upgrades nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from django.db import connection

from headcount.control.database import SQLITE_OPTIONS
from headcount.control.models import Role, User
from headcount.control.setup import pending
from headcount.control.trouble import told
from headcount.errors import HeadcountError
from headcount.home import current_home
from headcount.service.about import database_kind
from headcount.service.doctor.finding import Finding, attention, failed, ok

OLDEST_POSTGRESQL = (14,)
CHECKED_WHOLE = 200_000_000  # bytes of SQLite; more would take minutes


def exists() -> bool:
    """Is there a control store to look at?"""
    return bool(os.environ.get("HEADCOUNT_DATABASE_URL")) or current_home().control.exists()


def store() -> Iterator[Finding]:
    """Can it be used? The last finding is not a failure exactly when it can."""
    if not exists():
        yield attention(
            "control store", "There is none yet.", "The first command makes it: headcount apply, or serve."
        )
        return
    try:
        missing = pending()
        with told():
            kind = database_kind()
    except HeadcountError as error:
        yield failed("control store", error.message, error.hint)
        return
    if missing:
        message = f"{kind}; its schema lacks {', '.join(sorted(missing))}."
        yield failed("control store", message, "Any other headcount command brings it up to date.")
        return
    yield ok("control store", f"{kind}, schema current")


def settings() -> Iterator[Finding]:
    """Is the database set up so that it neither loses nor locks?"""
    with told(), connection.cursor() as cursor:
        yield from _postgresql(cursor) if connection.vendor == "postgresql" else _sqlite(cursor)


def _postgresql(cursor: Any) -> Iterator[Finding]:
    version = connection.get_database_version()
    if version < OLDEST_POSTGRESQL:
        yield attention("PostgreSQL", "It is older than 14, the oldest that is tested.", "Upgrade it.")
    cursor.execute("SELECT current_setting('max_connections')::int, current_setting('fsync')")
    connections, fsync = cursor.fetchone()
    if fsync != "on":
        yield failed("PostgreSQL", "fsync is off: a power cut can lose receipts.", "Set fsync = on.")
    if connections < 50:
        yield attention(
            "PostgreSQL", f"max_connections is {connections}.", "Allow 50 or more: threads hold some each."
        )
    yield ok("PostgreSQL", f"max_connections {connections}, fsync {fsync}")


def _sqlite(cursor: Any) -> Iterator[Finding]:
    mode = _asked(cursor, "PRAGMA journal_mode")
    if mode != "wal":
        todo = "Keep HEADCOUNT_HOME on a local disk: network drives cannot do WAL."
        yield failed(
            "SQLite", f"The journal mode is {mode}, not WAL: readers and writers lock each other.", todo
        )
    if current_home().control.stat().st_size <= CHECKED_WHOLE:
        verdict = _asked(cursor, "PRAGMA quick_check(1)")
        if verdict != "ok":
            yield failed("SQLite", "The control store is damaged.", "Restore HEADCOUNT_HOME from a backup.")
    yield ok("SQLite", f"journal {mode}, waits {SQLITE_OPTIONS['timeout']} s for a writer")


def _asked(cursor: Any, question: str) -> str:
    cursor.execute(question)
    return str(cursor.fetchone()[0])


def owners() -> Iterator[Finding]:
    """Is there somebody who may do everything?"""
    with told():
        names = list(
            User.objects.filter(role=Role.OWNER, is_active=True).values_list("username", flat=True)[:10]
        )
    if names:
        yield ok("owners", ", ".join(names))
    else:
        todo = "Only needed for the pages: headcount serve prints a link to create one."
        yield attention("owners", "There is no active Owner.", todo)
