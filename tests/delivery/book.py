"""A ledger in memory that remembers when all was entered, and small makers of what a delivery needs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson

from headcount.delivery import Delivery, always, deliver
from headcount.destinations.base import Client
from headcount.destinations.customerio.client import CustomerIoClient
from headcount.limiter import Limiter, Unlimited
from headcount.model import Batch, Budget, Fate, Receipt, RetryPolicy

SITE_ID, API_KEY, APP_KEY = "5a17e1d0000000000001", "a9900000000000000002", "c" * 31 + "3"
NO_WAIT = RetryPolicy(attempts=4, base=0.001, cap=0.002)


class Book:
    """``Ledger``; ``slow`` seconds per transaction."""

    def __init__(self, slow: float = 0.0) -> None:
        self._slow = slow
        self._lock = threading.Lock()
        self.intents: dict[int, float] = {}  # first seq of a batch -> when its intent was durable
        self.receipts: dict[int, Receipt] = {}
        self.intent_groups: list[int] = []
        self.receipt_groups: list[int] = []
        self.stop = False

    def save_intents(self, batches: Sequence[Batch]) -> None:
        time.sleep(self._slow)
        with self._lock:
            self.intent_groups.append(len(batches))
            for batch in batches:
                assert batch.first not in self.intents
                self.intents[batch.first] = time.monotonic()

    def withdraw_intents(self, batches: Sequence[Batch]) -> None:
        with self._lock:
            for batch in batches:
                del self.intents[batch.first]

    def save_receipts(self, receipts: Sequence[Receipt]) -> None:
        time.sleep(self._slow)
        with self._lock:
            self.receipt_groups.append(len(receipts))
            for receipt in receipts:
                assert receipt.first in self.intents
                assert receipt.first not in self.receipts
                self.receipts[receipt.first] = receipt

    def stop_requested(self) -> bool:
        return self.stop

    def fates(self) -> dict[int, Fate]:
        """The one fate of every change that has a receipt, by its number in the plan."""
        found: dict[int, Fate] = {}
        for receipt in self.receipts.values():
            listed = {receipt.first + outcome.index: outcome.fate for outcome in receipt.exceptions}
            assert len(listed) == len(receipt.exceptions), "two outcomes for one change"
            for number in range(receipt.first, receipt.last + 1):
                found[number] = listed.get(number, Fate.ACCEPTED)
        return found

    def in_order(self) -> list[Receipt]:
        return [self.receipts[first] for first in sorted(self.receipts)]

    def of(self, fate: Fate) -> set[int]:
        return {number for number, one in self.fates().items() if one is fate}


def batch(first: int, items: Sequence[Any]) -> Batch:
    pieces = [orjson.dumps(item) + b"," for item in items]
    offsets = [0]
    for piece in pieces:
        offsets.append(offsets[-1] + len(piece))
    return Batch(first=first, items=b"".join(pieces), offsets=tuple(offsets))


def numbered(count: int, size: int) -> Iterator[Batch]:
    """The changes 0 to ``count``, each ``{"n": its number}``, in batches of ``size``."""
    for first in range(0, count, size):
        yield batch(first, [{"n": number} for number in range(first, min(first + size, count))])


def client_of(url: str, **options: Any) -> CustomerIoClient:
    return CustomerIoClient(SITE_ID, API_KEY, base_url=url, **options)


def run(
    batches: Iterator[Batch],
    client: Client,
    book: Book,
    *,
    senders: int = 3,
    limiter: Limiter | None = None,
    retry: RetryPolicy = NO_WAIT,
    first_refusals: int = 500,
    earlier: Iterable[Receipt] = (),
    progress: Callable[[Receipt], None] | None = None,
    permit: Callable[[], bool] = always,
) -> Delivery:
    try:
        return deliver(
            batches,
            client=client,
            limiter=limiter or Unlimited(),
            ledger=book,
            budget=Budget(senders=senders),
            retry=retry,
            first_refusals=first_refusals,
            earlier=earlier,
            progress=progress,
            permit=permit,
        )
    finally:
        client.close()
