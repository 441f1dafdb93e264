"""What a database says when it cannot go on, in words for people. Nothing of Django leaves this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from headcount.disk import full, is_full
from headcount.errors import ConfigurationError, StateBusy, StateError, StoreAway
from headcount.home import current_home

_MEANINGS = (
    (
        "no space left on device",
        "The disk of the control store's PostgreSQL is full.",
        "Free some space there.",
    ),
    ("disk i/o error", "The control store cannot be read or written.", "Look after the disk it is on."),
    ("readonly database", "The control store is read-only.", "Make HEADCOUNT_HOME writable."),
    ("unable to open", "The control store cannot be opened.", "Check HEADCOUNT_HOME and its permissions."),
    ("malformed", "The control store is damaged.", "Restore HEADCOUNT_HOME from a backup."),
    ("not a database", "The control store is no database.", "Restore HEADCOUNT_HOME from a backup."),
    ("password authentication", "PostgreSQL refused the password.", "Check HEADCOUNT_DATABASE_URL."),
)
_AWAY = ("connection", "the database system is", "could not receive data", "could not send data")


@contextmanager
def told() -> Iterator[None]:
    """Turn the database's failures into ``StateError``. The message never quotes a statement or its
    values. ``StoreAway`` when its server cannot be reached: this thread's next query opens a new connection.
    """
    try:
        yield
    except ImproperlyConfigured as error:
        raise ConfigurationError(
            "HEADCOUNT_DATABASE_URL needs a driver that is not installed.",
            hint="pip install 'psycopg[binary]'.",
        ) from error
    except (DatabaseError, InterfaceError) as error:
        _give_back_what_broke()
        raise _meaning(str(error).lower(), away=_may_be_away(error)) from error


def _give_back_what_broke() -> None:
    """Django would go on using a connection that is no more: it looks after them only between web requests."""
    if connection.connection is not None and not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def _may_be_away(error: Exception) -> bool:
    """Only PostgreSQL's own troubles, not what it says of a statement, which may name a table of connections."""
    if connection.vendor != "postgresql":
        return False
    return isinstance(error, OperationalError | InterfaceError) or "terminating connection" in str(error)


def _meaning(words: str, *, away: bool) -> StateError:
    if "locked" in words:
        return StateBusy("Another process keeps the control store busy.", hint="Try again in a moment.")
    if "database or disk is full" in words or ("disk i/o error" in words and is_full(current_home().control)):
        return full(current_home().control)
    for sign, message, hint in _MEANINGS:
        if sign in words:
            return StateError(message, hint=hint)
    if away and any(sign in words for sign in _AWAY):
        return StoreAway("The control store cannot be reached.", hint="Check HEADCOUNT_DATABASE_URL.")
    return StateError(
        "The control store refused what Headcount asked of it.",
        hint="Run: headcount doctor. With HEADCOUNT_DEBUG=1 set, commands show what the database said.",
    )
