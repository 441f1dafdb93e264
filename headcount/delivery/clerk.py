"""The thread that enters receipts, several in one transaction, and listens for a wish to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from headcount.delivery.halt import Halt
from headcount.delivery.worker import Worker, finished
from headcount.model import Receipt
from headcount.receipts import Ledger

GATHER = 0.03  # seconds a receipt waits for others to share its transaction
LISTEN = 0.3  # seconds between two looks into the ledger for a wish to stop


class Clerk:
    """``enter`` from any thread; durable within GATHER and one transaction. ``desk`` is how many may wait.

    Used as a context manager: leaving it waits until every receipt is in the ledger. ``progress`` is called
    on the clerk's thread, after the receipt is durable. What goes wrong there ends up in ``halt.broken``.
    """

    def __init__(self, ledger: Ledger, halt: Halt, desk: int, progress: Callable[[Receipt], None]) -> None:
        self._ledger = ledger
        self._halt = halt
        self._desk = desk
        self._progress = progress
        self._changed = threading.Condition()
        self._waiting: list[Receipt] = []
        self._closed = False
        self._gone = False
        self._listened = time.monotonic()
        self._thread = Worker(self._work, "headcount-clerk")

    def __enter__(self) -> Clerk:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        finished([self._thread], self._halt)

    def enter(self, receipt: Receipt) -> None:
        """Blocks while the desk is full: what was sent and is not in the ledger yet must stay little."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < self._desk or self._gone)
            self._waiting.append(receipt)
            self._changed.notify_all()

    def _work(self) -> None:
        try:
            while self._step():
                pass
        except BaseException as error:
            self._halt.broke(error)
        finally:
            with self._changed:
                self._gone = True
                self._changed.notify_all()

    def _step(self) -> bool:
        """Enter what is waiting, if anything is; False when there will be nothing more."""
        group, last = self._gather()
        if group:
            self._ledger.save_receipts(group)
        for receipt in group:
            self._progress(receipt)
        self._listen()
        return not last

    def _gather(self) -> tuple[list[Receipt], bool]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, timeout=LISTEN)
            if self._waiting:
                full = self._desk // 2
                self._changed.wait_for(lambda: len(self._waiting) >= full or self._closed, timeout=GATHER)
            group, self._waiting = self._waiting, []
            self._changed.notify_all()
            return group, self._closed

    def _listen(self) -> None:
        now = time.monotonic()
        if now - self._listened >= LISTEN and self._halt.permitted():
            self._listened = now
            if self._ledger.stop_requested():
                self._halt.cancel()
