"""Syncs in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import AliasChoices, Field

from headcount.api.shapes.connection import OPERATIONS
from headcount.api.shapes.schedule import schedule
from headcount.service.register.syncs import NumberedSync

READY, UP_TO_DATE, FAILING = "Ready", "Up to Date", "Failing"
_WELL = ("completed", "queued", "working", "paused", "skipped")


class SourceObject(Schema):
    """The model a sync reads."""

    type: str = "model"
    id: int
    name: str
    query: str | None
    table: str | None
    path: str | None
    created_at: datetime
    updated_at: datetime


class SourceAttributes(Schema):
    connection_id: int
    object: SourceObject


class DestinationAttributes(Schema):
    connection_id: int
    object: str


class From(Schema):
    """``type`` is column, constant_value, liquid_template or sync_metadata; ``data`` says which one."""

    type: str
    data: Any


class Mapping(Schema):
    """One field, and where its value comes from. Exactly one is the primary identifier."""

    origin: From = Field(serialization_alias="from", validation_alias=AliasChoices("from", "origin"))
    to: str
    is_primary_identifier: bool = False
    generate_field: bool = False
    preserve_values: bool = False
    sync_null_values: bool = True
    operation: str | None = None
    field_type: str = "auto"


class Sync(Schema):
    """``status`` is Ready before the first run, then Up to Date or Failing. ``entry`` is what ``headcount.yml`` says
    under the sync's key.
    """

    id: int
    label: str
    resource_identifier: str
    operation: str
    status: str
    paused: bool
    schedule_frequency: str
    schedule_day: str | None
    schedule_hour: int | None
    schedule_minute: int | None
    cron_expression: str | None
    schedule_timezone: str | None
    next_scheduled_run: datetime | None
    field_behavior: str
    field_normalization: str | None
    source_attributes: SourceAttributes
    destination_attributes: DestinationAttributes
    mappings: list[Mapping]
    created_at: datetime
    updated_at: datetime
    key: str
    name: str
    entry: dict[str, Any]
    version: str
    acknowledged: int | None
    held: int | None
    last_run_id: int | None


def sync(found: NumberedSync) -> Sync:
    entry = found.entry
    everything, timed = entry.get("sync_all_columns"), schedule(entry)
    return Sync(
        id=found.id,
        label=found.name,
        resource_identifier=found.key,
        operation=OPERATIONS[entry["behavior"]],
        status=_status(found.last_run),
        paused=found.paused,
        schedule_frequency=timed.frequency,
        schedule_day=timed.day,
        schedule_hour=timed.hour,
        schedule_minute=timed.minute,
        cron_expression=timed.cron,
        schedule_timezone=timed.timezone,
        next_scheduled_run=found.next_due,
        field_behavior="sync_all_properties" if everything else "specific_properties",
        field_normalization=everything.get("names", "match_source_names") if everything else None,
        source_attributes=_source(found),
        destination_attributes=DestinationAttributes(connection_id=found.destination, object=found.object),
        mappings=list(_mappings(entry)),
        created_at=found.created_at,
        updated_at=found.changed_at,
        key=found.key,
        name=found.name,
        entry=entry,
        version=found.version,
        acknowledged=found.acknowledged,
        held=found.held,
        last_run_id=found.last_run_id,
    )


def _status(last_run: str | None) -> str:
    if last_run is None:
        return READY
    return UP_TO_DATE if last_run in _WELL else FAILING


def _source(found: NumberedSync) -> SourceAttributes:
    entry = found.model_entry
    return SourceAttributes(
        connection_id=found.source,
        object=SourceObject(
            id=found.model,
            name=found.model_name,
            query=entry.get("query"),
            table=entry.get("table"),
            path=entry.get("path"),
            created_at=found.model_created_at,
            updated_at=found.model_changed_at,
        ),
    )


def _mappings(entry: dict[str, Any]) -> Iterator[Mapping]:
    """The identifier first, as one mapping among others; then the parts of an event; then the fields."""
    if identifier := entry.get("identifier"):
        yield _mapping(identifier["to"], identifier["from"], is_primary_identifier=True)
    if unique := entry.get("unique_id"):
        yield _mapping("unique_id", unique, is_primary_identifier=True)
    if event := entry.get("event"):
        yield _mapping("name", event["name"])
        yield _mapping(event["person"]["to"], event["person"]["from"])
        if "timestamp" in event:
            yield _mapping("timestamp", event["timestamp"])
    for item in entry.get("mappings", []):
        yield _mapping(
            item["to"],
            item["from"],
            generate_field=True,
            sync_null_values=item.get("nulls") != "skip",
            field_type=item.get("type", "auto"),
        )


def _mapping(to: str, origin: Any, **flags: Any) -> Mapping:
    return Mapping.model_validate({"from": _origin(origin), "to": to, **flags})


def _origin(origin: Any) -> dict[str, Any]:
    if isinstance(origin, str):
        return {"type": "column", "data": origin}
    ((kind, data),) = origin.items()
    if kind == "constant":
        return {"type": "constant_value", "data": {"value": data, "basic_type": _basic_type(data)}}
    return {
        "type": {"template": "liquid_template", "metadata": "sync_metadata"}.get(kind, kind),
        "data": data,
    }


def _basic_type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "text"
