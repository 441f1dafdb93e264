"""What one look found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How a thing stands."""

    OK = "ok"
    ATTENTION = "attention"  # works, but somebody should know
    FAILED = "failed"  # does not work


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``todo`` says what to do; empty when all is well."""

    subject: str
    health: Health
    message: str
    todo: str = ""


def ok(subject: str, message: str) -> Finding:
    return Finding(subject=subject, health=Health.OK, message=message)


def attention(subject: str, message: str, todo: str) -> Finding:
    return Finding(subject=subject, health=Health.ATTENTION, message=message, todo=todo)


def failed(subject: str, message: str, todo: str) -> Finding:
    return Finding(subject=subject, health=Health.FAILED, message=message, todo=todo)
