"""A sync's mappings, compiled into the SQL that turns source rows into keys and wire values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from headcount.complaints import COMPLAINT, PART, complaint_columns
from headcount.destinations.base import DestinationObject
from headcount.errors import ConfigurationError, SourceError
from headcount.mapped import Mapped, field_id
from headcount.model import (
    Column,
    Constant,
    FromColumn,
    Kind,
    Mapping,
    Metadata,
    NullRule,
    Sync,
    Template,
    ValueType,
)
from headcount.names import styled
from headcount.prepare import (
    Prepared,
    canonical,
    json_column,
    parsed,
    parsed_column,
    variant_column,
    wire_column,
)
from headcount.templates import columns_used, template_column
from headcount.wire import AS_WORDS, canonical_key, float_value, spelled, wire_value, wire_words
from headcount.workbench import quote_name, quote_text

__all__ = ["COMPLAINT", "PART", "Mapped", "Staging", "compile_sync", "field_id", "staging"]

_NULL_TEXT = {NullRule.UNSET: "'null'", NullRule.SKIP: "NULL", NullRule.KEEP: "'\"\"'"}


def compile_sync(sync: Sync, columns: Sequence[Column], object_: DestinationObject) -> Mapped:
    """Check a sync against the columns its model has today.

    Raises ``SourceError`` when a mapped column is gone, naming the mapping, and ``ConfigurationError`` for mappings
    that no row could make right.
    """
    _require_offered(sync, object_)
    _require_columns(sync, columns)
    mappings = (*sync.mappings, *added_mappings(sync, columns))
    complete = replace(sync, mappings=mappings)
    for mistake in object_.mistakes(complete):
        raise ConfigurationError(mistake.wrong, hint=mistake.mend)
    return Mapped(
        sync=complete,
        object=object_,
        columns=tuple(columns),
        fields=tuple(_spoken(m, object_) for m in mappings if not isinstance(m.source, Metadata)),
        metadata=tuple(mapping for mapping in mappings if isinstance(mapping.source, Metadata)),
    )


def _spoken(mapping: Mapping, object_: DestinationObject) -> Mapping:
    """Where null would be misread, a NULL says nothing, whatever the null rule says."""
    return mapping if object_.takes_null(mapping.slot, mapping.to) else replace(mapping, null=NullRule.SKIP)


def _require_offered(sync: Sync, object_: DestinationObject) -> None:
    if sync.behavior not in object_.behaviors:
        raise ConfigurationError(
            f"{object_.label} does not offer {sync.behavior.value}.",
            hint=f"Choose one of: {', '.join(behavior.value for behavior in object_.behaviors)}.",
        )
    if sync.identifier not in object_.identifiers:
        raise ConfigurationError(
            f"{object_.label} is not known by {sync.identifier}.",
            hint=f"Choose one of: {', '.join(object_.identifiers)}.",
        )


def _require_columns(sync: Sync, columns: Sequence[Column]) -> None:
    names = [column.name for column in columns]
    hint = f"The model has: {', '.join(names)}. Mend the query, or the mapping."
    if sync.key_column not in names:
        raise SourceError(f"The key column {sync.key_column} is not in the model.", hint=hint)
    for mapping in sync.mappings:
        if isinstance(mapping.source, FromColumn) and mapping.source.name not in names:
            raise SourceError(
                f"The column {mapping.source.name}, mapped to {mapping.to}, is not in the model.",
                hint=hint,
            )
        if isinstance(mapping.source, Template):
            columns_used(mapping.source.text, {column.name: column for column in columns})


def added_mappings(sync: Sync, columns: Sequence[Column]) -> tuple[Mapping, ...]:
    """The mappings that Sync All Properties adds: every column that no mapping reads yet.

    Raises ``ConfigurationError`` when two columns would become one field.
    """
    if sync.all_columns is None:
        return ()
    read = {sync.key_column} | {m.source.name for m in sync.mappings if isinstance(m.source, FromColumn)}
    taken = {mapping.to for mapping in sync.mappings if mapping.slot == "attributes"}
    added: dict[str, str] = {}
    for column in columns:
        name = styled(column.name, sync.all_columns)
        if column.name in read or name in taken or name == sync.identifier:
            continue
        if name in added:
            raise ConfigurationError(
                f"The columns {added[name]} and {column.name} would both become the field {name}.",
                hint="Map one of them by hand, or choose another name style.",
            )
        added[name] = column.name
    return tuple(Mapping(to=name, source=FromColumn(column)) for name, column in added.items())


@dataclass(frozen=True, kw_only=True)
class Staging:
    """The SQL that maps the rows of one read, and what has to be prepared for it while they stream."""

    prepared: tuple[Prepared, ...]
    wires: str  # a SELECT of ``key`` and each field's wire value before its null rule, ``w000`` …
    fields: tuple[str, ...]  # over ``wires``: the values to send
    invalid: str  # over ``values``: complaints, or NULL
    warned: str

    @property
    def values(self) -> str:
        """SQL for ``key`` and one value per field, ``f000`` …"""
        fields = [f"{value} AS f{i:03d}" for i, value in enumerate(self.fields)]
        return f"SELECT {', '.join(['key', *fields])} FROM ({self.wires})"

    @property
    def select(self) -> str:
        """The same, with ``invalid`` and ``warned``."""
        return f"SELECT *, {self.invalid} AS invalid, {self.warned} AS warned FROM ({self.values})"


def staging(mapped: Mapped, schema: pa.Schema, rows: str) -> Staging:
    """SQL that maps the relation ``rows``. ``schema`` is the Arrow schema of the read."""
    return _Compiler(mapped, schema).staging(rows)


class _Compiler:
    def __init__(self, mapped: Mapped, schema: pa.Schema) -> None:
        self.mapped = mapped
        self.schema = schema
        self.known = {column.name: column for column in mapped.columns}
        self.prepared: list[Prepared] = []
        self.spelled: dict[str, str] = {}  # by column: the name of its text

    def staging(self, rows: str) -> Staging:
        wires = [f"{self._wire(mapping)} AS w{i:03d}" for i, mapping in enumerate(self.mapped.fields)]
        inner = f"SELECT {', '.join([f'{self._key()} AS key', *wires])} FROM {self._with_spelled(rows)}"
        invalid, warned = complaint_columns(self.mapped)
        return Staging(
            prepared=tuple(self.prepared),
            wires=inner,
            fields=tuple(self._with_null_rule(m, i) for i, m in enumerate(self.mapped.fields)),
            invalid=invalid,
            warned=warned,
        )

    def _key(self) -> str:
        column = self.known[self.mapped.sync.key_column]
        kind = self._effective_kind(column)
        key = canonical_key(quote_name(column.name), kind)
        if self.mapped.sync.identifier == "email":  # compared without case, and without blanks around it
            return f"nullif(lower(trim({key})), '')"
        return key

    def _effective_kind(self, column: Column) -> Kind:
        """Numbers that a source delivers as text are read as decimals; what else it delivers so is text."""
        if column.kind not in AS_WORDS or not self._is_text(column.name):
            return column.kind
        return Kind.DECIMAL if column.kind in (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT) else Kind.TEXT

    def _is_text(self, name: str) -> bool:
        type_ = self.schema.field(name).type
        return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))

    def _wire(self, mapping: Mapping) -> str:
        type_ = self.mapped.type_of(mapping)
        if isinstance(mapping.source, Constant):
            return self._constant(mapping.source, type_)
        if isinstance(mapping.source, Template):
            name = self._prepared_name()
            self.prepared.append(template_column(name, mapping.source.text, self.known))
            if type_ is ValueType.JSON:
                self.prepared[-1] = parsed(self.prepared[-1])
                return wire_value(quote_name(name), Kind.JSON, type_)
            return wire_value(quote_name(name), Kind.VARIANT, type_)
        assert isinstance(mapping.source, FromColumn)
        return self._column(self.known[mapping.source.name], type_)

    def _constant(self, constant: Constant, type_: ValueType) -> str:
        if constant.value is None:
            return "NULL"
        document = canonical(constant.value)
        if document.startswith("!"):
            raise ConfigurationError(
                "A constant holds something that JSON cannot say.",
                hint="Use text, a number, a list or a table.",
            )
        return wire_value(f"({quote_text(document)})", Kind.VARIANT, type_)

    def _column(self, column: Column, type_: ValueType) -> str:
        name, kind = column.name, column.kind
        if kind is Kind.TEXT and type_ is ValueType.JSON:
            return self._document(json_column, replace(column, kind=Kind.JSON), ValueType.JSON)
        if kind in (Kind.JSON, Kind.NESTED):
            return self._document(json_column, column, type_)
        if kind is Kind.VARIANT and type_ is ValueType.JSON:
            return self._document(parsed_column, replace(column, kind=Kind.JSON), type_)
        if kind is Kind.VARIANT and type_ is ValueType.AUTO:
            ready = self._prepared_name()
            self.prepared.append(wire_column(ready, column))
            return quote_name(ready)
        if kind is Kind.VARIANT:
            return self._document(variant_column, column, type_)
        if kind in AS_WORDS and self._is_text(name):
            return wire_words(quote_name(name), kind, type_)
        if kind is Kind.FLOAT:
            return float_value(quote_name(name), quote_name(self._spelled_name(name)), type_)
        return wire_value(quote_name(name), kind, type_)

    def _document(self, make: Callable[[str, Column], Prepared], column: Column, type_: ValueType) -> str:
        name = self._prepared_name()
        self.prepared.append(make(name, column))
        return wire_value(quote_name(name), Kind.VARIANT if column.kind is Kind.VARIANT else Kind.JSON, type_)

    def _spelled_name(self, column: str) -> str:
        return self.spelled.setdefault(column, self._free_name(f"spelled{len(self.spelled):03d}"))

    def _with_spelled(self, rows: str) -> str:
        added = [f"{spelled(quote_name(c))} AS {quote_name(name)}" for c, name in self.spelled.items()]
        return f"(SELECT {', '.join(['*', *added])} FROM {rows})" if added else rows

    def _prepared_name(self) -> str:
        return self._free_name(f"prepared{len(self.prepared):03d}")

    def _free_name(self, name: str) -> str:
        """The name, or one like it, which no column of the source has."""
        taken = {field.casefold() for field in self.schema.names}
        while name in taken:
            name += "_"
        return name

    def _with_null_rule(self, mapping: Mapping, index: int) -> str:
        null = _NULL_TEXT[mapping.null]
        return f"w{index:03d}" if null == "NULL" else f"coalesce(w{index:03d}, {null})"
