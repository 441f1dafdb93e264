"""The activity log: what happened to whom, and the only trace of changes that a 200 hid."""

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

Values = dict[str, Any]
KEPT = 500_000  # newest entries of a workspace; the real service keeps 30 days


class Activity(NamedTuple):
    """kind is Customer.io's name (attribute_change, …); cio_id is empty when nobody matched.

    The data of an attribute_change is a pair of dicts: values before, and values after (None: removed).
    """

    number: int
    kind: str
    cio_id: str
    at: int
    data: Any
    name: str = ""

    @property
    def id(self) -> str:
        return f"{self.number:026d}"


class ActivityLog:
    """Newest last; the oldest entries fall off the end."""

    def __init__(self) -> None:
        self._entries: deque[Activity] = deque(maxlen=KEPT)
        self._number = 0

    def changed(self, kind: str, cio_id: str, at: int, before: Values, after: Values, name: str = "") -> None:
        self.add(kind, cio_id, at, (before, after), name)

    def add(self, kind: str, cio_id: str, at: int, data: Any = None, name: str = "") -> None:
        self._number += 1
        self._entries.append(Activity(self._number, kind, cio_id, at, data, name))

    def restore(self, entry: Activity) -> None:
        self._number = max(self._number, entry.number)
        self._entries.append(entry)

    def since(self, number: int) -> Iterator[Activity]:
        """Entries written after the given number, newest first."""
        for entry in reversed(self._entries):
            if entry.number <= number:
                return
            yield entry

    def newest(self, cio_id: str | None = None, kind: str = "", name: str = "") -> Iterator[Activity]:
        for entry in reversed(self._entries):
            if (
                (cio_id is None or entry.cio_id == cio_id)
                and kind in ("", entry.kind)
                and name in ("", entry.name)
            ):
                yield entry

    @property
    def last_number(self) -> int:
        return self._number
