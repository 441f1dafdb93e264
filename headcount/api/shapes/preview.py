"""Rows as they would travel, in JSON."""

from __future__ import annotations

import json
from typing import Any

from ninja import Schema

from headcount.service.previewing import PreviewRow


class Remark(Schema):
    """What there is to say about a field of a row."""

    field: str
    reason: str


class Payload(Schema):
    """One row of the source: its exact payload, or in ``problems`` why there is none. A row with ``notes`` is sent.

    Masked values are veiled.
    """

    identifier: str
    payload: dict[str, Any] | None
    problems: list[Remark]
    notes: list[Remark]


def payload(row: PreviewRow) -> Payload:
    return Payload(
        identifier=row.key,
        payload=json.loads(row.payload) if row.payload is not None else None,
        problems=_remarks(row.problems),
        notes=_remarks(row.notes),
    )


def _remarks(said: tuple[tuple[str, str], ...]) -> list[Remark]:
    return [Remark(field=field, reason=reason) for field, reason in said]
