"""Refused rows, in JSON."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema


class RejectedGroup(Schema):
    """All refusals of a sync for one reason and field; ``advice`` is what probably mends them."""

    id: int
    reason: str
    field: str
    message: str
    advice: str
    open: int
    muted: int
    first_at: datetime
    last_at: datetime


class Rejected(Schema):
    """One refused row. ``record`` names its record in addresses."""

    id: int
    key: str
    record: str
    op: str
    reason: str
    field: str
    message: str
    run: int
    status: str
    at: datetime


class NeverSent(Schema):
    """A row that a run did not send, as an example."""

    key: str
    field: str
    reason: str


class Muted(Schema):
    """How many rows it was."""

    rows: int
