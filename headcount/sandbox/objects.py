"""Objects, their types, and the relationships between them and people."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ObjectType:
    """Types are made on the pages, never by the API; id is a string that holds an integer."""

    id: str
    name: str
    singular: str

    @property
    def slug(self) -> str:
        return self.name.lower().replace(" ", "_")


@dataclass(slots=True, eq=False)
class Thing:
    """One object. relationships: cio_id of the person (or "anonymous:…") -> its attributes."""

    cio_object_id: str
    type_id: str
    object_id: str
    born: int
    attributes: dict[str, Any] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    relationships: dict[str, dict[str, Any]] = field(default_factory=dict)

    def time_of(self, name: str) -> int:
        return self.times.get(name, self.born)


class Objects:
    """The objects of one workspace."""

    def __init__(self) -> None:
        self.types: dict[str, ObjectType] = {"1": ObjectType("1", "Companies", "Company")}
        self.by_key: dict[tuple[str, str], Thing] = {}
        self.by_cio_id: dict[str, Thing] = {}
        self._serial = 0

    def add_type(self, name: str, singular: str) -> ObjectType:
        new = ObjectType(str(max(map(int, self.types), default=0) + 1), name, singular)
        self.types[new.id] = new
        return new

    def find(self, identifiers: dict[str, str]) -> Thing | None:
        if "cio_object_id" in identifiers:
            return self.by_cio_id.get(identifiers["cio_object_id"])
        return self.by_key.get((identifiers["object_type_id"], identifiers["object_id"]))

    def find_or_new(self, identifiers: dict[str, str], at: int) -> Thing | None:
        """None for an unknown cio_object_id (it only updates) and for a type that nobody made."""
        found = self.find(identifiers)
        if found or identifiers.get("object_type_id") not in self.types:
            return found
        self._serial += 1
        thing = Thing(f"ob{self._serial:010x}", identifiers["object_type_id"], identifiers["object_id"], at)
        self.restore(thing)
        return thing

    def restore(self, thing: Thing) -> None:
        self._serial = max(self._serial, int(thing.cio_object_id[2:], 16))
        self.by_key[thing.type_id, thing.object_id] = thing
        self.by_cio_id[thing.cio_object_id] = thing

    def remove(self, thing: Thing) -> None:
        del self.by_key[thing.type_id, thing.object_id]
        del self.by_cio_id[thing.cio_object_id]

    def of_person(self, cio_id: str) -> list[Thing]:
        return [thing for thing in self.by_cio_id.values() if cio_id in thing.relationships]

    def forget_person(self, cio_id: str) -> list[Thing]:
        """Ends every relationship of a person; returns the objects that had one."""
        theirs = self.of_person(cio_id)
        for thing in theirs:
            del thing.relationships[cio_id]
        return theirs
