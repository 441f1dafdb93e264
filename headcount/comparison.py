"""What a run compares: the desired rows with the acknowledged ones, field by field, in one hash join.

    rows --map, compare--> staged.parquet

``staged`` holds one line per source row: ``key``, ``same`` (every field is acknowledged as it is), the wire values
``f000`` … (only where not the same) and the complaints ``invalid`` and ``warned``. When nothing is acknowledged yet,
it has the plan's own columns as well, so that it can become the plan as it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from headcount.digest import recipe, row_digest
from headcount.mapping import PART, Mapped, Staging, staging
from headcount.model import Behavior
from headcount.prepare import prepare
from headcount.reading import Watched
from headcount.state import Catalogue
from headcount.workbench import Workbench, quote_text

VECTOR = 2_048  # rows the engine works on at a time
CELLS_AT_ONCE = 600_000  # a row group is put together in memory, by every thread


def parquet(columns: int) -> str:
    """How files between the passes are written: fewer rows at a time where they are wide."""
    rows = max(VECTOR, min(30_000, CELLS_AT_ONCE // max(columns, 1)))
    return f"FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE {rows}"


@dataclass(frozen=True)
class Comparison:
    """One comparison of one sync. ``folder`` is the run's own; the state may be attached as ``state``.

    ``catalogue`` says what the state holds; an empty one makes everything an addition. ``full`` takes no row for
    the same; ``record_seen`` (first run of Events without backfill) notes the rows that are there and sends none;
    ``only`` looks at the rows of one key alone, and plans a person whether changed or not.
    """

    bench: Workbench
    mapped: Mapped
    catalogue: Catalogue
    folder: Path
    full: bool = False
    record_seen: bool = False
    only: str | None = None

    @property
    def append_only(self) -> bool:
        return self.mapped.sync.behavior is Behavior.APPEND_ONLY

    @property
    def staged(self) -> str:
        return f"read_parquet({quote_text(str(self.folder / 'staged.parquet'))})"

    @cached_property
    def columns(self) -> list[str]:
        return [f"f{i:03d}" for i in range(len(self.mapped.fields))]

    @cached_property
    def known(self) -> list[str | None]:
        """Per mapped field: the state's column that holds it, or None when it was never sent."""
        if not self.catalogue.acknowledged:
            return [None] * len(self.columns)
        return [self.catalogue.column(id_) for id_ in self.mapped.field_ids]

    @property
    def may_be_plan(self) -> bool:
        """Is every row an addition, in whatever order, unless something is wrong with it?"""
        return not (self.catalogue.acknowledged or self.append_only or self.record_seen)

    @property
    def removes(self) -> bool:
        """Does this run look for keys that are gone from the source?"""
        return self.mapped.sync.behavior is Behavior.MIRROR and self.only is None

    @cached_property
    def malformed_keys(self) -> int:
        """Rows whose key is there and cannot be read: any of them may be a record that seems to be gone."""
        complaint = quote_text(self.mapped.sync.identifier + PART)
        sql = (
            f"SELECT count(*) FROM {self.staged} WHERE key IS NOT NULL AND starts_with(invalid, {complaint})"
        )
        return int(self.bench.value(sql))

    @cached_property
    def any_duplicates(self) -> bool:
        return bool(self.bench.value("SELECT count(*) > 0 FROM duplicates"))

    def candidates(self) -> str:
        """SQL for the rows that would be sent, if nothing held them."""
        sql = f"SELECT * FROM {self.staged} WHERE NOT same AND invalid IS NULL"
        return sql + (" AND key NOT IN (SELECT key FROM duplicates)" if self.any_duplicates else "")


def stage(task: Comparison, reader: pa.RecordBatchReader, progress: Callable[[int], None] | None) -> None:
    """Map every row, compare it, and find the keys that stand twice. Consumes the reader.

    Raises the ``SourceError`` it may end with, and one that names the model for rows that cannot be mapped.
    """
    how = staging(task.mapped, reader.schema, "source_rows")
    task.bench.make_room(len(task.columns))
    watched = Watched(task.mapped.sync.model, reader, how.prepared, prepare, progress)
    fields = [_unless_same(task, column) for column in task.columns]
    plan = ["'add' AS op", *(f"NULL::VARCHAR AS o{c[1:]}" for c in task.columns)] if task.may_be_plan else []
    columns = ", ".join(
        ["d.key AS key", f"{_same(task)} AS same", *fields, _invalid(task), "d.warned", *plan]
    )
    sql = f"SELECT {columns} FROM ({_recognised(task, how)}) d {_join(task)}"
    if task.only is not None:
        sql += f" WHERE d.key = {quote_text(task.only)}"
    with watched.feeding(task.bench, "source_rows"):
        task.bench.run(
            f"COPY ({sql}) TO {quote_text(str(task.folder / 'staged.parquet'))} ({parquet(len(fields))})"
        )
    task.bench.run(
        f"CREATE OR REPLACE TEMP TABLE duplicates AS SELECT key, count(*) AS copies FROM {task.staged} "
        "WHERE key IS NOT NULL AND NOT contains(key, chr(0)) GROUP BY key HAVING count(*) > 1"
    )


