"""Which database the control store is in: SQLite in the home folder, or PostgreSQL by
HEADCOUNT_DATABASE_URL.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from headcount.errors import ConfigurationError
from headcount.home import current_home
from headcount.postgresql.brief import BRIEF

PATIENCE = 20  # seconds a writer waits for another one

# Readers and the one writer do not hinder each other (WAL), transactions take the write lock when they
# begin (a lock that is upgraded midway fails at once), and what is committed survives a power cut (FULL).
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": PATIENCE,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}


def databases() -> dict[str, dict[str, Any]]:
    """Django's DATABASES for the present environment. Raises ``ConfigurationError`` for a broken URL."""
    url = postgresql_url()
    return {"default": _postgresql(url) if url else _sqlite()}


def postgresql_url() -> str:
    """The address of the control store's PostgreSQL; empty when it is in SQLite."""
    return os.environ.get("HEADCOUNT_DATABASE_URL", "")


def _sqlite() -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(current_home().control),
        "OPTIONS": dict(SQLITE_OPTIONS),
    }


def _postgresql(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _broken_url() from None  # the cause would quote the URL, and the password in it
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise _broken_url()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        "OPTIONS": {"connect_timeout": PATIENCE, **BRIEF, **dict(parse_qsl(parts.query))},
    }


def _broken_url() -> ConfigurationError:
    return ConfigurationError(
        "HEADCOUNT_DATABASE_URL is not the address of a PostgreSQL database.",
        hint="It looks like postgresql://user:password@host:5432/name.",
    )
