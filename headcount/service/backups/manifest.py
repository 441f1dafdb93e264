"""What a backup says about itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from headcount.errors import ConfigurationError

FORMAT = 1
NAME = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """``migration`` is the newest one the tables had; ``columns`` and ``rows`` go by the tables' names."""

    version: str
    made_at: str
    migration: str
    columns: dict[str, list[str]]
    rows: dict[str, int]
    key: bool  # is the key of stored secrets in it?
    format: int = FORMAT

    def text(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @staticmethod
    def parse(text: bytes) -> Manifest:
        """Raises ``ConfigurationError`` for what is no backup, or one of a later form."""
        try:
            document: dict[str, Any] = json.loads(text)
            manifest = Manifest(**document)
        except (ValueError, TypeError):
            raise not_a_backup() from None
        if manifest.format != FORMAT:
            raise ConfigurationError(
                "This backup was made by a newer version of Headcount.", hint="Install that version."
            )
        return manifest


def not_a_backup() -> ConfigurationError:
    return ConfigurationError(
        "This file is not a backup of Headcount, or it is damaged.",
        hint="Take one that headcount backup has written.",
    )
