"""Bodies in which an unknown name is a mistake."""

from __future__ import annotations

from ninja import Schema
from pydantic import ConfigDict


class Strict(Schema):
    """The base of what is sent to Headcount."""

    model_config = ConfigDict(extra="forbid")
