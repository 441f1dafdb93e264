"""Where messages shall go, and whether a test arrived there. Addresses hold tokens, and never come back."""

from __future__ import annotations

from ninja import Schema
from pydantic import Field

from headcount.api.shapes.strict import Strict


class Address(Strict):
    """Where messages shall go."""

    name: str = Field(min_length=1, max_length=200)
    url: str = Field(min_length=1, max_length=2000)


class Sent(Schema):
    """Whether a test message was taken; ``message`` says what went wrong."""

    arrived: bool
    message: str


def sent(trouble: str) -> Sent:
    return Sent(arrived=not trouble, message=trouble)
