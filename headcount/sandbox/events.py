"""Events, and how often each of their ids has arrived."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headcount.sandbox.ulid import is_ulid


@dataclass(slots=True, eq=False)
class Event:
    """One event that counts. Of cio_id and anonymous_id at least one is set; times are unix seconds."""

    number: int
    id: str | None
    kind: str  # event, page or screen
    name: str
    cio_id: str
    anonymous_id: str
    timestamp: int
    received: int
    data: Any


class Events:
    """Every counted event in order of arrival; seen counts every arrival of an id, dropped the repeats."""

    def __init__(self) -> None:
        self.by_number: dict[int, Event] = {}
        self.by_person: dict[str, list[Event]] = {}  # by cio_id, or "anonymous:" and the anonymous_id
        self.seen: dict[str, int] = {}
        self.dropped = 0
        self._serial = 0

    def __len__(self) -> int:
        return len(self.by_number)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.by_number.values())

    def is_repeat(self, id_: Any, *, any_id: bool) -> bool:
        """Counts the arrival of an id. Only a ULID makes a repeat, unless any_id is switched on."""
        if not isinstance(id_, str):
            return False
        key = seen_key(id_)
        self.seen[key] = self.seen.get(key, 0) + 1
        if self.seen[key] > 1 and (any_id or is_ulid(id_)):
            self.dropped += 1
            return True
        return False

    def add(self, **values: Any) -> Event:
        self._serial += 1
        event = Event(number=self._serial, **values)
        self.restore(event)
        return event

    def restore(self, event: Event) -> None:
        self._serial = max(self._serial, event.number)
        self.by_number[event.number] = event
        self.by_person.setdefault(event.cio_id or f"anonymous:{event.anonymous_id}", []).append(event)

    def of_person(self, cio_id: str) -> list[Event]:
        return self.by_person.get(cio_id, [])

    def give(self, source: str, cio_id: str, since: int) -> list[Event]:
        """Moves events not older than since to another person; returns those that moved."""
        theirs = self.by_person.pop(source, [])
        moved = [event for event in theirs if event.timestamp >= since]
        for event in moved:
            event.cio_id = cio_id
        self.by_person.setdefault(cio_id, []).extend(moved)
        if left := [event for event in theirs if event.timestamp < since]:
            self.by_person[source] = left
        return moved

    def remove_person(self, cio_id: str) -> list[Event]:
        gone = self.by_person.pop(cio_id, [])
        for event in gone:
            del self.by_number[event.number]
        return gone

    def newest(self) -> Iterator[Event]:
        return reversed(self.by_number.values())

    def times_seen(self, event: Event) -> int:
        if event.id is None:
            return 1
        return self.seen.get(seen_key(event.id), 1)


def seen_key(id_: str) -> str:
    """Crockford's base 32 has no letter case; other ids are taken to the letter."""
    return id_.upper() if is_ulid(id_) else id_
