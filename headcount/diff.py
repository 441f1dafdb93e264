"""Desired rows compared with acknowledged ones: the plan.

Everything happens in SQL on a workbench, in passes over files, so that memory does not grow with the tables:

    rows --map, compare--> staged.parquet --keys seen twice--> duplicates --classify--> plan.parquet, invalid.parquet

``staged`` holds one line per source row: ``key``, ``same`` (every field is acknowledged as it is), the wire values
(only where not the same) and the complaints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from headcount.errors import SourceError
from headcount.mapping import COMPLAINT, PART, Mapped, staging
from headcount.model import Behavior, Plan
from headcount.prepare import prepare
from headcount.state import Catalogue
from headcount.workbench import Workbench, quote_text

_PARQUET = "FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 30000"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan and what was counted on the way to it. ``field_changes`` says why, per field, how many changes."""

    plan: Plan
    invalid_path: Path
    read: int
    unchanged: int
    invalid: int
    held: int
    missed: int = 0
    overwrites: int = 0  # changes of values that were acknowledged before: what the guard looks at
    field_changes: dict[str, int] = field(default_factory=dict)
    new_fields: tuple[str, ...] = ()
    invalid_reasons: tuple[tuple[str, str, int], ...] = ()  # field, reason, rows
    warnings: tuple[tuple[str, str, int], ...] = ()
    released: tuple[str, ...] = ()  # held keys that no longer stand in the way


