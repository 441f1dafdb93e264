"""Sources and destinations in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema

from headcount.destinations.customerio.objects import OBJECTS
from headcount.service.register.connections import DESTINATION, NumberedConnection


class Connection(Schema):
    """What sources and destinations have in common. No secret is in it: ``credentials`` says where each is kept."""

    id: int
    name: str
    label: str | None
    type: str
    connection_details: dict[str, Any]
    last_test_succeeded: bool | None
    last_tested_at: datetime | None
    created_at: datetime
    updated_at: datetime
    key: str
    role: str
    credentials: dict[str, str]
    last_test_result: str


class Source(Connection):
    """``read_only_connection``: Headcount never writes to a source."""

    read_only_connection: bool = True


class DestinationObject(Schema):
    """What a destination can receive."""

    label: str
    full_name: str
    allow_custom_fields: bool = True
    allow_case_sensitive_fields: bool = True
    supported_operations: list[str]
    identifiers: list[str]


class Destination(Connection):
    """``workspace_id`` is known once the connection was tested."""

    workspace_id: int | None
    workspace_name: str
    region: str
    objects: list[DestinationObject]


def connection(found: NumberedConnection) -> Connection:
    """Either, as what it is."""
    return destination(found) if found.role == DESTINATION else source(found)


def source(found: NumberedConnection) -> Source:
    return Source(**_common(found))


def destination(found: NumberedConnection) -> Destination:
    return Destination(
        **_common(found),
        workspace_id=found.workspace,
        workspace_name=found.workspace_name,
        region=found.region,
        objects=[
            DestinationObject(
                label=each.label,
                full_name=each.name,
                supported_operations=[OPERATIONS[behavior.value] for behavior in each.behaviors],
                identifiers=list(each.identifiers),
            )
            for each in OBJECTS.values()
        ],
    )


# Behaviors by the names that orchestrators know.
OPERATIONS = {
    "update_or_create": "upsert",
    "update_only": "update",
    "mirror": "mirror",
    "append_only": "append",
}


def _common(found: NumberedConnection) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "label": found.name,
        "type": found.type,
        "connection_details": found.settings,
        "last_test_succeeded": found.passed,
        "last_tested_at": found.tested_at,
        "created_at": found.created_at,
        "updated_at": found.changed_at,
        "key": found.key,
        "role": found.role,
        "credentials": found.credentials,
        "last_test_result": found.result,
    }
