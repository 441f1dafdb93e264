"""The first operations of a run: if all of them are refused for one cause, the cause is not the rows (P9)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from headcount.delivery.halt import Halt
from headcount.errors import EveryRowRefused
from headcount.model import Fate, Outcome, Receipt


class Probation:
    """Until the first operation is accepted, one batch is sent at a time, and refusals are counted.

    ``limit`` refusals in a row for one reason and field halt the delivery; 0 switches that off. Where the
    destination names neither, its message counts as the reason.
    """

    def __init__(self, limit: int, halt: Halt) -> None:
        self._limit = limit
        self._halt = halt
        self._turn = threading.Condition()
        self._busy = False
        self._over = limit <= 0
        self._cause: tuple[str, ...] | None = None
        self._refused = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Around one batch: waits for the others' batches while the probation lasts."""
        with self._turn:
            self._turn.wait_for(lambda: self._over or not self._busy)
            mine = not self._over
            self._busy = self._busy or mine
        try:
            yield
        finally:
            if mine:
                with self._turn:
                    self._busy = False
                    self._turn.notify_all()

    def count(self, accepted: int, refused: Sequence[Outcome]) -> None:
        """Enter the outcomes of one answer."""
        if self._over:
            return
        with self._turn:
            self._over = self._over or accepted > 0
            for outcome in refused:
                self._refuse(outcome)
            if self._over:
                self._turn.notify_all()

    def recall(self, receipts: Iterable[Receipt]) -> None:
        """Enter what an earlier process of the same run was answered, as far as it matters."""
        for receipt in receipts:
            if self._over:
                return
            refused = [outcome for outcome in receipt.exceptions if outcome.fate is Fate.REJECTED]
            self.count(receipt.count(Fate.ACCEPTED), refused)

    def _refuse(self, outcome: Outcome) -> None:
        self._cause = self._cause or _cause(outcome)
        if self._over or self._cause != _cause(outcome):
            self._over = True
            return
        self._refused += 1
        if self._refused >= self._limit:
            self._over = True
            self._halt.fail(
                EveryRowRefused(
                    self._refused, reason=outcome.reason, field=outcome.field, said=outcome.message
                )
            )


def _cause(outcome: Outcome) -> tuple[str, ...]:
    if outcome.reason or outcome.field:
        return (outcome.reason, outcome.field)
    return ("", "", outcome.message)