class Diff:
    """One comparison, step by step. ``folder`` is the run's own; the state may be attached as ``state``.

    ``catalogue`` says what the state holds; an empty one makes everything an addition. ``full`` plans every person
    again, ``record_seen`` acknowledges all rows without sending them, ``only`` looks at the rows of one key alone and
    plans them whether they changed or not.
    """

    def __init__(
        self,
        bench: Workbench,
        mapped: Mapped,
        catalogue: Catalogue,
        folder: Path,
        *,
        full: bool = False,
        record_seen: bool = False,
        only: str | None = None,
    ) -> None:
        self.bench = bench
        self.mapped = mapped
        self.catalogue = catalogue
        self.folder = folder
        self.full = full
        self.record_seen = record_seen
        self.only = only
        self.append_only = mapped.sync.behavior is Behavior.APPEND_ONLY
        self.staged = f"read_parquet({quote_text(str(folder / 'staged.parquet'))})"
        self.columns = [f"f{i:03d}" for i in range(len(mapped.fields))]
        # Per mapped field: the state's column that holds it, or None when it was never sent.
        self.known = [catalogue.column(id_) if catalogue.acknowledged else None for id_ in mapped.field_ids]

    def stage(self, reader: pa.RecordBatchReader, progress: Callable[[int], None] | None = None) -> None:
        """Map every row and compare it. Consumes the reader; raises the ``SourceError`` it may end with."""
        watched = _Watched(reader, progress)
        how = staging(self.mapped, reader.schema, "source_rows")
        self.bench.connection.register("source_rows", prepare(watched.reader, how.prepared))
        fields = [f"CASE WHEN NOT same THEN d.{c} END AS {c}" for c in self.columns]
        columns = ", ".join(["d.key AS key", f"{self._same()} AS same", *fields, "d.invalid", "d.warned"])
        sql = f"SELECT {columns} FROM ({how.select}) d {self._join()}"
        if self.only is not None:
            sql += f" WHERE d.key = {quote_text(self.only)}"
        try:
            self.bench.run(f"COPY ({sql}) TO {quote_text(str(self.folder / 'staged.parquet'))} ({_PARQUET})")
        except Exception as error:
            raise watched.error or error from error
        finally:
            self.bench.connection.unregister("source_rows")
        self._find_duplicates()

    def _comparable(self) -> bool:
        """Can any row be the same as acknowledged? Not when all go, nor when a field is new to every row."""
        if not self.catalogue.acknowledged:
            return False
        if not self.append_only and (self.full or self.only is not None):
            return False
        certain = (m for m in self.mapped.fields if not self.mapped.silent(m))
        return self.append_only or all(self.known[self.mapped.fields.index(m)] for m in certain)

    def _join(self) -> str:
        """The acknowledged row with the same key and the same values, if any; rows in doubt are never the same.

        Certain fields are part of the join itself: a hash join on all of them at once needs no second copy of the
        values, which makes it three times as fast as comparing them afterwards.
        """
        if not self._comparable():
            return ""
        equal = ["a.key = d.key", *(f"a.{known} = d.{c}" for _, c, known in self._fields(silent=False))]
        kept = [f"a0.{known} AS s{c}" for _, c, known in self._fields(silent=True) if known]
        kept += [f"a0.{known}" for _, _, known in self._fields(silent=False)]
        narrow = f"SELECT {', '.join(['a0.key', *kept])} FROM state.acknowledged a0 WHERE NOT a0.in_doubt"
        return f"LEFT JOIN ({narrow}) a ON {' AND '.join(equal)}"

    def _same(self) -> str:
        if not self._comparable():
            return "false"
        silent = [
            f"(d.{c} IS NULL OR coalesce(d.{c} = a.s{c}, false))" if known else f"d.{c} IS NULL"
            for _, c, known in self._fields(silent=True)
        ]
        return f"({' AND '.join(['a.key IS NOT NULL', *silent])})"

    def _fields(self, *, silent: bool) -> list[tuple[str, str, str | None]]:
        """Field id, staged column and state column of the fields that are compared."""
        if self.append_only:
            return []
        rows = zip(self.mapped.fields, self.mapped.field_ids, self.columns, self.known, strict=True)
        return [(id_, c, known) for m, id_, c, known in rows if self.mapped.silent(m) is silent]

    def _find_duplicates(self) -> None:
        self.bench.run(
            f"CREATE OR REPLACE TEMP TABLE duplicates AS SELECT key, count(*) AS copies FROM {self.staged} "
            "WHERE key IS NOT NULL AND NOT contains(key, chr(0)) GROUP BY key HAVING count(*) > 1"
        )

    def plan(self, missing: Callable[[Sequence[str]], Sequence[str]] | None = None) -> Planned:
        """Classify what was staged and freeze the plan.

        ``missing`` (Update Only) is given up to 100 keys and returns those that the destination does not hold.
        """
        read, invalid, unchanged = self._count()
        invalid_path = self._write_invalid(invalid)
        if self.record_seen:
            unchanged = self._record_seen()
        self._hold()
        missed = self._miss(missing) if missing else 0
        plan = self._write_plan(missed > 0)
        changes, overwrites = self._explain(plan)
        return Planned(
            plan=plan,
            invalid_path=invalid_path,
            read=read,
            unchanged=unchanged,
            invalid=invalid,
            held=self.bench.value("SELECT count(*) FROM held_now"),
            missed=missed,
            overwrites=overwrites,
            field_changes=changes,
            new_fields=self._new_fields(),
            invalid_reasons=self._reasons(invalid_path) if invalid else (),
            warnings=self._warnings(),
            released=self._released(),
        )

    def _count(self) -> tuple[int, int, int]:
        sql = (
            "SELECT count(*), count_if(bad), count_if(same AND NOT bad) FROM "
            f"(SELECT same, invalid IS NOT NULL OR key IN (SELECT key FROM duplicates) AS bad FROM {self.staged})"
        )
        if not self._any_duplicates():
            sql = (
                "SELECT count(*), count_if(invalid IS NOT NULL), count_if(same AND invalid IS NULL) "
                f"FROM {self.staged}"
            )
        read, invalid, unchanged = self.bench.run(sql)[0]
        return read, invalid, unchanged

    def _record_seen(self) -> int:
        """Write the keys of all valid rows to ``seen.parquet``: they count as unchanged and are not sent."""
        path = quote_text(str(self.folder / "seen.parquet"))
        self.bench.run(f"COPY (SELECT key FROM ({self._candidates()})) TO {path} ({_PARQUET})")
        return int(self.bench.value(f"SELECT count(*) FROM read_parquet({path})"))

    def _any_duplicates(self) -> bool:
        return bool(self.bench.value("SELECT count(*) > 0 FROM duplicates"))

    def _candidates(self) -> str:
        """The rows that would be sent, if nothing held them."""
        sql = f"SELECT * FROM {self.staged} WHERE NOT same AND invalid IS NULL"
        return sql + (" AND key NOT IN (SELECT key FROM duplicates)" if self._any_duplicates() else "")

    def _write_invalid(self, count: int) -> Path:
        """One line per complaint: key, field, reason."""
        path = self.folder / "invalid.parquet"
        if not count:
            return path
        complaints = (
            f"SELECT key, unnest(string_split(invalid, {quote_text(COMPLAINT)})) AS complaint "
            f"FROM {self.staged} WHERE invalid IS NOT NULL"
        )
        copies = (
            f"SELECT s.key, {quote_text(self.mapped.sync.identifier)} AS field, "
            f"'the key stands in ' || d.copies || ' rows' AS reason FROM {self.staged} s JOIN duplicates d USING (key)"
        )
        self.bench.run(
            f"COPY (SELECT replace(coalesce(key, ''), chr(0), '') AS key, "
            f"split_part(complaint, {quote_text(PART)}, 1) AS field, "
            f"split_part(complaint, {quote_text(PART)}, 2) AS reason FROM ({complaints}) UNION ALL {copies}) "
            f"TO {quote_text(str(path))} ({_PARQUET})"
        )
        return path

    def _reasons(self, path: Path) -> tuple[tuple[str, str, int], ...]:
        """Complaints grouped by field and reason. Numbers inside a reason do not make it another one."""
        return tuple(
            self.bench.run(
                "SELECT field, regexp_replace(any_value(reason), 'is [0-9]+ bytes', 'is too many bytes') AS r, "
                f"count(*) AS n FROM read_parquet({quote_text(str(path))}) "
                "GROUP BY field, regexp_replace(reason, '[0-9]+', '', 'g') ORDER BY n DESC, field, r"
            )
        )

    def _warnings(self) -> tuple[tuple[str, str, int], ...]:
        return tuple(
            self.bench.run(
                f"SELECT split_part(w, {quote_text(PART)}, 1), split_part(w, {quote_text(PART)}, 2) AS r, count(*) "
                f"FROM (SELECT unnest(string_split(warned, {quote_text(COMPLAINT)})) AS w FROM {self.staged} "
                "WHERE warned IS NOT NULL) GROUP BY ALL ORDER BY 3 DESC, 1, 2"
            )
        )

    def _hold(self) -> None:
        """The keys whose row is, value by value, what the destination refused before."""
        self.bench.run("CREATE OR REPLACE TEMP TABLE held_now (key VARCHAR)")
        if not self.catalogue.held or self.only is not None:
            return
        columns = [self.catalogue.column(id_) for id_ in self.mapped.field_ids]
        same = [
            f"c.{c} IS NOT DISTINCT FROM {'h.' + held if held else 'NULL'}"
            for c, held in zip(self.columns, columns, strict=True)
        ]
        valid = self._valid_refusals()
        if not valid:
            return
        pairs = ", ".join(f"({quote_text(field)}, {quote_text(signature)})" for field, signature in valid)
        self.bench.run(
            f"INSERT INTO held_now SELECT c.key FROM ({self._candidates()}) c JOIN state.held h ON h.key = c.key "
            f"WHERE NOT h.released AND h.op <> 'remove' AND (h.field, h.signature) IN ({pairs}) "
            f"AND {' AND '.join(same) or 'true'}"
        )

    def _valid_refusals(self) -> list[tuple[str, str]]:
        """Refused fields whose mapping is still the one that was refused."""
        pairs = self.bench.run("SELECT DISTINCT field, signature FROM state.held")
        return [(field, s) for field, s in pairs if self.mapped.refused_signature(field) == s]

    def _miss(self, missing: Callable[[Sequence[str]], Sequence[str]]) -> int:
        self.bench.run("CREATE OR REPLACE TEMP TABLE missed (key VARCHAR)")
        sql = f"SELECT key FROM ({self._candidates()}) WHERE key NOT IN (SELECT key FROM held_now)"
        keys = [key for (key,) in self.bench.run(sql)]
        for start in range(0, len(keys), 100):
            gone = missing(keys[start : start + 100])
            if gone:
                self.bench.run("INSERT INTO missed SELECT unnest(?::VARCHAR[])", [list(gone)])
        return int(self.bench.value("SELECT count(*) FROM missed"))

    def _write_plan(self, missed: bool) -> Plan:
        path = self.folder / "plan.parquet"
        sql = self._changes(missed)
        if self.mapped.sync.behavior is Behavior.MIRROR and self.catalogue.acknowledged and self.only is None:
            sql += f" UNION ALL {self._removals()}"
        if self.append_only:
            sql = f"SELECT * FROM ({sql}) ORDER BY {self._event_order()}"
        temporary = path.with_suffix(".part")
        self.bench.run(f"COPY ({sql}) TO {quote_text(str(temporary))} ({_PARQUET})")
        temporary.rename(path)
        counts = dict(
            self.bench.run(f"SELECT op, count(*) FROM read_parquet({quote_text(str(path))}) GROUP BY op")
        )
        return Plan(
            path=path,
            fields=self.mapped.field_ids,
            add=counts.get("add", 0),
            change=counts.get("change", 0),
            remove=counts.get("remove", 0),
        )

    def _changes(self, missed: bool) -> str:
        joins, where = "", ["false"] if self.record_seen else []
        fresh = not self.catalogue.acknowledged
        if not fresh:
            joins = "LEFT JOIN state.acknowledged a ON a.key = c.key"
        if self.bench.value("SELECT count(*) FROM held_now"):
            where.append("c.key NOT IN (SELECT key FROM held_now)")
        if missed:
            where.append("c.key NOT IN (SELECT key FROM missed)")
        op = "'add'" if fresh or self.append_only else "CASE WHEN a.key IS NULL THEN 'add' ELSE 'change' END"
        new = [f"{self._sent(c, known)} AS {c}" for c, known in zip(self.columns, self.known, strict=True)]
        old = [f"{'a.' + k if k else 'NULL::VARCHAR'} AS o{i:03d}" for i, k in enumerate(self._old_columns())]
        sql = f"SELECT {', '.join([f'{op} AS op', 'c.key AS key', *new, *old])} FROM ({self._candidates()}) c {joins}"
        return sql + (f" WHERE {' AND '.join(where)}" if where else "")

    def _old_columns(self) -> list[str | None]:
        return [None] * len(self.known) if self.append_only else self.known

    def _sent(self, column: str, known: str | None) -> str:
        """Changed fields only leaves out what is acknowledged; after doubt everything is sent again."""
        index = self.columns.index(column)
        if not (self.mapped.sync.changed_fields_only and known and not self.full):
            return f"c.{column}"
        if self.mapped.fields[index].slot != "attributes":
            return f"c.{column}"
        return f"CASE WHEN a.in_doubt OR a.{known} IS DISTINCT FROM c.{column} THEN c.{column} END"

    def _removals(self) -> str:
        """Acknowledged keys that no source row has, not even an invalid one."""
        nothing = ", ".join(f"NULL::VARCHAR AS {c}" for c in self.columns)
        old = ", ".join(f"{'a.' + k if k else 'NULL::VARCHAR'} AS o{i:03d}" for i, k in enumerate(self.known))
        columns = ", ".join(part for part in ("'remove' AS op", "a.key AS key", nothing, old) if part)
        kept = " AND a.key NOT IN (SELECT key FROM state.held WHERE op = 'remove' AND NOT released)"
        return (
            f"SELECT {columns} FROM state.acknowledged a WHERE NOT EXISTS "
            f"(SELECT 1 FROM {self.staged} s WHERE s.key = a.key)" + (kept if self.catalogue.held else "")
        )

    def _event_order(self) -> str:
        times = [c for c, m in zip(self.columns, self.mapped.fields, strict=True) if m.slot == "timestamp"]
        return ", ".join([*(f"TRY_CAST({c} AS BIGINT)" for c in times), "key"])

    def _explain(self, plan: Plan) -> tuple[dict[str, int], int]:
        """Per field, in how many changed rows it differs; and how many rows overwrite an acknowledged value."""
        if not plan.change:
            return {}, 0
        differs = [f"({c} IS NOT NULL AND {c} IS DISTINCT FROM o{c[1:]})" for c in self.columns]
        overwrites = " OR ".join(
            f"({d} AND o{c[1:]} IS NOT NULL)" for d, c in zip(differs, self.columns, strict=True)
        )
        counts = ", ".join([f"count_if({overwrites or 'false'})", *(f"count_if({d})" for d in differs)])
        sql = f"SELECT {counts} FROM read_parquet({quote_text(str(plan.path))}) WHERE op = 'change'"
        total, *each = self.bench.run(sql)[0]
        return {m.to: n for m, n in zip(self.mapped.fields, each, strict=True) if n}, total

    def _new_fields(self) -> tuple[str, ...]:
        if not self.catalogue.acknowledged or self.append_only:
            return ()
        return tuple(m.to for m, known in zip(self.mapped.fields, self.known, strict=True) if known is None)

    def _released(self) -> tuple[str, ...]:
        """Held keys that are gone from the source or stand there as acknowledged: nothing waits for them."""
        if not self.catalogue.held or self.only is not None:
            return ()
        sql = (
            f"SELECT h.key FROM state.held h LEFT JOIN (SELECT key, bool_and(same) AS same FROM {self.staged} "
            "GROUP BY key) s ON s.key = h.key WHERE h.op <> 'remove' AND (s.key IS NULL OR s.same)"
        )
        return tuple(key for (key,) in self.bench.run(sql))


class _Watched:
    """A reader whose error survives the trip through the SQL engine, which would wrap it in one of its own."""

    def __init__(self, reader: pa.RecordBatchReader, progress: Callable[[int], None] | None) -> None:
        self.error: SourceError | None = None
        self.rows = 0
        self.progress = progress
        self.reader = pa.RecordBatchReader.from_batches(reader.schema, self._batches(reader))

    def _batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        try:
            for batch in reader:
                self.rows += batch.num_rows
                if self.progress:
                    self.progress(self.rows)
                yield batch
        except SourceError as error:
            self.error = error
            raise
