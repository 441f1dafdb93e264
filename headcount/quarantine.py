"""Rows that wait: refused before and still the same, or unknown to a destination that must not create them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from headcount.chunks import chunks
from headcount.comparison import Comparison
from headcount.workbench import quote_text

KEYS_AT_ONCE = 100  # in one question
KEYS_TOGETHER = 2_000  # in memory


def find_held(task: Comparison) -> int:
    """The table ``held_now``: keys whose row would say, value by value, what the destination refused before."""
    task.bench.run("CREATE OR REPLACE TEMP TABLE held_now (key VARCHAR)")
    valid = _valid_refusals(task) if task.catalogue.held and task.only is None else []
    if not valid:
        return 0
    pairs = ", ".join(f"({quote_text(field)}, {quote_text(signature)})" for field, signature in valid)
    task.bench.run(
        f"INSERT INTO held_now SELECT c.key FROM ({task.candidates()}) c JOIN state.held h ON h.key = c.key "
        "LEFT JOIN state.acknowledged a ON a.key = c.key "
        f"WHERE NOT h.released AND h.op <> 'remove' AND (h.field, h.signature) IN ({pairs}) "
        f"AND {' AND '.join(_same_effect(task)) or 'true'}"
    )
    return int(task.bench.value("SELECT count(*) FROM held_now"))


def _same_effect(task: Comparison) -> list[str]:
    """Per field: what would be sent now comes to the same as what was refused.

    A field that is not sent leaves what was acknowledged, so both sides are completed with that: the refused
    request may have named its changed fields only.
    """
    kept = [f"a.{known}" if known else "NULL" for known in task.known]
    held = [task.catalogue.column(id_) for id_ in task.mapped.field_ids]
    return [
        f"coalesce(c.{c}, {k}) IS NOT DISTINCT FROM coalesce({'h.' + h if h else 'NULL'}, {k})"
        for c, h, k in zip(task.columns, held, kept, strict=True)
    ]


def _valid_refusals(task: Comparison) -> list[tuple[str, str]]:
    """Refused fields whose mapping is still the one that was refused."""
    pairs = task.bench.run("SELECT DISTINCT field, signature FROM state.held")
    return [(field, s) for field, s in pairs if task.mapped.refused_signature(field) == s]


def find_released(task: Comparison) -> tuple[str, ...]:
    """Held keys for which nothing waits any more.

    Changes: the row is gone from the source, or stands there as acknowledged. Removals: the row has come back.
    """
    if not task.catalogue.held or task.only is not None:
        return ()
    sql = (
        f"SELECT h.key FROM state.held h LEFT JOIN (SELECT key, bool_and(same) AS same FROM {task.staged} "
        "GROUP BY key) s ON s.key = h.key "
        "WHERE CASE WHEN h.op = 'remove' THEN s.key IS NOT NULL ELSE s.key IS NULL OR s.same END"
    )
    return tuple(key for (key,) in task.bench.run(sql))


def find_missed(task: Comparison, missing: Callable[[Sequence[str]], Sequence[str]]) -> int:
    """The table ``missed``: keys that the destination does not hold. ``missing`` says which of up to 100 these are."""
    task.bench.run("CREATE OR REPLACE TEMP TABLE missed (key VARCHAR)")
    task.bench.run(
        "CREATE OR REPLACE TEMP TABLE asked AS "
        f"SELECT key FROM ({task.candidates()}) WHERE key NOT IN (SELECT key FROM held_now)"
    )
    for keys in _asked(task):
        gone = [key for some in chunks(keys, KEYS_AT_ONCE) for key in missing(some)]
        task.bench.run("INSERT INTO missed SELECT unnest(?::VARCHAR[])", [gone])
    task.bench.run("DROP TABLE asked")
    return int(task.bench.value("SELECT count(*) FROM missed"))


def _asked(task: Comparison) -> Iterator[list[str]]:
    """The keys to ask for, a few thousand at a time. Between two portions the workbench may be used."""
    for first in range(0, int(task.bench.value("SELECT count(*) FROM asked")), KEYS_TOGETHER):
        last = first + KEYS_TOGETHER - 1
        rows = task.bench.run("SELECT key FROM asked WHERE rowid BETWEEN ? AND ?", [first, last])
        yield [key for (key,) in rows]
