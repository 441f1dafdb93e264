"""What a connection answered, in JSON."""

from __future__ import annotations

from ninja import Schema

from headcount.service.reaching import TestReport


class MadeConnection(Schema):
    """A new connection."""

    id: int
    key: str


class Tested(Schema):
    """``hint`` says what to do when it did not pass."""

    passed: bool
    message: str
    hint: str


def made(number: int, key: str) -> MadeConnection:
    return MadeConnection(id=number, key=key)


def tested(report: TestReport) -> Tested:
    return Tested(passed=report.passed, message=report.message, hint=report.hint)
