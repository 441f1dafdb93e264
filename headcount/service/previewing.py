"""Source rows as they would travel: the exact payload, or why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from headcount.batching import payload
from headcount.complaints import COMPLAINT, PART
from headcount.engines.base import Source
from headcount.mapped import Mapped
from headcount.model import Plan
from headcount.prepare import prepare
from headcount.reading import Watched
from headcount.service.keys import canonical
from headcount.service.lines import next_run
from headcount.service.masking import VEIL, Mask
from headcount.staging import staging
from headcount.workbench import NARROW, Workbench, quote_text


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

    A key that stands twice among these rows is named; the run looks at all rows.
    ``progress`` hears how many rows were read; an error it raises ends the reading.
    """
    sync = mapped.sync
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
        veiled = f"SELECT {_veiled(mapped, mask or Mask())} FROM ({how.select}) {wanted}"
        sql = f"SELECT true_key, key, CASE WHEN invalid IS NULL THEN {operation} END, invalid, warned FROM ({veiled})"
        with watched.feeding(bench, "source_rows"):
            shown = bench.run(f"{sql} LIMIT {int(rows)}")
    copies = Counter(_readable(key) for key, *_ in shown)
    for key, name, item, invalid, warned in shown:
        found = PreviewRow(key=_readable(name), payload=item, problems=_said(invalid), notes=_said(warned))
        yield _told_of_copies(found, sync.identifier, copies[_readable(key)] if _readable(key) else 1)


def _told_of_copies(row: PreviewRow, identifier: str, copies: int) -> PreviewRow:
    if copies < 2:
        return row
    problem = (identifier, f"the key stands in {copies} of the rows looked at")
    return replace(row, payload=None, problems=(*row.problems, problem))


def _readable(key: str | None) -> str:
    """Nothing for what cannot be a key: a mark of why stands in its place."""
    return "" if key is None or "\x00" in key else key


def _veiled(mapped: Mapped, mask: Mask) -> str:
    """The staged columns, without the values that nobody may see."""
    key = f"{quote_text(VEIL)} AS key" if mask.covers(mapped.sync.key_column) else "key"
    veil = quote_text(f'"{VEIL}"')
    fields = [f"f{i:03d}" for i in range(len(mapped.fields))]
    shown = [
        f"{veil} AS {column}" if mask.hides(mapping) else column
        for column, mapping in zip(fields, mapped.fields, strict=True)
    ]
    return ", ".join(["key AS true_key", key, *shown, "invalid", "warned"])


def _said(complaints: str | None) -> tuple[tuple[str, str], ...]:
    if not complaints:
        return ()
    parts = (complaint.partition(PART) for complaint in complaints.split(COMPLAINT))
    return tuple((field, reason) for field, _, reason in parts)
