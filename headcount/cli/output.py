"""Where text and JSON go, and how errors are told."""

from __future__ import annotations

import json
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from headcount.errors import ConfigurationError, HeadcountError

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(document: Any) -> None:
    """One JSON document on standard output, nothing else."""
    print(json.dumps(document, default=_plain, ensure_ascii=False, indent=2))  # noqa: T201 - data, not text


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def tell(error: HeadcountError) -> int:
    """Say what happened and what to do, and return the exit code it deserves."""
    errors.print(f"[red]✗[/] {escape(error.message)}")
    if error.hint:
        errors.print(f"  {escape(error.hint)}")
    return 2 if isinstance(error, ConfigurationError) else 3
