"""Entries of the project file as the nouns the line works with."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from typing import Any

from headcount.model import (
    Behavior,
    Budget,
    FromColumn,
    Guards,
    Mapping,
    Model,
    NameStyle,
    Sync,
    ValueType,
)
from headcount.project.connection_entry import BudgetEntry
from headcount.project.kinds import BUDGET
from headcount.project.model_entry import ModelEntry
from headcount.project.sync_entry import EventEntry, SyncEntry


def model_value(key: str, entry: MappingABC[str, Any]) -> Model:
    """The model that the file calls ``key``."""
    read = ModelEntry.model_validate(entry)
    return Model(
        key=key,
        name=read.name or key,
        connection=read.connection,
        table=read.table,
        query=read.query,
        path=read.path,
        types=read.kinds(),
    )


def sync_value(key: str, entry: MappingABC[str, Any], model: Model, *, stream_id: str = "") -> Sync:
    """The sync that the file calls ``key``. ``stream_id`` comes from the control store and matters for
    events.
    """
    read = SyncEntry.model_validate(entry)
    everything = read.sync_all_columns
    return Sync(
        key=key,
        name=read.name or key,
        model=model,
        destination=read.destination.connection,
        object=read.destination.object,
        behavior=Behavior(read.behavior),
        identifier=read.identifier.to if read.identifier else "unique_id",
        key_column=read.identifier.column if read.identifier else read.unique_id or "",
        mappings=(*event_slots(read.event), *(item.mapping() for item in read.mappings)),
        event_type=read.event.type if read.event else "event",
        stream_id=stream_id,
        backfill=read.first_run != "record_as_seen",
        all_columns=NameStyle(everything.names) if everything and everything.enabled else None,
        changed_fields_only=read.changed_fields_only,
        warn_only=tuple(read.checks.warn),
        guards=Guards(**read.guards.model_dump()),
    )


def event_slots(event: EventEntry | None) -> tuple[Mapping, ...]:
    """The parts of an event that are no properties, as mappings with a slot of their own."""
    if event is None:
        return ()
    name = Mapping(to="name", source=event.name.value(), slot="name", type=ValueType.TEXT)
    person = Mapping(
        to=event.person.to, source=FromColumn(event.person.column), slot="person", type=ValueType.TEXT
    )
    if event.timestamp is None:
        return (name, person)
    source = event.timestamp.value()
    return (
        name,
        person,
        Mapping(to="timestamp", source=source, slot="timestamp", type=ValueType.TIMESTAMP),
    )


def budget_value(settings: MappingABC[str, Any]) -> Budget:
    """A destination connection's budget; the polite default where the file says nothing."""
    return BudgetEntry.model_validate(settings.get(BUDGET) or {}).budget()
