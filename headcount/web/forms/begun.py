"""When a form for a new sync was begun, so that saving it twice makes one sync."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from headcount.service.editing import newest_sync

_TEXT = re.compile(r"(\d{1,18})-([0-9a-f]{16})")


@dataclass(frozen=True, kw_only=True)
class Begun:
    """``newest`` is the number of the newest sync there was; ``trail`` is what all its steps have in common."""

    newest: int
    trail: str

    @staticmethod
    def now() -> Begun:
        return Begun(newest=newest_sync(), trail=secrets.token_hex(8))

    @staticmethod
    def of(text: str) -> Begun | None:
        """What a form carries; None for anything else."""
        found = _TEXT.fullmatch(text)
        return Begun(newest=int(found[1]), trail=found[2]) if found else None

    @property
    def text(self) -> str:
        return f"{self.newest}-{self.trail}"
