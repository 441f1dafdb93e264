"""Every row of a sync that did not arrive, as a CSV file: the refused ones, and those that were never sent."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from headcount.control import held
from headcount.control.models import Run
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.home import Home
from headcount.service.keyless import values_of, words_of
from headcount.service.listings import RejectedRow, invalid_run, open_rejected, sync_row
from headcount.service.plans import plan_folder
from headcount.workbench import Workbench, quote_text

COLUMNS = ("kind", "key", "op", "field", "reason", "message", "run", "status", "listed_at", "values")
AT_ONCE = 5_000

Cells = tuple[object, ...]


@dataclass(frozen=True, kw_only=True)
class Written:
    """How many rows of each kind stand in the file, and how many ``complaints`` there are about the invalid ones.
    ``complete`` is False when the run's plan is gone, so that only examples of its invalid rows are left.
    """

    rejected: int
    invalid: int
    complaints: int
    complete: bool = True


def write_rejected(sync: str, path: Path) -> Written:
    """Write the open rejected rows and the invalid rows of the latest run, readable by nobody else.

    A row with several complaints has a line for each. Raises ``ConfigurationError`` when the file cannot be written.
    """
    home = setup()
    with told():
        row = sync_row(sync)
        run = invalid_run(row)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with told(), os.fdopen(handle, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            rejected = _write(writer.writerow, map(_rejected, open_rejected(row)))
            complaints = _write(writer.writerow, _invalid(home, run))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from error
    complete = run is None or _file(home, run).exists()
    invalid = _invalid_rows(run, complete) if run is not None else 0
    return Written(rejected=rejected, invalid=invalid, complaints=complaints, complete=complete)


def _invalid_rows(run: Run, complete: bool) -> int:
    """Rows without a key are told apart by the run alone, which counted them."""
    if complete and run.counts:
        return int(run.counts["invalid"])
    keys = [key for (key,) in held.invalid(run).values_list("key")]
    return len({key for key in keys if key}) + keys.count("")


def _write(write_row: Callable[[Cells], object], rows: Iterable[Cells]) -> int:
    count = 0
    for cells in rows:
        write_row(cells)
        count += 1
    return count


def _rejected(row: RejectedRow) -> Cells:
    listed = row.listed_at.isoformat(timespec="seconds")
    return ("rejected", row.key, row.op, row.field, row.reason, row.message, row.run, row.status, listed, "")


def _invalid(home: Home, run: Run | None) -> Iterator[Cells]:
    """All of them while the run's plan is kept, else the examples that outlive it."""
    if run is None:
        return
    listed = (run.finished_at or run.created_at).isoformat(timespec="seconds")
    found = _planned(home, run) if _file(home, run).exists() else _examples(run)
    for key, field, reason, values in found:
        yield ("invalid", key, "", field, reason, "", run.pk, "never sent", listed, values)


def _planned(home: Home, run: Run) -> Iterator[tuple[str, str, str, str]]:
    sql = f"SELECT * FROM read_parquet({quote_text(str(_file(home, run)))})"
    with Workbench(home.root / "scratch", ordered=True) as bench:
        for batch in bench.stream(sql, AT_ONCE):
            for row in batch.to_pylist():
                yield row["key"], row["field"], row["reason"], words_of(values_of(row.get("about")))


def _examples(run: Run) -> Iterator[tuple[str, str, str, str]]:
    for key, field, reason in held.invalid(run).values_list("key", "field", "reason"):
        yield key, field, reason, ""


def _file(home: Home, run: Run) -> Path:
    return plan_folder(home, run.pk) / "invalid.parquet"
