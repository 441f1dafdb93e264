"""What a run writes down, and when: the ledger that makes it safe to be killed."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from headcount.model import Batch, Fate, Outcome, Receipt

Range = tuple[int, int]  # first and last position in the plan, both included


class Ledger(Protocol):
    """The book of one run. The order of the entries is what makes a run safe.

    An intent stands in the book before its request is written; a receipt is entered after the answer was read.
    Each call is durable when it returns. Called from several threads.
    """

    def save_intents(self, batches: Sequence[Batch]) -> None:
        """Enter that these batches may be on their way from now on, in one short transaction."""

    def withdraw_intents(self, batches: Sequence[Batch]) -> None:
        """Take back one intent of each of these batches, the newest: this process saved it, and wrote no request."""

    def save_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Enter what became of batches, in one short transaction."""

    def receipts(self) -> Iterable[Receipt]:
        """Everything entered so far, also by an earlier process that was killed. Read as it is consumed: a run of a
        million refusals has more of it than memory should hold.
        """

    def intents(self) -> Sequence[tuple[int, int]]:
        """The ranges of all intents, inclusive, as they were entered."""

    def stop_requested(self) -> bool:
        """Has somebody asked for this run to be canceled? Cheap enough to be asked for every batch."""


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same positions as sorted ranges that neither touch nor overlap."""
    result: list[Range] = []
    for first, last in sorted(ranges):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result


def overlaps(ranges: Iterable[Range]) -> list[Range]:
    """The positions that stand in more than one of the ranges, as sorted ranges."""
    result: list[Range] = []
    reach = -1
    for first, last in sorted(ranges):
        if first <= reach:
            result.append((first, min(last, reach)))
        reach = max(reach, last)
    return merged(result)


def without(ranges: Iterable[Range], taken: Iterable[Range]) -> list[Range]:
    """The positions of ``ranges`` that are not in ``taken``."""
    result: list[Range] = []
    holes = merged(taken)
    for first, last in merged(ranges):
        for hole_first, hole_last in holes:
            if hole_last < first or hole_first > last:
                continue
            if hole_first > first:
                result.append((first, hole_first - 1))
            first = hole_last + 1
        if first <= last:
            result.append((first, last))
    return result


@dataclass(frozen=True, kw_only=True)
class Sums:
    """What all receipts of a run come to. ``answered`` are their ranges; the fates are those of exceptions alone."""

    answered: tuple[Range, ...]
    accepted: int
    fates: Counter[Fate]
    requests: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Book:
    """The receipts and intents of one run. ``receipts`` is gone through several times and never held as a whole."""

    receipts: Iterable[Receipt]
    intents: tuple[Range, ...]

    @property
    def answered(self) -> tuple[Range, ...]:
        return self.sums.answered

    @property
    def doubtful(self) -> list[Range]:
        """What may have been sent and has no receipt."""
        return without(self.intents, self.answered)

    def remaining(self, size: int) -> list[Range]:
        """What has no receipt yet, of a plan of ``size`` changes."""
        return without([(0, size - 1)], self.answered) if size else []

    def exceptions(self) -> Iterator[tuple[int, Outcome]]:
        """Every change with a receipt that was not accepted, with its position in the plan.

        What stands in two intents was perhaps sent by a process that was killed before it could enter a receipt: a
        later one that could not send it leaves it in doubt, and a later rejection does not end that doubt.
        """
        for receipt in self.receipts:
            yield from self._exceptions(receipt)

    def _exceptions(self, receipt: Receipt) -> Iterator[tuple[int, Outcome]]:
        for outcome in receipt.exceptions:
            position = receipt.first + outcome.index
            yield position, _doubted(outcome, position, self._maybe)

    def count(self, fate: Fate) -> int:
        """How many changes met this fate; intents without receipt are in doubt."""
        if fate is Fate.ACCEPTED:
            return self.sums.accepted
        open_ = sum(last - first + 1 for first, last in self.doubtful) if fate is Fate.IN_DOUBT else 0
        return open_ + self.sums.fates[fate]

    @cached_property
    def sums(self) -> Sums:
        """Counted in one pass."""
        ranges: list[Range] = []
        fates: Counter[Fate] = Counter()
        accepted = requests = size = 0
        for receipt in self.receipts:
            ranges.append((receipt.first, receipt.last))
            fates.update(outcome.fate for _, outcome in self._exceptions(receipt))
            accepted += receipt.count(Fate.ACCEPTED)
            requests += receipt.requests
            size += receipt.bytes
        return Sums(
            answered=tuple(merged(ranges)), accepted=accepted, fates=fates, requests=requests, bytes=size
        )

    @cached_property
    def _maybe(self) -> list[Range]:
        return overlaps(self.intents)


def _doubted(outcome: Outcome, position: int, maybe: Sequence[Range]) -> Outcome:
    at = bisect_right(maybe, position, key=lambda range_: range_[0]) - 1
    if at < 0 or position > maybe[at][1]:
        return outcome
    fate = Fate.IN_DOUBT if outcome.fate is Fate.UNSENT else outcome.fate
    return replace(outcome, fate=fate, doubt=True)


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """The receipts of a ledger, read anew each time."""

    ledger: Ledger

    def __iter__(self) -> Iterator[Receipt]:
        return iter(self.ledger.receipts())


def read_book(ledger: Ledger) -> Book:
    return Book(receipts=_Stored(ledger=ledger), intents=tuple(ledger.intents()))
