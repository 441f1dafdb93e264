"""Where the state of a sync is kept. The one place that knows."""

from __future__ import annotations

from headcount.control.database import postgresql_url
from headcount.control.models import Stream, Sync
from headcount.errors import StateError
from headcount.home import Home
from headcount.state import State, StateFile


def state_of(home: Home, stream: Stream) -> State:
    """The state of the sync that a stream belongs to. Where it is kept may have changed since the row was read."""
    stream.refresh_from_db(fields=["state_id", "state_in"])
    return state_at(home, stream.state_id, Stream.Place(stream.state_in))


def state_here(home: Home, sync: Sync) -> State:
    """The same, for whoever sends by it, asks it or erases in it.

    Raises ``StateError`` on a machine without the file: what was sent would look new there, or unknown.
    """
    if is_elsewhere(home, sync):
        raise StateError(
            f"What the sync {sync.key} has sent so far is in a file of another machine.",
            hint=f"On the machine that has it: headcount state move {sync.key} --to postgresql",
        )
    return state_of(home, sync.stream)


def is_elsewhere(home: Home, sync: Sync) -> bool:
    """Is the state a file of another machine?"""
    state = state_of(home, sync.stream)
    a_file = postgresql_url() and sync.stream.state_in == Stream.Place.FILE
    return bool(a_file and sync.acknowledged and not state.exists())


def state_at(home: Home, state_id: str, place: Stream.Place) -> State:
    """The state called ``state_id`` in one of the places there are."""
    if place is Stream.Place.POSTGRESQL:
        from headcount.postgresql.state import PostgreSQLState

        return PostgreSQLState(postgresql_url(), state_id)
    return StateFile(home.state / f"{state_id}.duckdb")


def usual_place() -> Stream.Place:
    """Where the states of new syncs are kept: with the control store, so that every worker reaches them."""
    return Stream.Place.POSTGRESQL if postgresql_url() else Stream.Place.FILE
