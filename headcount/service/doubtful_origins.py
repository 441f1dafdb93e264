"""Values that are probably meant otherwise: a name of a column that is sent as text, a template that is none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

Entry = Mapping[str, Any]


def doubtful_origins(entry: Entry, columns: Collection[str]) -> list[str]:
    """A sentence for each, of an entry in its long form. ``columns`` are the names of its model's columns, if known."""
    named = ((what, origin) for what, origin in _origins(entry) if isinstance(origin, Mapping))
    return [doubt for what, origin in named for doubt in _doubts(what, origin, columns)]


def _origins(entry: Entry) -> Iterator[tuple[str, Any]]:
    event = entry.get("event") or {}
    for name, what in (("name", "The event name"), ("timestamp", "The timestamp")):
        if name in event:
            yield what, event[name]
    for mapping in entry.get("mappings", []):
        yield f"The field {mapping['to']}", mapping["from"]


def _doubts(what: str, origin: Mapping[str, Any], columns: Collection[str]) -> Iterator[str]:
    constant, template = origin.get("constant"), origin.get("template")
    if isinstance(constant, str) and constant in columns:
        yield (
            f"{what} is the text {constant} in every row, and the model has a column of that name. To send what "
            "stands in the column, choose Column."
        )
    if isinstance(constant, str) and _is_liquid(constant):
        yield f"{what} is sent as it is written, with its braces. To fill them in for each row, choose Template."
    if isinstance(template, str) and not _is_liquid(template):
        yield (
            f"{what} is the same text in every row, for its template reads no column. Write a column as "
            "{{ name }}, or choose Column."
        )


def _is_liquid(text: str) -> bool:
    return "{{" in text or "{%" in text
