"""The listing of refused and invalid rows, kept in step with what the sync's state holds back."""

from __future__ import annotations

from collections.abc import Iterator

from headcount.control import held, runs
from headcount.control.held import Refused
from headcount.control.models import Run
from headcount.frozen import Frozen
from headcount.model import Fate, Invalid, Operation
from headcount.recall import held_rows
from headcount.receipts import Ledger, read_book
from headcount.sync import Line
from headcount.workbench import Workbench, quote_text

CHUNK = 10_000


def record_rows(run: Run, line: Line, frozen: Frozen, ledger: Ledger) -> None:
    """After a fold: list what this run was refused and did not send, and note how much the state holds now.

    Doing it twice changes nothing.
    """
    with Workbench(line.scratch, ordered=True) as bench:
        with line.state.reading(bench) as catalogue:
            now = {row.key for row in held_rows(bench)} if line.state.path.exists() else set()
        held.record_rejected(run, (r for r in _refused(bench, frozen, ledger) if r.key in now))
        held.record_invalid(run, _invalid(bench, frozen))
    _resolve(run, now)
    runs.explain(run, frozen.planned.field_changes, frozen.planned.invalid_reasons)
    run.sync.acknowledged, run.sync.held = catalogue.acknowledged, len(now)
    run.sync.save(update_fields=["acknowledged", "held"])


def _resolve(run: Run, held_now: set[str]) -> None:
    """What is listed as open and is not held any more was accepted, went back or is gone."""
    open_keys = held.rejected(run.sync).values_list("key", flat=True)
    held.resolve(run.sync, [key for key in open_keys.iterator() if key not in held_now])


def _refused(bench: Workbench, frozen: Frozen, ledger: Ledger) -> Iterator[Refused]:
    """The refused changes with their keys, which only the plan's file knows."""
    refused = {seq: o for seq, o in read_book(ledger).exceptions() if o.fate is Fate.REJECTED}
    seqs = sorted(refused)
    file = f"read_parquet({quote_text(str(frozen.plan.path))}, file_row_number = true)"
    for start in range(0, len(seqs), CHUNK):
        chosen = "SELECT unnest(?::BIGINT[])"
        sql = f"SELECT file_row_number, key, op FROM {file} WHERE file_row_number IN ({chosen}) ORDER BY 1"
        for seq, key, op in bench.run(sql, [seqs[start : start + CHUNK]]):
            yield Refused(seq=seq, key=key, op=Operation(op), outcome=refused[seq])


def _invalid(bench: Workbench, frozen: Frozen) -> Iterator[Invalid]:
    path = frozen.planned.invalid_path
    if path.exists():
        sql = f"SELECT key, field, reason FROM read_parquet({quote_text(str(path))}) LIMIT {held.EXAMPLES}"
        for key, field, reason in bench.run(sql):
            yield Invalid(key=key, field=field, reason=reason)
