"""A sync's entry checked against the columns its model has today, each mistake at its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headcount.destinations.customerio.objects import destination_object
from headcount.errors import ConfigurationError, HeadcountError
from headcount.mapping import compile_sync
from headcount.model import Column, Model
from headcount.project.problems import Path, did_you_mean
from headcount.project.values import sync_value
from headcount.templates import columns_used

Found = tuple[Path, str, str]  # where in the entry, what is wrong, how to mend it


def column_problems(key: str, entry: Mapping[str, Any], columns: Sequence[Column]) -> list[Found]:
    """What the entry reads and the model does not have; then what only shows when it is compiled."""
    found = [
        problem
        for path, origin in _origins(entry)
        for problem in _origin_problems(path, origin, {column.name: column for column in columns})
    ]
    return found or list(_compiled(key, entry, columns))


def _origins(entry: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Everything of an entry that names columns, with its path."""
    if "identifier" in entry:
        yield ("identifier", "from"), entry["identifier"]["from"]
    if "unique_id" in entry:
        yield ("unique_id",), entry["unique_id"]
    event = entry.get("event", {})
    for name in ("name", "timestamp"):
        if name in event:
            yield ("event", name), event[name]
    if "person" in event:
        yield ("event", "person", "from"), event["person"]["from"]
    for number, mapping in enumerate(entry.get("mappings", [])):
        yield ("mappings", number, "from"), mapping["from"]


def _origin_problems(path: Path, origin: Any, known: Mapping[str, Column]) -> Iterator[Found]:
    if isinstance(origin, str) and origin not in known:
        wrong = f"The model has no column {origin}." if origin else "Choose a column."
        yield path, wrong, did_you_mean(origin, list(known))
    elif isinstance(origin, Mapping) and "template" in origin:
        try:
            columns_used(origin["template"], known)
        except ConfigurationError as error:
            yield path, error.message, error.hint


def _compiled(key: str, entry: Mapping[str, Any], columns: Sequence[Column]) -> Iterator[Found]:
    sync = sync_value(key, entry, Model(key=entry["source"]["model"], name="", connection=""))
    try:
        compile_sync(sync, columns, destination_object(sync.object))
    except HeadcountError as error:
        yield (), error.message, error.hint
