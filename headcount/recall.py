"""What a sync's state remembers, read for people: one key's values, and the rows that are held back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from headcount.state import Catalogue
from headcount.workbench import Workbench


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """One key. ``values`` are the acknowledged wire values by field id; ``held`` says why it is held back, if it is."""

    acknowledged: bool
    in_doubt: bool
    values: dict[str, str | None] = field(default_factory=dict)
    held: str = ""


@dataclass(frozen=True, kw_only=True)
class HeldRow:
    """One refused row. ``released``: it will be planned again with the values it has then."""

    key: str
    op: str
    run: int
    reason: str
    field: str
    message: str
    released: bool


_HELD = "key, op, run, reason, field, message, released"


def remembered(bench: Workbench, catalogue: Catalogue, key: str) -> Remembered | None:
    """What the open state knows about a key, or None."""
    if catalogue.identity is None:
        return None
    positions = catalogue.positions or {}
    columns = ", ".join(["in_doubt", *(f"f{position:03d}" for position in positions.values())])
    rows = bench.run(f"SELECT {columns} FROM state.acknowledged WHERE key = ?", [key])
    held = [_words(row) for row in _held(bench, " WHERE key = ? AND NOT released", [key])]
    if not rows and not held:
        return None
    return Remembered(
        acknowledged=bool(rows),
        in_doubt=bool(rows and rows[0][0]),
        values=dict(zip(map(_name, positions), rows[0][1:], strict=True)) if rows else {},
        held="; ".join(held),
    )


def held_rows(bench: Workbench) -> Iterator[HeldRow]:
    """Every held row of the open state."""
    yield from _held(bench, " ORDER BY key", [])


def _held(bench: Workbench, rest: str, parameters: list[str]) -> Iterator[HeldRow]:
    for key, op, run, reason, field_, message, released in bench.run(
        f"SELECT {_HELD} FROM state.held{rest}", parameters
    ):
        yield HeldRow(
            key=key, op=op, run=run, reason=reason, field=field_, message=message, released=released
        )


def _words(row: HeldRow) -> str:
    return " · ".join(part for part in (row.field, row.message or row.reason) if part)


def _name(field_id: str) -> str:
    slot, _, name = field_id.partition(".")
    return name if slot == "attributes" else slot
