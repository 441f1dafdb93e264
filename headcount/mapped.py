"""A compiled sync: its mappings checked against the model's columns, ready to be turned into SQL."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from headcount.destinations.base import DestinationObject
from headcount.model import (
    Column,
    Constant,
    FromColumn,
    Mapping,
    NullRule,
    Sync,
    Template,
    ValueType,
)
from headcount.templates import columns_used

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

    def type_of(self, mapping: Mapping) -> ValueType:
        """The mapping's declared type wins over the destination's; ``AUTO`` where the column decides."""
        if mapping.type is not ValueType.AUTO:
            return mapping.type
        return self.object.declared_type(mapping.slot, mapping.to)

    def silent(self, mapping: Mapping) -> bool:
        """May a source row have nothing to say about this field?"""
        says = isinstance(mapping.source, Constant) and mapping.source.value is not None
        return mapping.null is NullRule.SKIP and not says

    def signatures(self) -> dict[str, str]:
        """Per field id a digest of how its value is made: what a refused row waits to see changed."""
        return {field_id(m): _digest((m.source, m.type.value, m.null.value)) for m in self.fields}

    def refused_signature(self, field: str) -> str:
        """The signature of the field that the destination names in a refusal, or of all fields together."""
        signatures = self.signatures()
        for names in (_full_name, _slot_name, _short_name):
            for id_, signature in signatures.items():
                if names(id_, field):
                    return signature
        return _digest(sorted(signatures.items()))


def _full_name(id_: str, field: str) -> bool:
    return id_ == field


def _slot_name(id_: str, field: str) -> bool:
    slot = id_.partition(".")[0]
    return slot != "attributes" and field.split(".")[0] in (slot, _SLOT_WORDS.get(slot))


def _short_name(id_: str, field: str) -> bool:
    return id_.partition(".")[2] == field
