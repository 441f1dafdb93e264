"""The project file as values: everything in it, in its long form and in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Entries = Mapping[str, Mapping[str, Any]]
SECTIONS = ("connections", "models", "syncs")
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Project:
    """Entries by key. An entry is what the file says, as JSON values, without what is the same when left out.

    Two files that mean the same make equal projects, whatever short forms they use.
    """

    connections: Entries = field(default_factory=dict)
    models: Entries = field(default_factory=dict)
    syncs: Entries = field(default_factory=dict)

    def section(self, name: str) -> Entries:
        entries: Entries = getattr(self, name)
        return entries
