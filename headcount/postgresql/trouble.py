"""What PostgreSQL says when it cannot go on, in words for people: no password, no row value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from headcount.errors import ConfigurationError, StateBusy, StateError, StoreAway

REACH = "Check HEADCOUNT_DATABASE_URL, and that the server runs and admits this machine."
_ENDED = "25P03"  # nothing happened in a transaction for too long, for this process stood still: the connection is gone
_WAITED = {"55P03", "40P01", "40001"}  # a lock that was not given, a deadlock, a conflict


@contextmanager
def told() -> Iterator[None]:
    """Inside, the failures of the PostgreSQL drivers become ``StateError`` or ``StateBusy``."""
    import adbc_driver_manager

    try:
        yield
    except psycopg.ProgrammingError as error:
        if error.sqlstate is None:  # libpq cannot read the address; its words may hold the password
            raise ConfigurationError(
                "HEADCOUNT_DATABASE_URL is not the address of a PostgreSQL database.",
                hint="It looks like postgresql://user:password@host:5432/name.",
            ) from None
        raise meaning(error.sqlstate) from None
    except (psycopg.Error, adbc_driver_manager.Error) as error:
        raise meaning(error.sqlstate or "") from None


def meaning(state: str) -> StateError:
    """The error for an SQLSTATE; an empty one means that there is no connection."""
    if state in _WAITED:
        return StateBusy(
            "Somebody else is working with this sync's state.",
            hint="Wait until that has finished and try again.",
        )
    if state.startswith("53"):
        return StateError(
            "PostgreSQL has no room for the sync states: its disk is full, or it has too many connections.",
            hint="Give it room, then run again.",
        )
    if state.startswith("42501"):
        return StateError(
            "PostgreSQL does not allow Headcount to keep sync states.",
            hint="Grant its user CREATE on the database, so that it can make the schema headcount_state.",
        )
    if not state or state.startswith(("08", "57P", "28", _ENDED)):
        return StoreAway("The PostgreSQL database of the control store cannot be reached.", hint=REACH)
    return StateError(
        f"PostgreSQL refused what Headcount asked of it (SQLSTATE {state}).",
        hint="Nothing is lost; please report this.",
    )
