"""Channels and webhooks in JSON. Their addresses hold tokens, and never come back."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema
from pydantic import Field

from headcount.api.shapes.strict import Strict
from headcount.service.outlets import OutletInfo


class Address(Strict):
    """Where messages shall go."""

    name: str = Field(min_length=1, max_length=200)
    url: str = Field(min_length=1, max_length=2000)


class Outlet(Schema):
    """``endpoint`` is the part of the address that may be shown. ``waiting`` messages are on their way, ``failed`` were
    given up; ``error`` is that of the latest try.
    """

    id: int
    name: str
    endpoint: str
    events: list[str]
    last_sent: datetime | None
    error: str
    waiting: int
    failed: int
    created_at: datetime


class SignedOutlet(Outlet):
    """A new webhook; ``secret`` signs what is sent to it, and can be read this once."""

    secret: str


class Sent(Schema):
    """Whether a test message was taken; ``message`` says what went wrong."""

    arrived: bool
    message: str


def outlet(found: OutletInfo) -> Outlet:
    return Outlet(
        id=found.id,
        name=found.name,
        endpoint=found.shows,
        events=list(found.events),
        last_sent=found.last_sent,
        error=found.error,
        waiting=found.waiting,
        failed=found.failed,
        created_at=found.created_at,
    )


def sent(trouble: str) -> Sent:
    return Sent(arrived=not trouble, message=trouble)
