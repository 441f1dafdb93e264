"""What applying a project would change: old -> new, for every entry and field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headcount.project.project import SECTIONS, Project

NOUNS = {"connections": "connection", "models": "model", "syncs": "sync"}


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One field of an entry; None stands for what is not there."""

    path: str
    old: Any = None
    new: Any = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """One entry. ``action`` is add, change, delete or omitted (stored, not in the file, and left alone)."""

    action: str
    section: str
    key: str
    edits: tuple[Edit, ...] = ()

    @property
    def what(self) -> str:
        return f"{NOUNS[self.section]} {self.key}"


def difference(old: Project, new: Project, *, prune: bool) -> tuple[Change, ...]:
    """The way from ``old`` to ``new``, in the order of the file's sections and of keys."""
    return tuple(change for section in SECTIONS for change in _section(section, old, new, prune))


def _section(section: str, old: Project, new: Project, prune: bool) -> Iterator[Change]:
    before, after = old.section(section), new.section(section)
    for key in sorted({*before, *after}):
        if key not in after:
            yield Change(action="delete" if prune else "omitted", section=section, key=key)
            continue
        edits = tuple(_edits(before.get(key, {}), after[key]))
        if key not in before:
            yield Change(action="add", section=section, key=key, edits=edits)
        elif edits:
            yield Change(action="change", section=section, key=key, edits=edits)


def _edits(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Edit]:
    before, after = dict(_leaves(old)), dict(_leaves(new))
    for path in dict.fromkeys([*before, *after]):
        if _has_parts(path, before, after) or _has_parts(path, after, before):
            continue
        if path not in before or path not in after or before[path] != after[path]:
            yield Edit(path=path, old=before.get(path), new=after.get(path))
    if set(before) == set(after) and _order(old) != _order(
        new
    ):  # PostgreSQL gives keys back in another order
        yield Edit(path="order of mappings", old=_order(old), new=_order(new))


def _has_parts(path: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Is it there on both sides, and only one has something in it? Then its parts tell all there is."""
    return one.get(path) == {} and any(each.startswith(f"{path}.") for each in other)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with its dotted path; mappings go by the field they fill, not by their number. What is there with
    nothing in it, such as ``sync_all_columns: {}``, means something too.
    """
    if isinstance(value, Mapping) and (value or not path):
        for key, item in value.items():
            if key == "mappings":
                for mapping in item:
                    yield f"mappings.{mapping['to']}", {k: v for k, v in mapping.items() if k != "to"}
            else:
                yield from _leaves(item, f"{path}.{key}" if path else key)
    else:
        yield path, value


def _order(entry: Mapping[str, Any]) -> list[str]:
    return [mapping["to"] for mapping in entry.get("mappings", [])]
