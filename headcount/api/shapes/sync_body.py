"""A sync as it is sent: as ``headcount.yml`` says it, or in the words that other products' clients use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from headcount.api.shapes.schedule_body import ScheduleBody, scheduled
from headcount.api.shapes.strict import Strict
from headcount.api.trouble import Mistake, Mistaken
from headcount.errors import ConfigurationError
from headcount.service.editing import check_sync
from headcount.service.register import connections, models
from headcount.service.register.connections import DESTINATION, SOURCE


class ObjectBody(Strict):
    """A model, by its number or its name."""

    type: Literal["model"] = "model"
    id: int | None = Field(None, ge=1, le=2**63 - 1)
    name: str | None = None


class SourceBody(Strict):
    connection_id: int = Field(ge=1, le=2**63 - 1)
    object: ObjectBody


class TargetBody(Strict):
    connection_id: int = Field(ge=1, le=2**63 - 1)
    object: str


class MappingBody(Strict):
    """``field_type`` and ``sync_null_values`` are ``type`` and ``nulls`` of the project file."""

    origin: Any = Field(alias="from")
    to: str
    is_primary_identifier: bool = False
    generate_field: bool = True
    preserve_values: Literal[False] = False
    sync_null_values: bool = True
    operation: None = None
    field_type: str = "auto"


class SyncBody(ScheduleBody):
    """Either ``entry``, which is what ``headcount.yml`` says under a sync's key, or the other fields.

    ``key`` is made from the name when it is left out. ``version`` is the one that was fetched: when the sync was
    changed since, nothing is saved. ``validate_only`` saves nothing at all.
    """

    key: str | None = Field(None, max_length=100)
    version: str | None = None
    validate_only: bool = False
    entry: dict[str, Any] | None = Field(None, description="As in headcount.yml.")
    label: str | None = None
    operation: Literal["upsert", "update", "mirror", "append"] | None = None
    source_attributes: SourceBody | None = None
    destination_attributes: TargetBody | None = None
    mappings: list[MappingBody] | None = Field(None, max_length=1000)
    field_behavior: Literal["specific_properties", "sync_all_properties"] | None = None
    field_normalization: str | None = None
    paused: bool | None = None


def new_entry(body: SyncBody) -> dict[str, Any]:
    """The entry of a new sync. Raises ``Mistaken``."""
    return dict(body.entry) if body.entry is not None else _translated({}, body)


def changed_entry(stored: Mapping[str, Any], body: SyncBody) -> dict[str, Any]:
    """The stored entry with what was sent in it: what is given replaces, null removes, the rest stays."""
    given = body.entry if body.entry is not None else _translated(stored, body)
    merged = {**stored, **given}
    return {name: value for name, value in merged.items() if value is not None}


def said_of_pause(body: SyncBody) -> bool | None:
    """Is the sync to be paused? None when nothing is said of it. For a body that was ``checked``."""
    if body.entry is None:
        return body.paused
    return bool(body.entry["paused"]) if "paused" in body.entry else None


def _translated(stored: Mapping[str, Any], body: SyncBody) -> dict[str, Any]:
    problems = list(_not_possible(body))
    if problems:
        raise Mistaken(problems)
    given = {name: value for name, value in _parts(body) if value is not None}
    return {**given, "triggers": scheduled(stored, body)} if body.says_when else given


def _not_possible(body: SyncBody) -> Iterator[Mistake]:
    target = body.destination_attributes
    if target is not None and target.object == "event":
        yield (
            ("destination_attributes", "object"),
            "Events need more than this form says.",
            "Send entry instead.",
        )
    if body.mappings is not None and sum(item.is_primary_identifier for item in body.mappings) != 1:
        yield ("mappings",), "Exactly one mapping is the primary identifier.", "Mark it."


def _parts(body: SyncBody) -> Iterator[tuple[str, Any]]:
    yield "name", body.label
    yield "behavior", body.operation
    yield "paused", body.paused
    if body.source_attributes is not None:
        yield "source", {"model": _model(body.source_attributes)}
    if body.destination_attributes is not None:
        yield "destination", _destination(body.destination_attributes)
    if body.mappings is not None:
        (primary,) = [item for item in body.mappings if item.is_primary_identifier]
        yield "identifier", {"from": _column(primary.origin), "to": primary.to}
        yield "mappings", [_mapping(item) for item in body.mappings if not item.is_primary_identifier]
    if body.field_behavior is not None:
        names = body.field_normalization or "match_source_names"
        yield "sync_all_columns", names if body.field_behavior == "sync_all_properties" else False


def _mapping(item: MappingBody) -> dict[str, Any]:
    nulls = {} if item.sync_null_values else {"nulls": "skip"}
    return {"from": item.origin, "to": item.to, "type": item.field_type, **nulls}


def _column(origin: Any) -> Any:
    """An identifier comes from a column, in either form."""
    if isinstance(origin, dict) and origin.get("type") == "column":
        return origin.get("data")
    return origin


def _model(body: SourceBody) -> str:
    path = ("source_attributes", "object")
    try:
        source = connections.connection(body.connection_id, SOURCE)
        found = models.named(source.id, number=body.object.id, name=body.object.name)
    except ConfigurationError as error:
        raise Mistaken([(path, error.message, error.hint)]) from None
    return found.key


def _destination(body: TargetBody) -> dict[str, Any]:
    try:
        found = connections.connection(body.connection_id, DESTINATION)
    except ConfigurationError as error:
        raise Mistaken([(("destination_attributes", "connection_id"), error.message, error.hint)]) from None
    return {"connection": found.key, "object": body.object}


def checked(key: str, entry: Mapping[str, Any], *, new: bool) -> list[str]:
    """What is worth a word about an entry. Raises ``Mistaken`` for one that cannot be saved."""
    found = check_sync(key, entry, new=new)
    if found.problems:
        raise Mistaken((problem.path, problem.wrong, problem.mend) for problem in found.problems)
    return list(found.cautions)
