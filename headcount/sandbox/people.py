"""The people of one workspace and the indexes that find them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Attributes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Device:
    token: str
    platform: str
    last_used: int | None
    attributes: Attributes


@dataclass(slots=True, eq=False)
class Person:
    """Identifiers stand among the attributes, as they do in Customer.io.

    An attribute's time is times[name], or born where its time is still that of the first write.
    """

    cio_id: str
    born: int
    attributes: Attributes = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)

    @property
    def id(self) -> str | None:
        return self.attributes.get("id")

    @property
    def email(self) -> str | None:
        return self.attributes.get("email")

    @property
    def unsubscribed(self) -> bool:
        """Only true in any letter case, 1 and "1" unsubscribe; every other value subscribes."""
        value = self.attributes.get("unsubscribed")
        return value is True or str(value).lower() == "true" or str(value) == "1"

    def time_of(self, name: str) -> int:
        return self.times.get(name, self.born)

    def identifiers(self) -> dict[str, str | None]:
        return {"id": self.id, "email": self.email, "cio_id": self.cio_id}


def index_key(kind: str, value: str) -> str:
    return value.lower() if kind == "email" else value


class People:
    """Finds people by each identifier that is unique in this workspace."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self.kinds = kinds
        self.by_cio_id: dict[str, Person] = {}
        self.by: dict[str, dict[str, Person]] = {kind: {} for kind in (*kinds, "anonymous_id")}
        self._serial = 0

    def __len__(self) -> int:
        return len(self.by_cio_id)

    def __iter__(self) -> Iterator[Person]:
        return iter(self.by_cio_id.values())

    def find(self, kind: str, value: str) -> Person | None:
        if kind == "cio_id":
            return self.by_cio_id.get(value)
        index = self.by.get(kind)
        return None if index is None else index.get(index_key(kind, value))

    def new(self, at: int) -> Person:
        """A person without identifiers; cio_id is lower-case hex, as observed on the real service."""
        self._serial += 1
        person = Person(f"a3{self._serial:010x}", at)
        self.by_cio_id[person.cio_id] = person
        return person

    def restore(self, person: Person) -> None:
        self._serial = max(self._serial, int(person.cio_id[2:], 16))
        self.by_cio_id[person.cio_id] = person
        for kind in self.by:
            self.index(person, kind)

    def index(self, person: Person, kind: str) -> None:
        value = person.attributes.get(kind)
        if isinstance(value, str):
            self.by[kind][index_key(kind, value)] = person

    def unindex(self, person: Person, kind: str) -> None:
        value = person.attributes.get(kind)
        if isinstance(value, str) and self.by[kind].get(index_key(kind, value)) is person:
            del self.by[kind][index_key(kind, value)]

    def remove(self, person: Person) -> None:
        for kind in self.by:
            self.unindex(person, kind)
        del self.by_cio_id[person.cio_id]
