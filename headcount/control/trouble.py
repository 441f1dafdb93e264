"""What a database says when it cannot go on, in words for people. Nothing of Django leaves this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError

from headcount.errors import ConfigurationError, StateBusy, StateError

_MEANINGS = (
    ("database or disk is full", "The disk that holds the control store is full.", "Free some space."),
    ("disk i/o error", "The control store cannot be read or written.", "Look after the disk it is on."),
    ("readonly database", "The control store is read-only.", "Make HEADCOUNT_HOME writable."),
    ("unable to open", "The control store cannot be opened.", "Check HEADCOUNT_HOME and its permissions."),
    ("malformed", "The control store is damaged.", "Restore HEADCOUNT_HOME from a backup."),
    ("not a database", "The control store is no database.", "Restore HEADCOUNT_HOME from a backup."),
    ("password authentication", "PostgreSQL refused the password.", "Check HEADCOUNT_DATABASE_URL."),
    ("connection", "The control store cannot be reached.", "Check HEADCOUNT_DATABASE_URL."),
)


@contextmanager
def told() -> Iterator[None]:
    """Turn the database's failures into ``StateError``. The message never quotes a statement or its
    values.
    """
    try:
        yield
    except ImproperlyConfigured as error:
        raise ConfigurationError(
            "HEADCOUNT_DATABASE_URL needs a driver that is not installed.",
            hint="pip install 'psycopg[binary]'.",
        ) from error
    except (DatabaseError, InterfaceError) as error:
        raise _meaning(str(error).lower()) from error


def _meaning(words: str) -> StateError:
    if "locked" in words:
        return StateBusy("Another process keeps the control store busy.", hint="Try again in a moment.")
    for sign, message, hint in _MEANINGS:
        if sign in words:
            return StateError(message, hint=hint)
    return StateError("The control store failed.", hint="Run the command again with HEADCOUNT_DEBUG=1.")
