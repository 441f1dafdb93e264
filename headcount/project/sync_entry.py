"""``syncs:`` in the project file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from headcount.project.entry import Entry
from headcount.project.mapping_entry import MappingItem, Origin
from headcount.project.trigger_entry import TriggersEntry

SYNONYMS = {"upsert": "update_or_create", "update": "update_only", "append": "append_only"}
BEHAVIORS = ("update_or_create", "update_only", "mirror", "append_only")

StyleName = Literal[
    "match_source_names", "snake_case", "camel_case", "start_case", "lower_case", "upper_case"
]
BehaviorName = Literal["update_or_create", "update_only", "mirror", "append_only"]


def _behavior(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"operation"}:
        value = value["operation"]
    return SYNONYMS.get(value, value) if isinstance(value, str) else value


def _all_columns(value: Any) -> Any:
    if isinstance(value, bool):
        return {"enabled": value}
    return {"names": value} if isinstance(value, str) else value


class SourceEntry(Entry):
    """What is read."""

    model: str = Field(description="Key of a model under models.")


class DestinationEntry(Entry):
    """Where it goes."""

    connection: str = Field(description="Key of a destination under connections.")
    object: str = Field(description="What it becomes there: person or event.")


class IdentifierEntry(Entry):
    """By what a record is known."""

    column: str = Field(alias="from", description="The column that holds it.")
    to: str = Field(description="The destination's field: id, email or cio_id; anonymous_id only for events.")


class EventEntry(Entry):
    """The parts of an event that are no properties."""

    type: Literal["event", "page", "screen"] = Field("event", description="What kind of event it is.")
    name: Origin = Field(description="The event's name: a column, or {constant: Order Placed}.")
    person: IdentifierEntry = Field(description="Whose event it is.")
    timestamp: Origin | None = Field(None, description="When it happened; the time of arrival when left out.")


class AllColumnsEntry(Entry):
    """Sync All Properties: every column that is not mapped becomes a field of its own."""

    enabled: bool = Field(True, description="false is the same as leaving it out.")
    names: StyleName = Field("match_source_names", description="How fields are named after columns.")


class ChecksEntry(Entry):
    """What happens to rows that break a documented limit."""

    warn: list[str] = Field(
        [], description="Names of checks that let the row pass and count it as a warning."
    )


class GuardsEntry(Entry):
    """When a run stops and asks. Shares are of the records acknowledged so far, from 0 to 1."""

    max_changed: float = Field(0.5, ge=0, le=1, description="Share of records that may change in one run.")
    max_removed: float = Field(0.1, ge=0, le=1, description="Share of records that may vanish in one run.")
    minimum: int = Field(100, ge=0, description="Below so many acknowledged records the shares do not count.")
    zero_rows: bool = Field(True, description="Stop when a source that had rows has none.")


class ApiLogEntry(Entry):
    """What is kept of the requests of a run."""

    bodies: bool = Field(
        False,
        description="Keep what was sent and answered, which holds row values; masked columns are veiled.",
    )


class SyncEntry(Entry):
    """A model, an object of a destination, and how one becomes the other."""

    name: str = Field("", description="What people call it. The key when left out.")
    source: SourceEntry
    destination: DestinationEntry
    behavior: Annotated[
        BehaviorName,
        BeforeValidator(_behavior, json_schema_input_type=Literal[BEHAVIORS + tuple(SYNONYMS)]),
    ] = Field(description="What the sync may do to records.")
    identifier: IdentifierEntry | None = Field(None, description="People: by what they are known.")
    unique_id: str | None = Field(
        None, description="Events: the column that makes a row unique for ever.", min_length=1
    )
    first_run: Literal["backfill", "record_as_seen"] | None = Field(
        None,
        description="Events: does the first run send the rows that are there, or only remember them?",
    )
    event: EventEntry | None = Field(None, description="Events: name, person and time.")
    mappings: list[MappingItem] = Field(
        [], description="The fields: attributes of a person, properties of an event."
    )
    sync_all_columns: Annotated[
        AllColumnsEntry | None,
        BeforeValidator(_all_columns, json_schema_input_type=bool | StyleName | AllColumnsEntry | None),
    ] = Field(None, description="Sync All Properties.")
    changed_fields_only: bool = Field(
        False,
        description="Send only what changed. A person deleted in the workspace may come back as a stub.",
    )
    checks: ChecksEntry = Field(ChecksEntry.model_validate({}), description="Which limits only warn.")
    guards: GuardsEntry = Field(GuardsEntry.model_validate({}), description="When a run stops and asks.")
    api_log: ApiLogEntry = Field(ApiLogEntry.model_validate({}), description="What is kept of the requests.")
    timeout_minutes: float | None = Field(
        None,
        gt=0,
        le=43_200,
        description="How long a run may be worked on; then it fails, and the next run goes on. Any time when left out.",
    )
    triggers: TriggersEntry = Field(TriggersEntry.model_validate({}), description="What starts it by itself.")
    paused: bool = Field(False, description="No schedule starts it; run still does.")
