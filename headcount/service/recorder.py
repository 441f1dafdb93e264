"""How far a run is, kept small enough to be written down every second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from headcount.errors import Suspended
from headcount.frozen import Frozen
from headcount.model import Fate, Receipt
from headcount.receipts import Book
from headcount.sync import Progress

REST = ("unchanged", "invalid", "held", "missed")  # the rows that the plan has no change for
FATES = {fate: fate.value.replace(" ", "_") for fate in Fate}


class Recorder(Progress):
    """Passes everything on to ``inner`` and adds it up. Used by several threads.

    ``may_read`` is asked with every batch of rows: a run that shall rest while it reads raises ``Suspended`` there.
    """

    def __init__(self, inner: Progress | None, may_read: Callable[[], bool]) -> None:
        self._inner = inner or Progress()
        self._may_read = may_read
        self._lock = threading.Lock()
        self._told: dict[str, Any] = {}
        self._changed = False

    def changed(self) -> dict[str, Any] | None:
        """What there is to write down, if anything is new since the last time."""
        with self._lock:
            told = dict(self._told) if self._changed else None
            self._changed = False
        return told

    def reading(self, rows: int) -> None:
        if not self._may_read():
            raise Suspended
        self._tell(phase="reading", rows=rows)
        self._inner.reading(rows)

    def comparing(self) -> None:
        if not self._may_read():
            raise Suspended
        self._tell(phase="planning")
        self._inner.comparing()

    def planned(self, frozen: Frozen) -> None:
        self._sending(frozen, dict.fromkeys(FATES.values(), 0), 0)
        self._inner.planned(frozen)

    def resumed(self, frozen: Frozen, book: Book) -> None:
        sent = {name: _answered(book, fate) for fate, name in FATES.items()}
        self._sending(frozen, sent, sum(receipt.requests for receipt in book.receipts))
        self._inner.resumed(frozen, book)

    def answered(self, receipt: Receipt) -> None:
        with self._lock:
            sent = self._told["sent"]
            self._told["sent"] = {name: sent[name] + receipt.count(fate) for fate, name in FATES.items()}
            self._told["requests"] += receipt.requests
            self._changed = True
        self._inner.answered(receipt)

    def folding(self) -> None:
        self._tell(phase="folding")
        self._inner.folding()

    def _sending(self, frozen: Frozen, sent: dict[str, int], requests: int) -> None:
        plan, planned = frozen.plan, frozen.planned
        self._tell(
            phase="sending",
            rows=planned.read,
            plan={"add": plan.add, "change": plan.change, "remove": plan.remove},
            rest={name: getattr(planned, name) for name in REST},
            sent=sent,
            before=sum(sent.values()),
            requests=requests,
            since=datetime.now(UTC).isoformat(),
        )

    def _tell(self, **what: Any) -> None:
        with self._lock:
            self._told.update(what)
            self._changed = True


def _answered(book: Book, fate: Fate) -> int:
    """Of what has receipts; what only may have been sent is sent again, and counts then."""
    return sum(receipt.count(fate) for receipt in book.receipts)
