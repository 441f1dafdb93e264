"""The state of a sync moved from one place to the other. Nothing is sent again for it, and nothing is lost."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from headcount.control import audit
from headcount.control.database import postgresql_url
from headcount.control.models import Stream
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError, StateError
from headcount.home import Home
from headcount.service.lines import find_sync
from headcount.service.locks import hold_still
from headcount.service.states import state_at, state_here
from headcount.state import State, Sums, sums
from headcount.workbench import Workbench

PLACES = tuple(str(place.value) for place in Stream.Place)


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Where the state of a sync is now, and how many records it holds as acknowledged. ``moved``: it was elsewhere."""

    sync: str
    place: str
    moved: bool
    acknowledged: int
    held: int


@told()
def move_state(key: str, to: str | None = None) -> Moved:
    """Keep the state of a sync in another place: in the one named, or the other one. What failed runs sent and nobody
    settled yet comes into it there.

    The copy is read back and compared before the sync is told to use it, and only then what was there before is
    deleted. Killed in the middle, everything is as it was. Raises ``ConfigurationError`` while a run has not ended, and
    ``StateError`` on a machine without the file.
    """
    home, row = setup(), find_sync(key)
    with ExitStack() as locks:
        hold_still(locks, home, row)
        state_here(home, row)
        stream = Stream.objects.get(pk=row.stream.pk)
        here = Stream.Place(stream.state_in)
        there = _wanted(to, here)
        with Workbench(home.root / "scratch") as bench:
            if there is not here:
                _copy(bench, home, stream, here, there)
                stream.state_in = there.value
                stream.save(update_fields=["state_in"])
                audit.record("moved", f"state of sync {key}", {"from": here.value, "to": there.value})
            with state_at(home, stream.state_id, there).reading(bench) as opened:
                catalogue = opened.catalogue
    delete_left(home, stream)
    return Moved(
        sync=key,
        place=there.value,
        moved=there is not here,
        acknowledged=catalogue.acknowledged,
        held=catalogue.held,
    )


def _wanted(to: str | None, here: Stream.Place) -> Stream.Place:
    if to is not None and to not in PLACES:
        raise ConfigurationError(f"A state is not kept in {to}.", hint=f"Choose one of: {', '.join(PLACES)}.")
    other = Stream.Place.FILE if here is Stream.Place.POSTGRESQL else Stream.Place.POSTGRESQL
    there = Stream.Place(to) if to else other
    if there is Stream.Place.POSTGRESQL and not postgresql_url():
        raise ConfigurationError(
            "The control store is not in PostgreSQL, so no state can be kept there.",
            hint="Set HEADCOUNT_DATABASE_URL; headcount backup and restore move everything into it.",
        )
    return there


def _copy(bench: Workbench, home: Home, stream: Stream, here: Stream.Place, there: Stream.Place) -> None:
    source, target = (state_at(home, stream.state_id, place) for place in (here, there))
    target.delete()
    if not source.exists():
        return
    target.replace(bench, source.copied(bench, bench.scratch / "moving.duckdb"))
    if _sums(bench, source) != _sums(bench, target):
        target.delete()
        raise StateError(
            "The copy of the state is not the same as the state, so nothing was moved.",
            hint="Nothing is lost; please report this.",
        )


def _sums(bench: Workbench, state: State) -> Sums:
    with state.reading(bench) as opened:
        positions = sorted((opened.catalogue.positions or {}).values())
        opened.load(["digest", *(f"f{position:03d}" for position in positions)])
        return sums(bench)


def delete_left(home: Home, stream: Stream) -> None:
    """What was there before, or was left by a move that did not come to its end."""
    for place in Stream.Place:
        if place.value != stream.state_in and (place is Stream.Place.FILE or postgresql_url()):
            state_at(home, stream.state_id, place).delete()
