"""What all parts of the project file have in common: strict keys, strict types, a short form on the way
out.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Entry(BaseModel):
    """Unknown keys are mistakes, and nothing is guessed: a number is not a text, ``"yes"`` is not true."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, populate_by_name=True, hide_input_in_errors=True
    )

    def document(self) -> dict[str, Any]:
        """As the project file says it, without what is the same when left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
