"""What a run writes down, and when: the ledger that makes it safe to be killed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from headcount.model import Batch, Receipt


class Ledger(Protocol):
    """The book of one run. The order of the entries is what makes a run safe.

    An intent stands in the book before its request is written; a receipt is entered after the answer was read.
    Each call is durable when it returns. Called from several threads.
    """

    def save_intents(self, batches: Sequence[Batch]) -> None:
        """Enter that these batches may be on their way from now on, in one short transaction."""

    def save_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Enter what became of batches, in one short transaction."""

    def stop_requested(self) -> bool:
        """Has somebody asked for this run to be canceled? Cheap enough to be asked for every batch."""
