"""Pages and messages say where something goes by the name of a destination, so each has a name of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headcount.project.kinds import KINDS
from headcount.project.lines import Document
from headcount.project.problems import Problem

MEND = "Give each a name of its own, such as its workspace's."

Connections = Mapping[str, Mapping[str, Any]]


def namesake(connections: Connections, key: str, name: str) -> str | None:
    """The key of another destination that people see under this name."""
    others = ((other, entry) for other, entry in connections.items() if other != key)
    return next((other for other, entry in others if _is_called(other, entry, name)), None)


def name_problems(document: Document, connections: Connections) -> Iterator[Problem]:
    """Destinations that are called as one before them."""
    before: dict[str, Mapping[str, Any]] = {}
    for key, entry in connections.items():
        name = str(entry.get("name") or key)
        if _is_called(key, entry, name) and (other := namesake(before, key, name)):
            wrong = f"The destinations {other} and {key} are both called {name}."
            yield document.problem(("connections", key, "name"), wrong, MEND)
        before[key] = entry


def _is_called(key: str, entry: Mapping[str, Any], name: str) -> bool:
    kind = KINDS.get(str(entry.get("type")))
    called = str(entry.get("name") or key).strip().casefold()
    return kind is not None and kind.role == "destination" and called == name.strip().casefold()
