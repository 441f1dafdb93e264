"""The SQL that turns the rows of one read into keys, digests and wire values."""

from __future__ import annotations

from collections.abc import Mapping as Columns
from collections.abc import Set
from dataclasses import dataclass

import pyarrow as pa

from headcount.compiler import Compiler
from headcount.complaints import complaint_columns
from headcount.digest import recipe, row_digest
from headcount.mapped import Mapped
from headcount.model import Mapping
from headcount.prepare import Prepared
from headcount.workbench import MACROS


@dataclass(frozen=True, kw_only=True)
class Wire:
    """One field. ``sql`` makes its wire value before the null rule, and ``value`` the value to send of that, once it is
    called ``name``. ``told`` goes into the digest: what the source says, or the value to send where the wire value has
    to be known ``early``, by that name.
    """

    name: str
    sql: str
    value: str
    told: str
    early: str = ""


@dataclass(frozen=True, kw_only=True)
class Names:
    """Of columns that stand beside those of the source for a while, and are called as none of them is."""

    key: str
    digest: str
    recognised: str


@dataclass(frozen=True, kw_only=True)
class Staging:
    """How the relation ``rows`` is mapped, with the ``prepared`` columns in it."""

    rows: str
    names: Names
    prepared: tuple[Prepared, ...]
    key: str
    wires: tuple[Wire, ...]
    spelled: dict[str, str]  # columns that ``wires`` name more than once
    digests: str  # the recipe of the digests
    invalid: str  # over ``values``: complaints, or NULL
    warned: str

    @property
    def mapped(self) -> str:
        """SQL for ``key`` and each field's wire value before its null rule, ``w000`` …"""
        wires = [f"{wire.sql} AS {wire.name}" for wire in self.wires]
        return f"SELECT {', '.join([f'{self.key} AS key', *wires])} FROM {_with(self.rows, self.spelled)}"

    @property
    def values(self) -> str:
        """SQL for ``key`` and one value per field, ``f000`` …"""
        fields = [f"{wire.value} AS f{i:03d}" for i, wire in enumerate(self.wires)]
        return f"SELECT {', '.join(['key', *fields])} FROM ({self.mapped})"

    @property
    def select(self) -> str:
        """The same, with ``invalid`` and ``warned``."""
        return f"SELECT *, {self.invalid} AS invalid, {self.warned} AS warned FROM ({self.values})"

    def recognised(self, known: str, *, always: Set[str] = frozenset()) -> str:
        """As ``mapped``, with ``digest`` and ``recognised``: does ``known`` have a row with this key and digest?

        ``known`` is a relation, or empty. Where a row is recognised its wire values are left out, which saves most of
        the work of mapping; not those that are needed for digests, nor those whose names are in ``always``.
        """
        key, digest, recognised = self.names.key, self.names.digest, self.names.recognised
        early = {wire.early: wire.sql for wire in self.wires if wire.early}
        rows = _with(self.rows, {key: self.key, **early})
        rows = _with(rows, {digest: row_digest([wire.told for wire in self.wires])})
        found = f"EXISTS (SELECT 1 FROM {known} a WHERE a.key = e.{key} AND a.digest = e.{digest})"
        rows = _with(f"{rows} e", {recognised: found if known else "false"})
        asked = " ".join(wire.sql for wire in self.wires if wire.name in always)

        def late(sql: str, needed: bool) -> str:
            return sql if needed else f"CASE WHEN NOT {recognised} THEN {sql} END"

        rows = _with(rows, {name: late(sql, name in asked) for name, sql in self.spelled.items()})
        wires = [f"{wire.early or late(wire.sql, wire.name in always)} AS {wire.name}" for wire in self.wires]
        own = [f"{key} AS key", f"{digest} AS digest", f"{recognised} AS recognised"]
        return f"SELECT {', '.join([*own, *wires])} FROM {rows}"


def _with(rows: str, added: Columns[str, str]) -> str:
    """The relation with more columns."""
    if not added:
        return rows
    return f"(SELECT {', '.join(['*', *(f'{sql} AS {name}' for name, sql in added.items())])} FROM {rows})"


def staging(mapped: Mapped, schema: pa.Schema, rows: str) -> Staging:
    """SQL that maps the relation ``rows``. ``schema`` is the Arrow schema of the read."""
    compiler = Compiler(mapped, schema)
    wires = tuple(_wire(compiler, mapping, i) for i, mapping in enumerate(mapped.fields))
    invalid, warned = complaint_columns(mapped)
    return Staging(
        rows=rows,
        names=Names(**{name: compiler.free_name(f"row_{name}") for name in Names.__annotations__}),
        prepared=tuple(compiler.prepared),
        key=compiler.key(),
        wires=wires,
        spelled=compiler.spelled_columns(),
        digests=_recipe(mapped, schema, wires),
        invalid=invalid,
        warned=warned,
    )


def _wire(compiler: Compiler, mapping: Mapping, index: int) -> Wire:
    name, early = f"w{index:03d}", compiler.free_name(f"early{index:03d}")
    sql, told = compiler.wire(mapping), compiler.told(mapping)
    value = compiler.value(mapping, name)
    if told is not None:
        return Wire(name=name, sql=sql, value=value, told=told)
    return Wire(name=name, sql=sql, value=value, told=compiler.value(mapping, early), early=early)


def _recipe(mapped: Mapped, schema: pa.Schema, wires: tuple[Wire, ...]) -> str:
    """Everything on which it depends what the digest of a row is, and what would be sent of the row."""
    fields = zip(mapped.signatures().items(), wires, strict=True)
    made = [[*named, wire.told, wire.sql] for named, wire in fields]
    types = {name: str(schema.field(name).type) for name in mapped.source_columns}
    return recipe([made, types, MACROS])
