"""A sync's mappings, compiled into the SQL that turns source rows into keys and wire values."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import orjson
import pyarrow as pa

from headcount.destinations.base import Check, DestinationObject
from headcount.errors import ConfigurationError, SourceError
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
from headcount.prepare import Prepared, json_column, variant_column
from headcount.templates import columns_used, template_column
from headcount.wire import REFUSALS, canonical_key, wire_value
from headcount.workbench import quote_name, quote_text

# Between the parts of one complaint, and between complaints, in the columns ``invalid`` and ``warned``.
PART = "\x1f"
COMPLAINT = "\x1e"

_NULL_TEXT = {NullRule.UNSET: "'null'", NullRule.SKIP: "NULL", NullRule.KEEP: "'\"\"'"}

# Kinds that a source may deliver as text because it cannot vouch for every value: how that text is then read.
_TEXT_TYPES = {
    Kind.INTEGER: ValueType.NUMBER,
    Kind.DECIMAL: ValueType.NUMBER,
    Kind.FLOAT: ValueType.NUMBER,
    Kind.BOOLEAN: ValueType.BOOLEAN,
    Kind.DATE: ValueType.TIMESTAMP,
    Kind.TIMESTAMP: ValueType.TIMESTAMP,
    Kind.TIMESTAMPTZ: ValueType.TIMESTAMP,
}


# What the destination calls the slots of an event.
_SLOT_WORDS = {"person": "identifiers"}


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def field_id(mapping: Mapping) -> str:
    """What a field is called in the sync's state: stable as long as the destination field is the same."""
    return f"{mapping.slot}.{mapping.to}"


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """A compiled sync. ``fields`` are compared and stored, in this order; ``metadata`` is added while sending."""

    sync: Sync
    object: DestinationObject
    columns: tuple[Column, ...]
    fields: tuple[Mapping, ...]
    metadata: tuple[Mapping, ...]

    @property
    def field_ids(self) -> tuple[str, ...]:
        return tuple(field_id(mapping) for mapping in self.fields)

    @property
    def source_columns(self) -> tuple[str, ...]:
        """The columns to read, in the model's order."""
        known = {column.name: column for column in self.columns}
        used = {self.sync.key_column}
        for mapping in self.fields:
            if isinstance(mapping.source, FromColumn):
                used.add(mapping.source.name)
            elif isinstance(mapping.source, Template):
                used.update(columns_used(mapping.source.text, known))
        return tuple(column.name for column in self.columns if column.name in used)

    def silent(self, mapping: Mapping) -> bool:
        """May a source row have nothing to say about this field?"""
        return mapping.null is NullRule.SKIP and not isinstance(mapping.source, Constant)

    def signatures(self) -> dict[str, str]:
        """Per field id a digest of how its value is made: what a refused row waits to see changed."""
        return {field_id(m): _digest((m.source, m.type.value, m.null.value)) for m in self.fields}

    def refused_signature(self, field: str) -> str:
        """The signature of the field that the destination names in a refusal, or of all fields together."""
        signatures = self.signatures()
        for id_, signature in signatures.items():
            slot, _, to = id_.partition(".")
            if field in (id_, to) or (
                slot != "attributes" and field.split(".")[0] in (slot, _SLOT_WORDS.get(slot))
            ):
                return signature
        return _digest(sorted(signatures.items()))


def compile_sync(sync: Sync, columns: Sequence[Column], object_: DestinationObject) -> Mapped:
    """Check a sync against the columns its model has today.

    Raises ``SourceError`` when a mapped column is gone, naming the mapping, and ``ConfigurationError`` for mappings
    that no row could make right.
    """
    _require_columns(sync, columns)
    mappings = (*sync.mappings, *_all_columns(sync, columns))
    complete = replace(sync, mappings=mappings)
    object_.validate(complete)
    return Mapped(
        sync=complete,
        object=object_,
        columns=tuple(columns),
        fields=tuple(_strict(mapping) for mapping in mappings if not isinstance(mapping.source, Metadata)),
        metadata=tuple(mapping for mapping in mappings if isinstance(mapping.source, Metadata)),
    )


def _strict(mapping: Mapping) -> Mapping:
    """The parts an event cannot do without say nothing when NULL, so that their absence is noticed."""
    return mapping if mapping.slot == "attributes" else replace(mapping, null=NullRule.SKIP)


