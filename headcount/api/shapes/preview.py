"""Rows as they would travel, in JSON."""

from __future__ import annotations

import json
from typing import Any

from ninja import Schema

from headcount.service.previewing import PreviewRow


class Unsent(Schema):
    """Why a row would not be sent."""

    field: str
    reason: str


class Payload(Schema):
    """One row of the source: its exact payload, or why there is none. Masked values are veiled."""

    identifier: str
    payload: dict[str, Any] | None
    problems: list[Unsent]


def payload(row: PreviewRow) -> Payload:
    return Payload(
        identifier=row.key,
        payload=json.loads(row.payload) if row.payload is not None else None,
        problems=[Unsent(field=field, reason=reason) for field, reason in row.problems],
    )
