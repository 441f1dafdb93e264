"""Source rows as they would travel: the exact payload, or why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
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
    for place, (key, name, item, invalid, warned, *_) in enumerate(shown):
        notes = (*_said(warned), *_shared(telling, shown, place))
        found = PreviewRow(key=_readable(name), payload=item, problems=_said(invalid), notes=notes)
        yield _told_of_copies(found, sync.identifier, copies[_readable(key)] if _readable(key) else 1)


def _shared(
    telling: Sequence[PlanWarning], shown: Sequence[tuple[Any, ...]], place: int
) -> Iterator[tuple[str, str]]:
    """Of an identifier that other rows have too, with their keys."""
    for column, warning in enumerate(telling, start=len(shown[place]) - len(telling)):
        mine = shown[place][column]
        others = [row for at, row in enumerate(shown) if at != place and row[column] == mine is not None]
        if keys := [_readable(name) for true_key, name, *_ in others if true_key != shown[place][0]]:
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
