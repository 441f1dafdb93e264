"""Models in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema

from headcount.service.register.models import NumberedModel


class Model(Schema):
    """Exactly one of ``query``, ``table`` and ``path`` is set. ``entry`` is what ``headcount.yml`` says."""

    id: int
    name: str
    query: str | None
    table: str | None
    path: str | None
    connection_id: int
    resource_identifier: str
    created_at: datetime
    updated_at: datetime
    key: str
    entry: dict[str, Any]
    version: str


def model(found: NumberedModel) -> Model:
    return Model(
        id=found.id,
        name=found.name,
        query=found.entry.get("query"),
        table=found.entry.get("table"),
        path=found.entry.get("path"),
        connection_id=found.connection,
        resource_identifier=found.key,
        created_at=found.created_at,
        updated_at=found.changed_at,
        key=found.key,
        entry=found.entry,
        version=found.version,
    )
