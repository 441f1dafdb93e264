"""The round through everything that is looked at, in the order in which one thing needs the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from headcount.control.setup import configure
from headcount.errors import HeadcountError
from headcount.service.doctor import address, house, keys, reach, states, store, work
from headcount.service.doctor.finding import Finding, Health, failed

Look = Callable[[], Iterable[Finding]]

FIRST: tuple[Look, ...] = (house.versions, house.home)
WITH_STORE: tuple[Look, ...] = (
    store.settings,
    keys.key,
    keys.references,
    states.states,
    work.unfinished,
    work.workers,
    store.owners,
)
FAR: tuple[Look, ...] = (reach.reachable, reach.clocks)


def examine(*, connections: bool = False) -> Iterator[Finding]:
    """Look at everything and tell as it goes. ``connections`` also asks the services behind them.

    Creates and upgrades nothing; a test of a connection is noted as always. Never raises an error of ours.
    """
    configure()
    for look in FIRST:
        yield from _safely(look)
    found = list(_safely(store.store))
    yield from found
    if store.exists() and found[-1].health is Health.OK:
        for look in (*WITH_STORE, *(FAR if connections else ())):
            yield from _safely(look)
    yield from _safely(address.public_url)


def _safely(look: Look) -> Iterator[Finding]:
    try:
        yield from look()
    except HeadcountError as error:
        yield failed(look.__name__.replace("_", " "), error.message, error.hint)
