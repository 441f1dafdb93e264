"""Desired rows compared with acknowledged ones: the plan.

Everything happens in SQL on a workbench, in passes over files, so that memory does not grow with the tables:

    rows --comparison--> staged.parquet --verdicts--> invalid.parquet --quarantine--> held, missed
                                        --changes--> plan.parquet
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from headcount.changes import explain, new_fields, write_plan
from headcount.comparison import SOURCE, Comparison, by_digest, compared, parquet, reported, settle, stage
from headcount.mapped import Mapped
from headcount.model import Plan
from headcount.quarantine import find_held, find_missed, find_released
from headcount.staging import staging
from headcount.state import Opened
from headcount.verdicts import count_rows, reasons, warnings, write_invalid
from headcount.workbench import Workbench, quote_text


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
    """One comparison, step by step: ``stage`` once, then ``plan`` once. See ``Comparison`` for the parameters.

    ``reader`` has the rows of the source.
    """

    def __init__(
        self,
        bench: Workbench,
        mapped: Mapped,
        reader: pa.RecordBatchReader,
        state: Opened,
        folder: Path,
        *,
        full: bool = False,
        record_seen: bool = False,
        only: str | None = None,
    ) -> None:
        self.state = state
        self.reader = reader
        how = staging(mapped, reader.schema, SOURCE)
        self.task = Comparison(bench, mapped, how, state.catalogue, folder, full, record_seen, only)

    def stage(self, progress: Callable[[int], None] | None = None) -> None:
        """Map every row and compare it. Consumes the reader; raises the ``SourceError`` it may end with."""
        if (columns := compared(self.task)) is not None:
            self.state.load(columns)
        stage(self.task, self.reader, progress)
        if keys := reported(self.task):
            self.state.complete(keys)
        settle(self.task)

    def plan(self, missing: Callable[[Sequence[str]], Sequence[str]] | None = None) -> Planned:
        """Classify what was staged and freeze the plan.

        ``missing`` (Update Only) is given up to 100 keys and returns those that the destination does not hold.
        """
        task = self.task
        read, invalid, unchanged = count_rows(task)
        invalid_path = write_invalid(task, invalid)
        if task.record_seen:
            unchanged += _record_seen(task)  # a row that was tested before is acknowledged already
        held = find_held(task)
        missed = find_missed(task, missing) if missing else 0
        plan = write_plan(task, held=held > 0, missed=missed > 0)
        _write_digests(task)
        changes, overwrites = explain(task, plan)
        return Planned(
            plan=plan,
            invalid_path=invalid_path,
            read=read,
            unchanged=unchanged,
            invalid=invalid,
            held=held,
            missed=missed,
            overwrites=overwrites,
            field_changes=changes,
            new_fields=new_fields(task),
            invalid_reasons=reasons(task, invalid_path) if invalid else (),
            warnings=warnings(task, plan),
            released=find_released(task),
        )


def _record_seen(task: Comparison) -> int:
    """Write the keys of valid rows that were never tried to ``seen.parquet``: they count as unchanged and are not
    sent.
    """
    path = quote_text(str(task.folder / "seen.parquet"))
    untried = f" WHERE key NOT IN ({task.tried})" if task.tried else ""
    task.bench.run(f"COPY (SELECT key FROM ({task.candidates()}){untried}) TO {path} ({parquet(1)})")
    return int(task.bench.value(f"SELECT count(*) FROM read_parquet({path})"))


def _write_digests(task: Comparison) -> None:
    """Write keys and digests to ``digests.parquet`` of rows that are the same and whose digest the state lacks."""
    nothing_known = not (task.digests and task.catalogue.acknowledged)
    if nothing_known or task.full or task.only is not None or (by_digest(task) and not task.any_alike):
        return
    path = quote_text(str(task.folder / "digests.parquet"))
    sql = f"SELECT key, digest FROM {task.staged} WHERE same AND digest IS NOT NULL"
    task.bench.run(f"COPY ({sql}) TO {path} ({parquet(2)})")
