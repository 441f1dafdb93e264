"""A sync's mappings, checked against the columns that its model has today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headcount.destinations.base import DestinationObject
from headcount.errors import ConfigurationError, SourceError
from headcount.mapped import Mapped
from headcount.model import Column, FromColumn, Mapping, Metadata, NullRule, Sync, Template
from headcount.names import styled
from headcount.templates import columns_used


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
        fields=tuple(spoken(m, object_) for m in mappings if not isinstance(m.source, Metadata)),
        metadata=tuple(mapping for mapping in mappings if isinstance(mapping.source, Metadata)),
    )


def spoken(mapping: Mapping, object_: DestinationObject) -> Mapping:
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