def compared(task: Comparison) -> list[str] | None:
    """The columns of the state that all acknowledged rows are asked for; None when the rows themselves are not."""
    if _by_digest(task):
        return ["digest"]
    if _comparable(task):
        return [] if task.append_only else [known for known in task.known if known]
    return [] if task.catalogue.acknowledged and task.removes else None


def reported(task: Comparison) -> str:
    """SQL for the keys whose acknowledged values the plan will name: what is sent or removed. Empty when none is."""
    if not task.catalogue.acknowledged or task.append_only:
        return ""
    sql = f"SELECT key FROM ({task.candidates()})"
    if not task.removes:
        return sql
    gone = f"NOT EXISTS (SELECT 1 FROM {task.staged} s WHERE s.key = a.key)"
    return f"{sql} UNION ALL SELECT a.key FROM state.acknowledged a WHERE {gone}"


def _comparable(task: Comparison) -> bool:
    """Can any row be the same as acknowledged? Not when all go, nor when a field is new to every row."""
    if not task.catalogue.acknowledged:
        return False
    if task.append_only:
        return True
    if task.full or task.only is not None:
        return False
    return all(known for _, known in _fields(task, silent=False))


def _by_digest(task: Comparison) -> bool:
    """Do the stored digests speak of the fields of today, and does every row have something to say about each?"""
    current = task.catalogue.digests == recipe(task.mapped.field_ids)
    return _comparable(task) and not task.append_only and current and not _fields(task, silent=True)


def _recognised(task: Comparison, how: Staging) -> str:
    """The mapped rows, with ``recognised``: is this very row acknowledged? For that neither old nor new values have to
    travel through a join.
    """
    if task.append_only and _comparable(task):
        return f"SELECT *, {_exists('a.key = e.key')} AS recognised FROM ({how.select}) e"
    if not _by_digest(task):
        return how.select
    values = dict(zip(task.mapped.field_ids, how.fields, strict=True))
    digest = row_digest(values, complete=True)  # no field is silent here
    found = _exists("a.key = e.key AND a.digest = e.digest")
    wires = f"SELECT *, {found} AS recognised FROM (SELECT *, {digest} AS digest FROM ({how.wires})) e"
    worked_out = {**dict(zip(task.columns, how.fields, strict=True)), "invalid": how.invalid}
    wanted = [f"CASE WHEN NOT recognised THEN {sql} END AS {name}" for name, sql in worked_out.items()]
    columns = ["key", "recognised", *wanted, f"{how.warned} AS warned"]
    return f"SELECT {', '.join(columns)} FROM ({wires})"


def _invalid(task: Comparison) -> str:
    """Values that were accepted as they stand are not checked again; of events only the key is known."""
    return "d.invalid" if task.append_only else _unless_same(task, "invalid")


def _unless_same(task: Comparison, column: str) -> str:
    """A column that is NULL where the row is the same. Where rows are recognised it is not even worked out for them."""
    return f"d.{column}" if _by_digest(task) else f"CASE WHEN NOT same THEN d.{column} END AS {column}"


def _exists(condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM state.acknowledged a WHERE NOT a.in_doubt AND {condition})"


def _join(task: Comparison) -> str:
    """The acknowledged row with the same key and the same values, if any; rows in doubt are never the same.

    Certain fields are part of the join itself: a hash join on all of them at once needs no second copy of the values,
    which makes it three times as fast as comparing them afterwards. Where rows are recognised there is no join.
    """
    if not _comparable(task) or task.append_only or _by_digest(task):
        return ""
    certain, silent = _fields(task, silent=False), _fields(task, silent=True)
    equal = ["a.key = d.key", *(f"a.{known} = d.{c}" for c, known in certain)]
    kept = [f"a0.{known} AS s{c}" for c, known in silent if known] + [f"a0.{known}" for _, known in certain]
    narrow = f"SELECT {', '.join(['a0.key', *kept])} FROM state.acknowledged a0 WHERE NOT a0.in_doubt"
    return f"LEFT JOIN ({narrow}) a ON {' AND '.join(equal)}"


def _same(task: Comparison) -> str:
    if not _comparable(task):
        return "false"
    if task.append_only or _by_digest(task):
        return "d.recognised"
    silent = [
        f"(d.{c} IS NULL OR coalesce(d.{c} = a.s{c}, false))" if known else f"d.{c} IS NULL"
        for c, known in _fields(task, silent=True)
    ]
    return f"({' AND '.join(['a.key IS NOT NULL', *silent])})"


def _fields(task: Comparison, *, silent: bool) -> list[tuple[str, str | None]]:
    """Staged column and state column of the fields that are compared."""
    if task.append_only:
        return []
    rows = zip(task.mapped.fields, task.columns, task.known, strict=True)
    return [(c, known) for mapping, c, known in rows if task.mapped.silent(mapping) is silent]
