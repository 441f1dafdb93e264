"""Source rows as they would travel: the exact payload, or why there is none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from headcount.batching import payload
from headcount.complaints import COMPLAINT, PART
from headcount.destinations.base import PlanWarning
from headcount.engines.base import Source
from headcount.mapped import Mapped
from headcount.model import Plan
from headcount.prepare import prepare
from headcount.reading import Watched
from headcount.service.keys import canonical
from headcount.service.lines import next_run
from headcount.service.masking import VEIL, Mask
from headcount.service.shared_values import KEYS, identifying
from headcount.staging import staging
from headcount.workbench import NARROW, Workbench, quote_text

IDENTIFIES_ONE = "the same value stands in another of the rows looked at, and it identifies one person only"


@dataclass(frozen=True, kw_only=True)
class PreviewRow:
    """One source row as it would travel: its exact payload, or why it would not.

    ``problems`` and ``notes`` are pairs of field and reason; a row with notes is sent all the same.
    """

    key: str
    payload: str | None
    problems: tuple[tuple[str, str], ...]
    notes: tuple[tuple[str, str], ...] = ()


def preview_rows(
    mapped: Mapped,
    source: Source,
    scratch: Path,
    *,
    rows: int,
    record: str | None = None,
    mask: Mask | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[PreviewRow]:
    """The first rows of the sync's model, or those with one key. What ``mask`` hides is veiled before it is read.

    A key that stands twice among these rows is named, and so are rows that share an identifier; the run looks at all
    rows.
    ``progress`` hears how many rows were read; an error it raises ends the reading.
    """
    sync = mapped.sync
    telling = identifying(mapped)
    operation = payload(mapped, Plan(path=Path(), fields=mapped.field_ids), next_run())
    wanted = f"WHERE key = {quote_text(canonical(sync.identifier, record))}" if record is not None else ""
    with (
        Workbench(scratch, ordered=True) as bench,
        source.read(sync.model, mapped.source_columns) as reader,
    ):
        if len(mapped.fields) > NARROW:
            bench.run("PRAGMA disable_optimizer")  # would take longer than the few rows it could speed up
        how = staging(mapped, reader.schema, "source_rows")
        watched = Watched(sync.model, reader, how.prepared, prepare, progress)
        veiled = f"SELECT {_veiled(mapped, mask or Mask(), telling)} FROM ({how.select}) {wanted}"
        columns = ["true_key", "key", f"CASE WHEN invalid IS NULL THEN {operation} END", "invalid", "warned"]
        sql = f"SELECT {', '.join(columns + [f'alike{i}' for i in range(len(telling))])} FROM ({veiled})"
        with watched.feeding(bench, "source_rows"):
            shown = bench.run(f"{sql} LIMIT {int(rows)}")
    copies = Counter(_readable(key) for key, *_ in shown)
    sharing = [_named(shown, column - len(telling)) for column in range(len(telling))]
    for row in shown:
        key, name, item, invalid, warned, *alike = row
        shared = (_others(key, keys.get(value, {})) for keys, value in zip(sharing, alike, strict=True))
        notes = (*_said(warned), *_shared(telling, shared))
        found = PreviewRow(key=_readable(name), payload=item, problems=_said(invalid), notes=notes)
        yield _told_of_copies(found, sync.identifier, copies[_readable(key)] if _readable(key) else 1)


def _named(shown: Sequence[tuple[Any, ...]], column: int) -> dict[Any, dict[str, str]]:
    """By what rows share in a column: the first of their keys, and how each is shown. One more than a row is told of,
    for its own may be among them.
    """
    found: dict[Any, dict[str, str]] = defaultdict(dict)
    for row in shown:
        value, key = row[column], _readable(row[0])
        if value is not None and key and len(found[value]) <= KEYS:
            found[value].setdefault(key, _readable(row[1]))
    return dict(found)


def _others(mine: str | None, named: Mapping[str, str]) -> list[str]:
    return [name for key, name in named.items() if key != mine]


def _shared(telling: Sequence[PlanWarning], shared: Iterable[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Of an identifier that other rows have too, with their keys."""
    for warning, keys in zip(telling, shared, strict=True):
        if keys:
            yield warning.field, f"{IDENTIFIES_ONE}: see {', '.join(keys[:KEYS])}"


def _told_of_copies(row: PreviewRow, identifier: str, copies: int) -> PreviewRow:
    if copies < 2:
        return row
    problem = (identifier, f"the key stands in {copies} of the rows looked at")
    return replace(row, payload=None, problems=(*row.problems, problem))


def _readable(key: str | None) -> str:
    """Nothing for what cannot be a key: a mark of why stands in its place."""
    return "" if key is None or "\x00" in key else key


def _veiled(mapped: Mapped, mask: Mask, telling: Sequence[PlanWarning]) -> str:
    """The staged columns, without the values that nobody may see; which of those are alike was asked before."""
    key = f"{quote_text(VEIL)} AS key" if mask.covers(mapped.sync.key_column) else "key"
    veil = quote_text(f'"{VEIL}"')
    fields = [f"f{i:03d}" for i in range(len(mapped.fields))]
    shown = [
        f"{veil} AS {column}" if mask.hides(mapping) else column
        for column, mapping in zip(fields, mapped.fields, strict=True)
    ]
    alike = [f"{warning.alike} AS alike{i}" for i, warning in enumerate(telling)]
    return ", ".join(["key AS true_key", key, *shown, "invalid", "warned", *alike])


def _said(complaints: str | None) -> tuple[tuple[str, str], ...]:
    if not complaints:
        return ()
    parts = (complaint.partition(PART) for complaint in complaints.split(COMPLAINT))
    return tuple((field, reason) for field, _, reason in parts)
