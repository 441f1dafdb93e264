"""The order of things: intents are durable before their requests, receipts follow answers, sums are kept."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from headcount.delivery.ceiling import Ceiling
from headcount.delivery.clerk import Clerk
from headcount.delivery.copyist import Copyist, NoCopies
from headcount.delivery.crew import Crew
from headcount.delivery.halt import Halt, always
from headcount.delivery.parcels import Rules, Unpacking
from headcount.delivery.post import Post
from headcount.delivery.probation import Probation
from headcount.destinations.base import Client
from headcount.errors import HeadcountError, Suspended
from headcount.limiter import Limiter
from headcount.model import Batch, Budget, Fate, Receipt, RetryPolicy
from headcount.receipts import Ledger

PATIENCE = (
    0.02  # seconds a batch waits for others to share the transaction of their intents, while senders idle
)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of the batches handed in, in changes; the sums are those of the stored receipts.

    ``unsent`` counts what was taken from the iterator and not sent; what was never taken from it is not known
    here. ``stopped``: somebody canceled. ``suspended``: the permit was withdrawn; what has no receipt
    goes later. ``error``: what ended the delivery early, for a person to read.
    """

    accepted: int = 0
    rejected: int = 0
    in_doubt: int = 0
    unsent: int = 0
    requests: int = 0
    bytes: int = 0
    stopped: bool = False
    suspended: bool = False
    error: HeadcountError | None = None


def deliver(
    batches: Iterable[Batch],
    *,
    client: Client,
    limiter: Limiter,
    ledger: Ledger,
    budget: Budget,
    retry: RetryPolicy,
    earlier: Iterable[Receipt] = (),
    first_refusals: int = 500,
    permit: Callable[[], bool] = always,
    progress: Callable[[Receipt], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    rng: Callable[[], float] = random.random,
    copyist: Copyist | None = None,
) -> Delivery:
    """Send the batches and keep the ledger; returns when every batch taken from ``batches`` has its receipt.

    The ledger is used on the calling thread (intents, the wish to stop) and on one other (receipts, the wish
    to stop, then ``progress``), never by the senders. ``client`` should keep ``budget.senders`` connections.

    ``earlier`` are the receipts that an earlier process of this run entered, in the order of the plan: the first
    operations of a run are counted from its beginning. They are not in the sums.

    ``batches`` is read on the calling thread, at most ``3 * budget.senders`` batches ahead of the
    answers. Trouble with the destination is returned in ``Delivery.error``. Raised is only what is nobody's
    answer: errors of the iterator, the ledger and ``progress``, bugs, KeyboardInterrupt; receipts of finished
    batches are stored before, and batches that were in flight keep their intent without a receipt. After a bug
    or an interrupt so do those that were not tried: the run will be resumed, and they go then.

    ``permit`` is asked immediately before each request is written, and every 0.3 seconds. Once it says no, requests
    in flight are finished and get their receipts, and no other is sent; batches of which nothing was written lose their
    intent, for there is nothing to doubt about them.

    ``copyist`` makes the copies of bodies that exchanges carry; without one there are none.
    """
    halt = Halt(sleep, permit)
    rules = Rules(
        post=Post(client, limiter, retry, halt, rng, copyist or NoCopies()),
        halt=halt,
        ceiling=Ceiling(),
        probation=Probation(first_refusals, halt),
    )
    rules.probation.recall(earlier)
    sums = _Sums(progress)
    untried: list[Batch] = []
    with Clerk(ledger, halt, 4 * budget.senders, sums.add) as clerk:

        def work(batch: Batch) -> None:
            with rules.probation.turn():
                receipt = Unpacking(batch, rules).receipt()
            if not halt.to_be_resumed or _settled(receipt, halt):
                clerk.enter(receipt)
            elif not receipt.requests:
                untried.append(batch)

        with Crew(budget.senders, work, halt) as crew:
            left_over = _feed(iter(batches), crew, ledger, halt)
    if halt.broken:
        raise halt.broken
    if halt.suspended and untried:
        with suppress(
            HeadcountError, Suspended
        ):  # then they stay, and are in doubt if the run is not resumed
            ledger.withdraw_intents(untried)
    return sums.delivery(left_over, halt)


def _settled(receipt: Receipt, halt: Halt) -> bool:
    """Is this the end of the batch's story, or does the resumed run go on with it?"""
    if halt.suspended:
        return not receipt.count(Fate.UNSENT) and not receipt.count(Fate.IN_DOUBT)
    return receipt.requests > 0


def _feed(batches: Iterator[Batch], crew: Crew, ledger: Ledger, halt: Halt) -> int:
    """Hand in all batches, group by group; returns how many changes were taken and not handed in."""
    try:
        while not halt():
            group = _group(batches, crew, halt)
            if not group:
                break
            if not halt() and ledger.stop_requested():
                halt.cancel()
            if halt():
                return sum(batch.count for batch in group)
            ledger.save_intents(group)  # durable before the first byte of their requests
            crew.take(group)
    except BaseException as error:
        halt.broke(error)
        raise
    return 0


def _group(batches: Iterator[Batch], crew: Crew, halt: Halt) -> list[Batch]:
    """As many batches as the queue has room for, fewer when senders wait already."""
    group: list[Batch] = []
    room = crew.room()
    began = time.monotonic()
    while len(group) < room and not halt():
        batch = next(batches, None)
        if batch is None:
            break
        group.append(batch)
        if crew.hungry and time.monotonic() - began > PATIENCE:
            break
    return group


class _Sums:
    """The sums of the receipts, added up on the clerk's thread."""

    def __init__(self, progress: Callable[[Receipt], None] | None) -> None:
        self._progress = progress
        self._fates = dict.fromkeys(Fate, 0)
        self._requests = 0
        self._bytes = 0

    def add(self, receipt: Receipt) -> None:
        for fate in Fate:
            self._fates[fate] += receipt.count(fate)
        self._requests += receipt.requests
        self._bytes += receipt.bytes
        if self._progress:
            self._progress(receipt)

    def delivery(self, left_over: int, halt: Halt) -> Delivery:
        return Delivery(
            accepted=self._fates[Fate.ACCEPTED],
            rejected=self._fates[Fate.REJECTED],
            in_doubt=self._fates[Fate.IN_DOUBT],
            unsent=self._fates[Fate.UNSENT] + left_over,
            requests=self._requests,
            bytes=self._bytes,
            stopped=halt.canceled,
            suspended=halt.suspended,
            error=halt.error,
        )
