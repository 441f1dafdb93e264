"""The listing of refused and invalid rows, kept in step with what the sync's state holds back.

A run may be refused a million rows: they travel from the receipts through a table of the workbench to the control
store, and are never all in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from headcount.chunks import chunks
from headcount.control import held, runs
from headcount.control.held import Refused
from headcount.control.models import Run
from headcount.frozen import Frozen
from headcount.model import Fate, Invalid, Operation, Outcome
from headcount.receipts import Ledger, read_book
from headcount.sync import Books
from headcount.workbench import Workbench, quote_text

CHUNK = 5_000
EXAMPLES_EACH = 200  # of a reason


def record_rows(run: Run, line: Books, frozen: Frozen, ledger: Ledger) -> None:
    """After a fold: list what this run was refused and did not send, and note how much the state holds now.

    Doing it twice changes nothing.
    """
    with Workbench(line.scratch, ordered=True) as bench:
        with line.state.reading(bench) as opened:
            known = "state.held" if opened.catalogue.held else "(SELECT NULL::VARCHAR AS key WHERE false)"
            bench.run(f"CREATE TEMP TABLE held_now AS SELECT DISTINCT key FROM {known}")
        _load_refused(bench, ledger)
        held.record_rejected(run, _refused(bench, frozen))
        _list_left_out(bench, run, frozen)
        _resolve(bench, run)
        run.sync.held = int(bench.value("SELECT count(*) FROM held_now"))
    run.sync.acknowledged = opened.catalogue.acknowledged
    run.sync.save(update_fields=["acknowledged", "held"])


def record_left_out(run: Run, line: Books, frozen: Frozen) -> None:
    """Once there is a plan: list why it leaves rows out, with examples, and what makes it change others."""
    with Workbench(line.scratch) as bench:
        _list_left_out(bench, run, frozen)


def _list_left_out(bench: Workbench, run: Run, frozen: Frozen) -> None:
    held.record_invalid(run, _invalid(bench, frozen))
    runs.explain(run, frozen.planned.field_changes, frozen.planned.invalid_reasons)


def _load_refused(bench: Workbench, ledger: Ledger) -> None:
    found = (
        (seq, o.reason, o.field, o.message, o.doubt)
        for seq, o in read_book(ledger).exceptions()
        if o.fate is Fate.REJECTED
    )
    columns = {
        "seq": "BIGINT",
        "reason": "VARCHAR",
        "field": "VARCHAR",
        "message": "VARCHAR",
        "doubt": "BOOLEAN",
    }
    _load(bench, "refused", columns, found)


def _refused(bench: Workbench, frozen: Frozen) -> Iterator[Refused]:
    """The refused changes that are held, with their keys, which only the plan's file knows."""
    file = f"read_parquet({quote_text(str(frozen.plan.path))}, file_row_number = true)"
    sql = (
        f"SELECT r.seq, p.key, p.op, r.reason, r.field, r.message, r.doubt FROM {file} p "
        "JOIN refused r ON r.seq = p.file_row_number WHERE p.key IN (SELECT key FROM held_now) ORDER BY r.seq"
    )
    for seq, key, op, reason, field, message, doubt in _rows(bench, sql):
        outcome = Outcome(
            index=0, fate=Fate.REJECTED, reason=reason, field=field, message=message, doubt=doubt
        )
        yield Refused(seq=seq, key=key, op=Operation(op), outcome=outcome)


def _resolve(bench: Workbench, run: Run) -> None:
    """What is listed as held and is not any more was accepted, went back or is gone."""
    _load(bench, "listed", {"key": "VARCHAR"}, held.listed_keys(run.sync))
    sql = "SELECT DISTINCT key FROM listed WHERE key NOT IN (SELECT key FROM held_now)"
    held.resolve(run.sync, (key for (key,) in _rows(bench, sql)))


def _invalid(bench: Workbench, frozen: Frozen) -> Iterator[Invalid]:
    """Examples: one of each reason, then a second of each, and so on."""
    path = frozen.planned.invalid_path
    if not path.exists():
        return
    reasons = (
        f"SELECT field, reason, count(*) AS rows, min(coalesce(key, ''), {EXAMPLES_EACH}) AS keys "
        f"FROM read_parquet({quote_text(str(path))}) GROUP BY field, reason"
    )
    sql = (
        "SELECT key, field, reason FROM "
        f"(SELECT field, reason, rows, unnest(keys) AS key, generate_subscripts(keys, 1) AS place FROM ({reasons})) "
        f"ORDER BY place, rows DESC, field, reason LIMIT {held.EXAMPLES}"
    )
    for key, field, reason in bench.run(sql):
        yield Invalid(key=key, field=field, reason=reason)


def _load(bench: Workbench, table: str, columns: dict[str, str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Make a temp table of the rows, some thousand at a time."""
    bench.run(
        f"CREATE TEMP TABLE {table} ({', '.join(f'{name} {type_}' for name, type_ in columns.items())})"
    )
    values = ", ".join(f"unnest(?::{type_}[])" for type_ in columns.values())
    for chunk in chunks(rows, CHUNK):
        bench.run(
            f"INSERT INTO {table} SELECT {values}", [list(column) for column in zip(*chunk, strict=True)]
        )


def _rows(bench: Workbench, sql: str) -> Iterator[tuple[Any, ...]]:
    for batch in bench.stream(sql, CHUNK):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
