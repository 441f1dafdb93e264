"""Keys of rows that a plan leaves out, as examples of each reason."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from headcount.service.left_out import pattern_of
from headcount.workbench import Workbench, quote_text

KEYS = 3  # of each reason


def keys_of(
    bench: Workbench, path: Path, reasons: Iterable[tuple[str, str, int]]
) -> tuple[tuple[str, ...], ...]:
    """For each of the ``reasons`` (field, reason, rows) the keys of its first rows in a plan's file of complaints: none
    where rows have no key.
    """
    file = f"read_parquet({quote_text(str(path))}, file_row_number = true)"
    sql = (
        f"SELECT key FROM {file} WHERE field = ? AND regexp_matches(reason, ?) AND key <> '' "
        f"GROUP BY key ORDER BY min(file_row_number) LIMIT {KEYS}"
    )
    return tuple(
        tuple(key for (key,) in bench.run(sql, [field, pattern_of(reason)])) for field, reason, _ in reasons
    )