def _require_columns(sync: Sync, columns: Sequence[Column]) -> None:
    names = [column.name for column in columns]
    hint = f"The model has: {', '.join(names)}. Mend the query, or the mapping."
    if sync.key_column not in names:
        raise SourceError(f"The key column {sync.key_column} is not in the model any more.", hint=hint)
    for mapping in sync.mappings:
        if isinstance(mapping.source, FromColumn) and mapping.source.name not in names:
            raise SourceError(
                f"The column {mapping.source.name}, mapped to {mapping.to}, is not in the model any more.",
                hint=hint,
            )
        if isinstance(mapping.source, Template):
            columns_used(mapping.source.text, {column.name: column for column in columns})


def _all_columns(sync: Sync, columns: Sequence[Column]) -> tuple[Mapping, ...]:
    """The mappings that Sync All Properties adds: every column that no mapping reads yet."""
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
    select: str


def staging(mapped: Mapped, schema: pa.Schema, rows: str) -> Staging:
    """SQL over the relation ``rows``: ``key``, one wire value per field (``f000`` …), ``invalid``, ``warned``.

    ``schema`` is the Arrow schema of the read. ``invalid`` and ``warned`` are NULL or hold complaints.
    """
    return _Compiler(mapped, schema).staging(rows)


class _Compiler:
    def __init__(self, mapped: Mapped, schema: pa.Schema) -> None:
        self.mapped = mapped
        self.schema = schema
        self.known = {column.name: column for column in mapped.columns}
        self.prepared: list[Prepared] = []

    def staging(self, rows: str) -> Staging:
        wires = [f"{self._wire(mapping)} AS w{i:03d}" for i, mapping in enumerate(self.mapped.fields)]
        inner = f"SELECT {', '.join([f'{self._key()} AS key', *wires])} FROM {rows}"
        values = [
            f"{self._with_null_rule(mapping, i)} AS f{i:03d}" for i, mapping in enumerate(self.mapped.fields)
        ]
        complaints = self._complaints()
        columns = [
            "key",
            *values,
            f"{_joined([c for c in complaints if not c.warns])} AS invalid",
            f"{_joined([c for c in complaints if c.warns])} AS warned",
        ]
        return Staging(prepared=tuple(self.prepared), select=f"SELECT {', '.join(columns)} FROM ({inner})")

    def _key(self) -> str:
        column = self.known[self.mapped.sync.key_column]
        kind = self._effective_kind(column)
        key = canonical_key(quote_name(column.name), kind)
        return f"lower({key})" if self.mapped.sync.identifier == "email" else key

    def _effective_kind(self, column: Column) -> Kind:
        """Numbers that a source delivers as text are read as decimals; what else it delivers so is text."""
        if column.kind not in _TEXT_TYPES or not self._is_text(column.name):
            return column.kind
        return Kind.DECIMAL if _TEXT_TYPES[column.kind] is ValueType.NUMBER else Kind.TEXT

    def _is_text(self, name: str) -> bool:
        type_ = self.schema.field(name).type
        return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))

    def _wire(self, mapping: Mapping) -> str:
        type_ = self._type(mapping)
        if isinstance(mapping.source, Constant):
            return self._constant(mapping.source, type_)
        if isinstance(mapping.source, Template):
            name = f"prepared{len(self.prepared):03d}"
            self.prepared.append(template_column(name, mapping.source.text, self.known))
            return wire_value(quote_name(name), Kind.VARIANT, type_)
        assert isinstance(mapping.source, FromColumn)
        return self._column(self.known[mapping.source.name], type_)

    def _type(self, mapping: Mapping) -> ValueType:
        """The field's declared type wins over the destination's, which wins over the column's."""
        if mapping.type is not ValueType.AUTO:
            return mapping.type
        return self.mapped.object.declared_type(mapping.slot, mapping.to)

    def _constant(self, constant: Constant, type_: ValueType) -> str:
        if constant.value is None:
            return "NULL"
        document = quote_text(orjson.dumps(constant.value, option=orjson.OPT_SORT_KEYS).decode())
        return wire_value(f"({document})", Kind.VARIANT, type_)

    def _column(self, column: Column, type_: ValueType) -> str:
        name, kind = column.name, column.kind
        if kind is Kind.TEXT and type_ is ValueType.JSON:
            return self._document(json_column, replace(column, kind=Kind.JSON), ValueType.JSON)
        if kind in (Kind.JSON, Kind.NESTED):
            return self._document(json_column, column, type_)
        if kind is Kind.VARIANT:
            return self._document(variant_column, column, type_)
        if kind in _TEXT_TYPES and self._is_text(name):
            return wire_value(
                quote_name(name), Kind.TEXT, _TEXT_TYPES[kind] if type_ is ValueType.AUTO else type_
            )
        return wire_value(quote_name(name), kind, type_)

    def _document(self, make: Callable[[str, Column], Prepared], column: Column, type_: ValueType) -> str:
        name = f"prepared{len(self.prepared):03d}"
        self.prepared.append(make(name, column))
        return wire_value(quote_name(name), Kind.VARIANT if column.kind is Kind.VARIANT else Kind.JSON, type_)

    def _with_null_rule(self, mapping: Mapping, index: int) -> str:
        null = _NULL_TEXT[mapping.null]
        return f"w{index:03d}" if null == "NULL" else f"coalesce(w{index:03d}, {null})"

    def _complaints(self) -> list[_Complaint]:
        """Every check of a row: of its key, of its fields, of its size."""
        sync = self.mapped.sync
        words = _reasons("chr(0) || ", REFUSALS)
        found = [
            _Complaint(sync.identifier, "key IS NULL", "'the key is empty'"),
            _Complaint(
                sync.identifier,
                "contains(key, chr(0))",
                f"CASE key {words} ELSE {quote_text(REFUSALS['nul'])} END",
            ),
        ]
        found += [
            self._checked(sync.identifier, check, "key") for check in self.mapped.object.key_checks(sync)
        ]
        for i, mapping in enumerate(self.mapped.fields):
            found += self._field_complaints(mapping, f"w{i:03d}")
        limit = self.mapped.object.item_bytes
        found.append(_Complaint("", self._longer_than(limit), f"'the row is larger than {limit} bytes'"))
        return found

    def _field_complaints(self, mapping: Mapping, wire: str) -> list[_Complaint]:
        reason = f"CASE {wire} {_reasons('', {'!' + word: why for word, why in REFUSALS.items()})} END"
        found = [_Complaint(mapping.to, f"starts_with({wire}, '!')", reason)]
        if mapping.slot != "attributes":
            missing = f"{mapping.slot}_missing"
            warns = missing in self.mapped.sync.warn_only
            found.append(_Complaint(mapping.to, f"{wire} IS NULL", f"'there is no {mapping.slot}'", warns))
        checks = self.mapped.object.field_checks(mapping.slot, mapping.to)
        return found + [self._checked(mapping.to, check, wire) for check in checks]

    def _checked(self, field: str, check: Check, value: str) -> _Complaint:
        fails = check.fails.replace("{w}", value)
        gate = check.gate.replace("{w}", value)
        if value != "key":
            fails = f"(NOT starts_with({value}, '!') AND {fails})"
        warns = check.warns or check.name in self.mapped.sync.warn_only
        return _Complaint(field, fails, check.reason.replace("{w}", value), warns, gate)

    def _longer_than(self, limit: int) -> str:
        """Is the operation this row becomes longer than that? Metadata is known only later: 200 bytes each."""
        names = sum(len(mapping.to.encode()) + 8 for mapping in (*self.mapped.fields, *self.mapped.metadata))
        envelope = 300 + names + 200 * len(self.mapped.metadata)
        lengths = [f"coalesce(strlen(w{i:03d}), 4)" for i in range(len(self.mapped.fields))]
        return f"{' + '.join([str(envelope), 'coalesce(strlen(key), 0) * 2', *lengths])} > {limit}"


@dataclass(frozen=True)
class _Complaint:
    field: str
    fails: str  # SQL condition
    reason: str  # SQL text
    warns: bool = False
    gate: str = ""

    @property
    def sql(self) -> str:
        return f"CASE WHEN {self.fails} THEN {quote_text(self.field + PART)} || {self.reason} END"


def _reasons(prefix: str, words: dict[str, str]) -> str:
    return " ".join(f"WHEN {prefix}{quote_text(word)} THEN {quote_text(why)}" for word, why in words.items())


def _joined(complaints: Sequence[_Complaint]) -> str:
    """All complaints of a row in one text, or NULL. Their words are only put together for rows that have any."""
    if not complaints:
        return "NULL::VARCHAR"
    gates = " OR ".join(f"({complaint.gate or complaint.fails})" for complaint in complaints)
    words = f"nullif(concat_ws(chr(30), {', '.join(complaint.sql for complaint in complaints)}), '')"
    return f"CASE WHEN {gates} THEN {words} END"
