"""What a run compares: the desired rows with the acknowledged ones, field by field, in one hash join.

    rows --map, compare--> staged.parquet --look again at suspects--> judged.parquet

``staged`` holds one line per source row: ``key``, ``same`` (every field is acknowledged as it is), the wire values
``f000`` … and ``digest`` (both only where the row is not recognised) and ``suspect`` (something may be wrong). When
nothing is acknowledged yet, it has the plan's own columns as well, so that it can become the plan as it stands.
``judged`` holds the rows of which there is something to say: ``row`` (the number in ``staged``), ``key``, and the
complaints ``invalid`` and ``warned``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from headcount.complaints import PART, suspicions
from headcount.mapped import Mapped
from headcount.model import Behavior
from headcount.prepare import prepare
from headcount.reading import Watched
from headcount.staging import Staging
from headcount.state import Catalogue
from headcount.workbench import VECTOR, Workbench, quote_text

SOURCE = "source_rows"  # the relation that the rows are read from
_WIRE = re.compile(r"\bw[0-9]{3,}\b")  # a wire value named in SQL
CELLS_AT_ONCE = 600_000  # a row group is put together in memory, by every thread


def parquet(columns: int) -> str:
    """How files between the passes are written: fewer rows at a time where they are wide."""
    rows = max(VECTOR, min(30_000, CELLS_AT_ONCE // max(columns, 1)))
    return f"FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE {rows}"


@dataclass(frozen=True)
class Comparison:
    """One comparison of one sync. ``folder`` is the run's own; the state may be attached as ``state``.

    ``how`` maps the relation ``SOURCE``. ``catalogue`` says what the state holds; an empty one makes everything an
    addition. ``full`` takes no row for the same; ``record_seen`` (first run of Events without backfill) notes the rows
    that are there and sends none but those that were ``tried``; ``only`` looks at the rows of one key alone, and plans
    a person whether changed or not.
    """

    bench: Workbench
    mapped: Mapped
    how: Staging
    catalogue: Catalogue
    folder: Path
    full: bool = False
    record_seen: bool = False
    only: str | None = None

    @property
    def append_only(self) -> bool:
        return self.mapped.sync.behavior is Behavior.APPEND_ONLY

    @property
    def written(self) -> str:
        """``staged`` as the first pass left it."""
        return f"read_parquet({quote_text(str(self.folder / 'staged.parquet'))}, file_row_number = true)"

    @property
    def staged(self) -> str:
        if not self.any_alike:
            return self.written
        same = "same OR file_row_number IN (SELECT row FROM alike)"
        return f"(SELECT * REPLACE ({same} AS same) FROM {self.written})"

    @property
    def judged(self) -> str:
        return f"read_parquet({quote_text(str(self.folder / 'judged.parquet'))})"

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
    def tried(self) -> str:
        """SQL for the keys that something is known of; empty where there is none. What a test sent before the first
        run, and whose fate is open, is no row that was only seen.
        """
        rows = {"acknowledged": self.catalogue.acknowledged, "held": self.catalogue.held}
        return " UNION ALL ".join(f"SELECT key FROM state.{table}" for table, count in rows.items() if count)

    @property
    def digests(self) -> str:
        """The recipe of the digests that are stored; empty where none are, for they would not tell what to send."""
        silent = any(self.mapped.silent(mapping) for mapping in self.mapped.fields)
        return "" if self.append_only or silent else self.how.digests

    @property
    def removes(self) -> bool:
        """Does this run look for keys that are gone from the source?"""
        return self.mapped.sync.behavior is Behavior.MIRROR and self.only is None

    @cached_property
    def malformed_keys(self) -> int:
        """Rows whose key is there and cannot be read: any of them may be a record that seems to be gone."""
        complaint = quote_text(self.mapped.sync.identifier + PART)
        sql = (
            f"SELECT count(*) FROM {self.judged} WHERE key IS NOT NULL AND starts_with(invalid, {complaint})"
        )
        return int(self.bench.value(sql))

    @cached_property
    def any_keyless(self) -> bool:
        """Is there an invalid row without a key by which it could be named?"""
        unusable = "invalid IS NOT NULL AND (key IS NULL OR contains(key, chr(0)))"
        return bool(self.bench.value(f"SELECT count(*) > 0 FROM {self.judged} WHERE {unusable}"))

    @cached_property
    def any_invalid(self) -> bool:
        return bool(self.bench.value(f"SELECT count(invalid) > 0 FROM {self.judged}"))

    @property
    def invalid(self) -> str:
        """SQL over ``staged``: is a complaint known that stops this row?"""
        if not self.any_invalid:
            return "false"
        found = f"SELECT row FROM {self.judged} WHERE invalid IS NOT NULL"
        return f"(suspect AND file_row_number IN ({found}))"

    @cached_property
    def any_alike(self) -> bool:
        return bool(self.bench.value("SELECT count(*) > 0 FROM alike"))

    @cached_property
    def any_duplicates(self) -> bool:
        return bool(self.bench.value("SELECT count(*) > 0 FROM duplicates"))

    def candidates(self) -> str:
        """SQL for the rows that would be sent, if nothing held them."""
        sql = f"SELECT * FROM {self.staged} WHERE NOT same AND NOT {self.invalid}"
        return sql + (" AND key NOT IN (SELECT key FROM duplicates)" if self.any_duplicates else "")


def stage(task: Comparison, reader: pa.RecordBatchReader, progress: Callable[[int], None] | None) -> None:
    """Map every row and compare it. Consumes the reader.

    Raises the ``SourceError`` it may end with, and one that names the model for rows that cannot be mapped.
    """
    task.bench.make_room(len(task.columns))
    watched = Watched(task.mapped.sync.model, reader, task.how.prepared, prepare, progress)
    fields = [_value(task, column) for column in task.columns]
    plan = ["'add' AS op"] if task.may_be_plan else []
    columns = ", ".join(
        ["d.key AS key", f"{_same(task)} AS same", *_digest(task), *fields, _suspect(task), *plan]
    )
    sql = f"SELECT {columns} FROM ({_recognised(task)}) d {_join(task)}"
    if task.only is not None:
        sql += f" WHERE d.key = {quote_text(task.only)}"
    with watched.feeding(task.bench, SOURCE):
        task.bench.run(
            f"COPY ({sql}) TO {quote_text(str(task.folder / 'staged.parquet'))} ({parquet(len(fields))})"
        )


def settle(task: Comparison) -> None:
    """Compare what the digests leave open, find what is wrong with rows, and the keys that stand twice."""
    _compare_undigested(task)
    _judge(task)
    task.bench.run(
        f"CREATE OR REPLACE TEMP TABLE duplicates AS SELECT key, count(*) AS copies FROM {task.staged} "
        "WHERE key IS NOT NULL AND NOT contains(key, chr(0)) GROUP BY key HAVING count(*) > 1"
    )


def _compare_undigested(task: Comparison) -> None:
    """The table ``alike``: rows that are the same as acknowledged ones without a digest, which nothing recognises."""
    task.bench.run("CREATE OR REPLACE TEMP TABLE alike (row BIGINT)")
    undigested = "state.acknowledged WHERE digest IS NULL AND NOT in_doubt"
    if not by_digest(task) or not task.bench.value(f"SELECT count(*) > 0 FROM {undigested}"):
        return
    equal = ["a.key = s.key", *(f"a.{known} = s.{column}" for column, known in _fields(task, silent=False))]
    task.bench.run(
        f"INSERT INTO alike SELECT s.file_row_number FROM {task.written} s JOIN (SELECT * FROM {undigested}) a "
        f"ON {' AND '.join(equal)} WHERE NOT s.same"
    )


def _judge(task: Comparison) -> None:
    """Find the words for what is wrong with rows, if anything may be: without suspects they are not even compiled."""
    suspects = bool(task.bench.value(f"SELECT bool_or(suspect) FROM {task.written}"))
    invalid, warned = (task.how.invalid, task.how.warned) if suspects else ("NULL::VARCHAR", "NULL::VARCHAR")
    if not task.append_only:  # values that were accepted as they stand are not checked again
        invalid = f"CASE WHEN NOT same THEN {invalid} END"
    sql = (
        f"SELECT file_row_number AS row, key, {invalid} AS invalid, {warned} AS warned FROM {task.staged} "
        "WHERE suspect"
    )
    task.bench.run(
        f"COPY (SELECT * FROM ({sql}) WHERE invalid IS NOT NULL OR warned IS NOT NULL) "
        f"TO {quote_text(str(task.folder / 'judged.parquet'))} ({parquet(4)})"
    )


def compared(task: Comparison) -> list[str] | None:
    """The columns of the state that all acknowledged rows are asked for; None when the rows themselves are not."""
    if by_digest(task):
        return ["digest"]
    if _comparable(task):
        return [] if task.append_only else [known for known in task.known if known]
    return [] if task.catalogue.acknowledged and task.removes else None


def reported(task: Comparison) -> str:
    """SQL for the keys whose acknowledged values matter after the first pass: of what may be sent, and of what may be
    removed. Empty when none is.
    """
    if not task.catalogue.acknowledged or task.append_only:
        return ""
    sql = f"SELECT key FROM {task.written} WHERE NOT same"
    if not task.removes:
        return sql
    gone = f"NOT EXISTS (SELECT 1 FROM {task.written} s WHERE s.key = a.key)"
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


def by_digest(task: Comparison) -> bool:
    """Do the stored digests tell which rows are the same?"""
    return bool(task.digests) and task.catalogue.digests == task.digests and _comparable(task)


def _recognised(task: Comparison) -> str:
    """The mapped rows, with ``recognised``: is this very row acknowledged? For that neither old nor new values have to
    travel through a join.
    """
    if not task.digests:
        wrong, warns = suspicions(task.mapped)
        found = f", EXISTS (SELECT 1 FROM ({_ACKNOWLEDGED}) a WHERE a.key = e.key) AS recognised"
        known = found if task.append_only and _comparable(task) else ""
        return f"SELECT *, {wrong} AS wrong, {warns} AS warns{known} FROM ({task.how.values}) e"
    wrong, warns = suspicions(task.mapped, "w")
    known = f"({_ACKNOWLEDGED})" if by_digest(task) else ""
    asked = frozenset(_WIRE.findall(warns))  # what is the same is not sent, and warned about all the same
    wires = f"SELECT *, {warns} AS warns FROM ({task.how.recognised(known, always=asked)})"
    wanted = [
        f"CASE WHEN {'warns OR ' if wire.name in asked else ''}NOT recognised THEN {wire.value} END AS {column}"
        for column, wire in zip(task.columns, task.how.wires, strict=True)
    ]
    wrong = f"CASE WHEN NOT recognised THEN {wrong} END AS wrong"
    return f"SELECT {', '.join(['key', 'digest', 'recognised', 'warns', *wanted, wrong])} FROM ({wires})"


def _digest(task: Comparison) -> list[str]:
    """In the form that a file can hold. The state has it where a row is recognised."""
    if not task.digests:
        return []
    return ["CASE WHEN NOT d.recognised THEN d.digest::UUID END AS digest"]


def _suspect(task: Comparison) -> str:
    """Values that were accepted as they stand are not checked again; of events only the key is known."""
    checked = "d.wrong" if task.append_only or by_digest(task) else "(NOT same AND d.wrong)"
    return f"coalesce(d.warns OR {checked}, false) AS suspect"


def _value(task: Comparison, column: str) -> str:
    """A value of the plan. It is NULL where the row is the same, unless there may be something to say about it. Where
    rows are recognised it is not even worked out for them.
    """
    if by_digest(task):
        return f"d.{column}"
    needed = "NOT same OR d.warns" + (" OR d.wrong" if task.append_only else "")
    return f"CASE WHEN {needed} THEN d.{column} END AS {column}"


_ACKNOWLEDGED = "SELECT key, digest FROM state.acknowledged WHERE NOT in_doubt"


def _join(task: Comparison) -> str:
    """The acknowledged row with the same key and the same values, if any; rows in doubt are never the same.

    Certain fields are part of the join itself: a hash join on all of them at once needs no second copy of the values,
    which makes it three times as fast as comparing them afterwards. Where rows are recognised there is no join.
    """
    if not _comparable(task) or task.append_only or by_digest(task):
        return ""
    certain, silent = _fields(task, silent=False), _fields(task, silent=True)
    equal = ["a.key = d.key", *(f"a.{known} = d.{c}" for c, known in certain)]
    kept = [f"a0.{known} AS s{c}" for c, known in silent if known] + [f"a0.{known}" for _, known in certain]
    narrow = f"SELECT {', '.join(['a0.key', *kept])} FROM state.acknowledged a0 WHERE NOT a0.in_doubt"
    return f"LEFT JOIN ({narrow}) a ON {' AND '.join(equal)}"


def _same(task: Comparison) -> str:
    if not _comparable(task):
        return "false"
    if task.append_only or by_digest(task):
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
