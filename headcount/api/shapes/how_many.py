"""How many rows a preview shows."""

from __future__ import annotations

from ninja import Schema
from pydantic import Field


class HowMany(Schema):
    """How many rows are wanted."""

    rows: int = Field(10, ge=1, le=100)
