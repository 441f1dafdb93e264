"""What is measured, one function each. Everything that is compared stands in one measure and runs side by side."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import floor, sink
from bench.data import Table, prepare
from bench.headcount_runs import Headcount
from bench.measure import ChildFailedError, Ended, Measured, measured, middle
from bench.peers import PEERS, Peer
from bench.postgresql import database
from bench.sink import Sink

WORK = Path(__file__).parent / "work"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How many rows, and how often what is fast enough to be repeated."""

    people: int = 1_000_000
    changed: int = 10_000
    events: int = 1_500_000
    small: int = 5_000
    small_changed: int = 2
    many: int = 10_000_000
    wide: tuple[int, int] = (200_000, 600_000)
    bad: tuple[int, int] = (200_000, 1_000_000)
    rounds: int = 3


FULL = Scale()
QUICK = Scale(
    people=20_000,
    changed=200,
    events=20_000,
    small=500,
    many=60_000,
    wide=(2_000, 6_000),
    bad=(2_000, 6_000),
    rounds=1,
)

Found = Iterator[Measured]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A sink, a folder for what a measure leaves behind, and somebody who is told what goes on."""

    scale: Scale
    sink: Sink
    folder: Path
    say: Callable[[str], None]
    peers: tuple[Peer, ...] = PEERS
    keep: bool = False

    @contextmanager
    def work(self) -> Iterator[Path]:
        """A folder for one measure; what is in it goes when the measure ends."""
        name = tempfile.mkdtemp(dir=self.folder)
        try:
            yield Path(name)
        finally:
            if not self.keep:
                shutil.rmtree(name)


def people(bench: Bench) -> Found:
    """First load, rerun and one percent: Headcount and its floor take turns, then the peers load the same rows."""
    scale = bench.scale
    table = prepare(Table(kind="people", rows=scale.people))
    changed = prepare(Table(kind="people", rows=scale.people, changed=scale.changed))
    first: list[Measured] = []
    with bench.work() as folder:
        rounds = [_people_round(bench, table, changed, folder / str(n)) for n in range(scale.rounds)]
    for repeats in zip(*rounds, strict=True):
        one = middle(repeats)
        first += [one] if one.measure == "first_load_people_1m" else []
        yield one
    reference = next(one for one in first if one.system == "headcount")
    yield from _peers(bench, "first_load_people_1m", table, reference)


def _people_round(bench: Bench, table: Path, changed: Path, folder: Path) -> list[Measured]:
    scale, one = bench.scale, Headcount(folder, "people", bench.sink)
    floor.make_bodies("people", table, folder / "bodies")

    def take(measure: str, system: str, ended: Ended) -> Measured:
        return _told(bench, measured(measure, system, scale.people, ended, bench.sink))

    found = [
        take("first_load_people_1m", "floor", floor.send_bodies(folder / "bodies", bench.sink)),
        take("first_load_people_1m", "headcount", one.run(table)),
        take("rerun_unchanged_1m", "headcount", one.run(table)),
        take("one_percent_1m", "headcount", one.run(changed)),
    ]
    (folder / "bodies").unlink()
    same_rows(found[0], found[1])
    _exactly(found[2], 0)
    _exactly(found[3], scale.changed)
    return found


def events(bench: Bench) -> Found:
    """First load of events, and the floor of its own bodies."""
    scale = bench.scale
    table = prepare(Table(kind="events", rows=scale.events))
    with bench.work() as folder:
        rounds = [_events_round(bench, table, folder / str(n)) for n in range(scale.rounds)]
    for repeats in zip(*rounds, strict=True):
        yield middle(repeats)


def _events_round(bench: Bench, table: Path, folder: Path) -> list[Measured]:
    rows, one = bench.scale.events, Headcount(folder, "events", bench.sink)
    floor.make_bodies("events", table, folder / "bodies")
    sent = floor.send_bodies(folder / "bodies", bench.sink)
    found = [_told(bench, measured("first_load_events_1_5m", "floor", rows, sent, bench.sink))]
    (folder / "bodies").unlink()
    ended = one.run(table)
    found.append(_told(bench, measured("first_load_events_1_5m", "headcount", rows, ended, bench.sink)))
    same_rows(*found)
    return found


def small(bench: Bench) -> Found:
    """A small sync with hardly any change: what a run costs besides its rows."""
    scale = bench.scale
    table = prepare(Table(kind="people", rows=scale.small))
    changed = prepare(Table(kind="people", rows=scale.small, changed=scale.small_changed))
    repeats = []
    with bench.work() as folder:
        one = Headcount(folder / "small", "people", bench.sink)
        one.run(table)
        bench.sink.clear()
        for turn in range(scale.rounds):
            ended = one.run(table if turn % 2 else changed)
            found = measured("small_5k_2_changed", "headcount", scale.small, ended, bench.sink)
            _exactly(found, scale.small_changed)
            repeats.append(_told(bench, found))
    yield middle(repeats)


def many(bench: Bench) -> Found:
    """The first load of ten times as many people: memory must not grow with the table."""
    table = prepare(Table(kind="people", rows=bench.scale.many))
    with bench.work() as folder:
        ended = Headcount(folder / "many", "people", bench.sink).run(table)
    found = measured("first_load_people_10m", "headcount", bench.scale.many, ended, bench.sink)
    _exactly(found, bench.scale.many)
    yield _told(bench, found)


def pgstate(bench: Bench) -> Found:
    """The same first load, rerun and one percent, with state and plans in PostgreSQL, for many machines."""
    scale = bench.scale
    table = prepare(Table(kind="people", rows=scale.people))
    changed = prepare(Table(kind="people", rows=scale.people, changed=scale.changed))
    rounds = []
    for turn in range(scale.rounds):
        with bench.work() as folder, database() as url:
            one = Headcount(folder / str(turn), "people", bench.sink, url)
            rounds.append(_pgstate_round(bench, one, table, changed))
    for repeats in zip(*rounds, strict=True):
        yield middle(repeats)


def _pgstate_round(bench: Bench, one: Headcount, table: Path, changed: Path) -> list[Measured]:
    steps = (("first_load_people_1m", table), ("rerun_unchanged_1m", table), ("one_percent_1m", changed))
    found = []
    for (measure, rows), sent in zip(steps, (bench.scale.people, 0, bench.scale.changed), strict=True):
        ended = one.run(rows)
        done = measured(f"{measure}_pgstate", "headcount", bench.scale.people, ended, bench.sink)
        _exactly(done, sent)
        found.append(_told(bench, done))
    return found


def wide(bench: Bench) -> Found:
    """The first load and the rerun of people with 299 attributes, and of three times as many."""
    for rows in bench.scale.wide:
        table = prepare(Table(kind="wide", rows=rows))
        with bench.work() as folder:
            one = Headcount(folder / "wide", "wide", bench.sink)
            for measure, sent in (
                (f"first_load_wide_{rows // 1000}k", rows),
                (f"rerun_wide_{rows // 1000}k", 0),
            ):
                found = measured(measure, "headcount", rows, one.run(table), bench.sink)
                _exactly(found, sent)
                yield _told(bench, found)


MEASURES: dict[str, Callable[[Bench], Found]] = {
    "people": people,
    "pgstate": pgstate,
    "events": events,
    "small": small,
    "many": many,
}


def bad(bench: Bench) -> Found:
    """A first load of which Customer.io refuses nine rows in ten, and one of which as many are never sent."""
    for rows in bench.scale.bad:
        yield from _refused(bench, rows)
        yield from _invalid(bench, rows)


def _refused(bench: Bench, rows: int) -> Found:
    table = prepare(Table(kind="people", rows=rows))
    bench.sink.refuse([place for place in range(5_000) if place % 10])
    with bench.work() as folder:
        ended = Headcount(folder / "refused", "people", bench.sink).run(table, all_good=False)
    refused = json.loads(ended.output)["destination"]["rejected"]
    bench.sink.accept()
    name = f"first_load_refused_{rows // 1000}k"
    yield _told(bench, measured(name, "headcount", rows, ended, bench.sink, refused=refused))


def _invalid(bench: Bench, rows: int) -> Found:
    table = prepare(Table(kind="bad", rows=rows))
    with bench.work() as folder:
        ended = Headcount(folder / "invalid", "people", bench.sink).run(table, all_good=False)
    found = measured(f"first_load_invalid_{rows // 1000}k", "headcount", rows, ended, bench.sink)
    _exactly(found, rows // 10)
    yield _told(bench, found)


# Only when asked for.
EXTRA: dict[str, Callable[[Bench], Found]] = {"wide": wide, "bad": bad}


def _peers(bench: Bench, measure: str, table: Path, reference: Measured) -> Found:
    for peer in bench.peers:
        if not peer.installed:
            bench.say(f"{peer.name}: {peer.package} is not installed, left out")
            continue
        rows = min(reference.rows, peer.most_rows or reference.rows)
        given = table if rows == reference.rows else prepare(Table(kind="people", rows=rows))
        with _sink_for(bench, peer) as far_end:
            found = measured(measure, peer.name, rows, peer.run(given, far_end), far_end)
        _exactly(found, rows)
        if rows == reference.rows:
            same_rows(found, reference)
        yield _told(bench, found)


@contextmanager
def _sink_for(bench: Bench, peer: Peer) -> Iterator[Sink]:
    if not peer.tls:
        yield bench.sink
        return
    with sink.running(bench.folder, tls=True) as secure:
        yield secure


def _told(bench: Bench, one: Measured) -> Measured:
    bench.say(
        f"{one.measure:24} {one.system:10} {one.seconds:8.2f} s {one.rows_per_second:12,.0f} rows/s "
        f"{one.peak_rss_mb:6.0f} MB {one.tally.requests:6} requests  {one.tally.checksum}"
    )
    return one


def _exactly(found: Measured, rows: int) -> None:
    tally = found.tally
    if (tally.rows, tally.distinct_keys) != (rows, rows):
        raise ChildFailedError(
            f"{found.measure}, {found.system}: {rows} rows were to be sent once each; {tally.rows} arrived, of "
            f"{tally.distinct_keys} different records."
        )


def same_rows(one: Measured, other: Measured) -> None:
    """Who sends the same rows must leave the same checksum."""
    a, b = one.tally, other.tally
    if (a.rows, a.checksum) != (b.rows, b.checksum):
        raise ChildFailedError(
            f"{one.measure}: {one.system} sent {a.rows} rows ({a.checksum}), {other.system} {b.rows} ({b.checksum})."
        )
