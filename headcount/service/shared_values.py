"""Rows of a plan that name one person by a second identifier: which they are, and how many people they leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headcount.destinations.base import Placed, PlanWarning, WireField
from headcount.frozen import Frozen
from headcount.mapped import Mapped
from headcount.service.veil import Veil
from headcount.workbench import Workbench, quote_text

VALUES = 5  # shown of all that stand in several rows
KEYS = 3  # shown of the rows that share one


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A value, as it would be sent, that stands in several ``rows`` of a plan; ``keys`` are those of the first few."""

    field: str
    value: str
    keys: tuple[str, ...]
    rows: int

    def under(self, veil: Veil) -> Shared:
        """As it may be shown to whom masks are not lifted."""
        value = veil.value(self.field, self.value) or ""
        return replace(self, value=value, keys=tuple(map(veil.key, self.keys)))


def identifying(mapped: Mapped) -> list[PlanWarning]:
    """What is told of rows that are about one record, over the columns ``f000`` … of a plan."""
    fields = [
        Placed(field=WireField(slot=m.slot, to=m.to), sql=f"f{i:03d}") for i, m in enumerate(mapped.fields)
    ]
    return [warning for warning in mapped.object.plan_warnings(mapped.sync, fields) if warning.alike]


def shared_values(bench: Workbench, frozen: Frozen) -> tuple[Shared, ...]:
    """Examples, in the order of the plan: of each identifier at most ``VALUES``."""
    return tuple(found for warning in _given(frozen) for found in examples(bench, frozen.plan.path, warning))


def shares_any(frozen: Frozen) -> bool:
    """Do rows of the plan share an identifier? Asks no file."""
    return bool(_given(frozen))


def joined(bench: Workbench, frozen: Frozen) -> int:
    """How many additions of the plan are nobody of their own, where the destination knows people by what they share
    with other rows of it.
    """
    return sum(_joined(bench, frozen, warning) for warning in _given(frozen))


def _given(frozen: Frozen) -> Sequence[PlanWarning]:
    """Most plans have none, and are not read for it."""
    told = {(field, reason) for field, reason, _ in frozen.planned.warnings}
    return [w for w in identifying(frozen.mapped) if (w.field, w.reason) in told] if told else []


def examples(bench: Workbench, plan: Path, warning: PlanWarning) -> Iterator[Shared]:
    """At most ``VALUES`` of the values that rows of a plan's file share. A million rows may share one, so no list of
    all their keys is made.
    """
    rows = f"SELECT *, {warning.alike} AS alike FROM {_rows(plan)}"
    first = (
        f"SELECT alike, count(*) AS rows, min(file_row_number) AS first FROM ({rows}) WHERE alike IS NOT NULL "
        f"GROUP BY alike HAVING count(*) > 1 ORDER BY first LIMIT {VALUES}"
    )
    sql = (
        f"SELECT any_value({warning.value}), arg_min(key, file_row_number, {KEYS}), any_value(s.rows) "
        f"FROM ({rows}) r JOIN ({first}) s ON r.alike = s.alike GROUP BY s.first ORDER BY s.first"
    )
    for value, keys, count in bench.run(sql):
        yield Shared(field=warning.field, value=value, keys=tuple(keys), rows=count)


def _joined(bench: Workbench, frozen: Frozen, warning: PlanWarning) -> int:
    groups = (
        f"SELECT count(*) FILTER (op = 'add') AS added, bool_or(op <> 'add') AS known "
        f"FROM {_rows(frozen.plan.path)} GROUP BY {warning.alike} HAVING {warning.alike} IS NOT NULL AND count(*) > 1"
    )
    return int(
        bench.value(f"SELECT coalesce(sum(CASE WHEN known THEN added ELSE added - 1 END), 0) FROM ({groups})")
    )


def _rows(path: Path) -> str:
    file = f"read_parquet({quote_text(str(path))}, file_row_number = true)"
    return f"(SELECT * FROM {file} WHERE op <> 'remove')"
