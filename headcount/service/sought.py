"""The record that somebody looks for in a plan, and why a row of it is left out."""

from __future__ import annotations

from dataclasses import dataclass

from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.service.plan_rows import Filter, Kept
from headcount.service.record_names import key_of
from headcount.workbench import Workbench, quote_text

COMPLAINTS = 20  # told of one record


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """An empty ``field`` is the whole row."""

    field: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Sought:
    """``key`` may be under a veil: then ``veiled``. ``unfit`` says of its rows why they are left out, if they are;
    ``alone``: nothing else was asked for.
    """

    key: str
    veiled: bool
    alone: bool
    unfit: tuple[Complaint, ...]


@told()
def sought(kept: Kept, which: Filter) -> Sought | None:
    """None where no record is looked for. Raises ``ConfigurationError`` for a name that is none of this sync's."""
    if not which.record:
        return None
    key = key_of(kept.sync, which.record)
    return Sought(
        key=kept.veil.key(key),
        veiled=kept.veil.over_keys,
        alone=which == Filter(record=which.record),
        unfit=tuple(
            Complaint(field=field, reason=kept.veil.words(field, reason))
            for field, reason in _complaints(kept, key)
        ),
    )


def _complaints(kept: Kept, key: str) -> list[tuple[str, str]]:
    path = kept.frozen.planned.invalid_path
    if not path.exists():
        return []
    file = f"read_parquet({quote_text(str(path))}, file_row_number = true)"
    sql = (
        f"SELECT field, reason FROM {file} WHERE key = ? GROUP BY field, reason "
        f"ORDER BY min(file_row_number) LIMIT {COMPLAINTS}"
    )
    with Workbench(setup().root / "scratch", ordered=True, maps=False) as bench:
        return [(field, reason) for field, reason in bench.run(sql, [key])]
