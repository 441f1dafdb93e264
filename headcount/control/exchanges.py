"""The log of a run's requests, as it is written: little, seldom, and only the newest."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from headcount.control.models import Exchange as ExchangeRow
from headcount.model import Exchange

KEPT = 100  # requests of a run, and as many of those with trouble
PAUSE = 1.0  # seconds between two writings

_TABLE = ExchangeRow._meta.db_table
_INSERT = (
    f"INSERT INTO {_TABLE} (run_id, at, attempt, items, bytes, seconds, status, complaints, troubled, errors,"
    " request, answer) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_TRIM = (
    f"DELETE FROM {_TABLE} WHERE run_id = %s AND troubled = %s AND id <= (SELECT id FROM {_TABLE}"
    f" WHERE run_id = %s AND troubled = %s ORDER BY id DESC LIMIT 1 OFFSET {KEPT})"
)

Statement = tuple[str, list[tuple[Any, ...]]]


class ExchangeLog:
    """Gathers what receipts bring along. Used by one thread at a time."""

    def __init__(self, run_id: int) -> None:
        self._run_id = run_id
        self._waiting: dict[bool, deque[Exchange]] = {t: deque(maxlen=KEPT) for t in (False, True)}
        self._written = 0.0

    def add(self, exchanges: Iterable[Exchange]) -> None:
        for exchange in exchanges:
            self._waiting[bool(exchange.errors)].append(exchange)

    def due(self, *, last: bool = False) -> list[Statement]:
        """What is to be written now: nothing while the last writing is not a second old, unless it is the ``last``."""
        if not any(self._waiting.values()) or not (last or time.monotonic() - self._written >= PAUSE):
            return []
        self._written = time.monotonic()
        rows = [(self._run_id, *_row(e)) for kept in self._waiting.values() for e in kept]
        kinds = [(self._run_id, t, self._run_id, t) for t, kept in self._waiting.items() if kept]
        for kept in self._waiting.values():
            kept.clear()
        return [(_INSERT, sorted(rows, key=lambda row: row[1])), (_TRIM, kinds)]


def _row(exchange: Exchange) -> tuple[Any, ...]:
    return (
        exchange.at,
        exchange.attempt,
        exchange.items,
        exchange.bytes,
        exchange.seconds,
        exchange.status,
        exchange.complaints,
        bool(exchange.errors),
        json.dumps(exchange.errors),
        exchange.request,
        exchange.answer,
    )
