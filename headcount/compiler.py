"""Each mapping of a sync as the SQL that makes its wire value of a source row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa

from headcount.errors import ConfigurationError
from headcount.mapped import Mapped
from headcount.model import Column, Constant, FromColumn, Kind, Mapping, NullRule, Template, ValueType
from headcount.prepare import (
    Prepared,
    canonical,
    json_column,
    parsed,
    parsed_column,
    variant_column,
    wire_column,
)
from headcount.templates import template_column
from headcount.wire import AS_WORDS, canonical_key, float_value, spelled, wire_value, wire_words
from headcount.workbench import quote_name, quote_text

_NULL_TEXT = {NullRule.UNSET: "'null'", NullRule.SKIP: "NULL", NullRule.KEEP: "'\"\"'"}
LONGEST = 18  # digits of a decimal that is a number of 64 bits
_PLAIN = (ValueType.AUTO, ValueType.TEXT)
_NUMERIC = (*_PLAIN, ValueType.NUMBER, ValueType.JSON)
# The kinds and types of values of which no two are the same on the wire.
_ONE_TO_ONE = {
    *((Kind.TEXT, type_) for type_ in _PLAIN),
    *((kind, type_) for kind in (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT) for type_ in _NUMERIC),
    *((Kind.BOOLEAN, type_) for type_ in (*_NUMERIC, ValueType.BOOLEAN)),
}


class Compiler:
    """Of one sync, for rows of one Arrow schema. ``prepared`` grows while mappings are compiled."""

    def __init__(self, mapped: Mapped, schema: pa.Schema) -> None:
        self.mapped = mapped
        self.schema = schema
        self.known = {column.name: column for column in mapped.columns}
        self.prepared: list[Prepared] = []
        self.spelled: dict[str, str] = {}  # by column: the name of its text

    def key(self) -> str:
        """SQL for the key in canonical text."""
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

    def wire(self, mapping: Mapping) -> str:
        """SQL for the wire value; over the columns of the source, the prepared ones and those of ``spelled``."""
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
        return self._column(self.known[mapping.source.name], type_, mapping.to)

    def told(self, mapping: Mapping) -> str | None:
        """SQL for what the source says of a field, where two values of the source always are two on the wire.

        None where that is not so: ``1`` and ``1.0`` in a text, or two moments of one second, are sent as the same.
        """
        if not isinstance(mapping.source, FromColumn):
            return None
        column, type_ = self.known[mapping.source.name], self.mapped.type_of(mapping)
        if (column.kind, type_) not in _ONE_TO_ONE or (
            column.kind is not Kind.TEXT and self._is_text(column.name)
        ):
            return None
        name, here = quote_name(column.name), self.schema.field(column.name).type
        if column.kind is Kind.FLOAT:
            return f"CASE WHEN isfinite({name}) THEN {name} END"
        if pa.types.is_decimal(here) and here.precision > LONGEST:
            return f"{name}::VARCHAR"  # the engine's hash of such a number is the same for many
        return f"coalesce({name}, '')" if column.kind is Kind.TEXT and mapping.null is NullRule.KEEP else name

    def value(self, mapping: Mapping, wire: str) -> str:
        """SQL for the value to send: the null rule applied to a wire value."""
        null = _NULL_TEXT[mapping.null]
        return wire if null == "NULL" else f"coalesce({wire}, {null})"

    def free_name(self, name: str) -> str:
        """The name, or one like it, which no column of the source has."""
        taken = {field.casefold() for field in self.schema.names}
        while name in taken:
            name += "_"
        return name

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

    def _column(self, column: Column, type_: ValueType, to: str) -> str:
        try:
            return self._wire_column(column, type_)
        except ConfigurationError as error:
            words = error.message[:1].lower() + error.message[1:]
            raise ConfigurationError(
                f"The column {column.name} cannot be mapped to {to}: {words}", hint=error.hint
            ) from None

    def _wire_column(self, column: Column, type_: ValueType) -> str:
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
        if kind is Kind.FLOAT and (kind, type_) in _ONE_TO_ONE:
            return float_value(quote_name(name), quote_name(self._spelled_name(name)), type_)
        return wire_value(quote_name(name), kind, type_)

    def _document(self, make: Callable[[str, Column], Prepared], column: Column, type_: ValueType) -> str:
        name = self._prepared_name()
        self.prepared.append(make(name, column))
        return wire_value(quote_name(name), Kind.VARIANT if column.kind is Kind.VARIANT else Kind.JSON, type_)

    def spelled_columns(self) -> dict[str, str]:
        """Columns that were named in wire values, and the SQL for them."""
        return {quote_name(name): spelled(quote_name(column)) for column, name in self.spelled.items()}

    def _spelled_name(self, column: str) -> str:
        return self.spelled.setdefault(column, self.free_name(f"spelled{len(self.spelled):03d}"))

    def _prepared_name(self) -> str:
        return self.free_name(f"prepared{len(self.prepared):03d}")
