"""How one batch comes by its outcomes: sent whole, and cut into parcels where the answer does not say which
rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from headcount.delivery.ceiling import Ceiling
from headcount.delivery.halt import Halt
from headcount.delivery.post import Post, Usage
from headcount.delivery.probation import Probation
from headcount.destinations.base import Answer, ItemError, Verdict
from headcount.model import Batch, Fate, Outcome, Receipt

UNEXPLAINED = ItemError(index=None, reason="refused", field="", message="refused without a reason")


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """Items of a batch that travel in one request. ``items`` are indexes inside the batch, ascending.

    ``doubt``: an earlier request with these items may have been applied, so they can no longer be called
    unsent.
    """

    items: Sequence[int]
    doubt: bool = False

    def halves(self) -> tuple[Parcel, Parcel]:
        middle = len(self.items) // 2
        return self.only(self.items[:middle]), self.only(self.items[middle:])

    def only(self, items: Sequence[int]) -> Parcel:
        return Parcel(items=items, doubt=self.doubt)

    def body(self, batch: Batch) -> bytes:
        if isinstance(self.items, range):
            return batch.body(self.items.start, self.items.stop)
        at, items = batch.offsets, self.items
        return b'{"batch":[' + b",".join(batch.items[at[i] : at[i + 1] - 1] for i in items) + b"]}"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What all batches of a delivery share."""

    post: Post
    halt: Halt
    ceiling: Ceiling
    probation: Probation


class Unpacking:
    """The work on one batch, by one sender. Depth first, so the first rows are settled first."""

    def __init__(self, batch: Batch, rules: Rules) -> None:
        self._batch = batch
        self._rules = rules
        self._usage = Usage()
        self._exceptions: list[Outcome] = []
        self._todo = [Parcel(items=range(batch.count))]

    def receipt(self) -> Receipt:
        while self._todo:
            self._settle(self._todo.pop())
        return Receipt(
            first=self._batch.first,
            last=self._batch.last,
            exceptions=tuple(sorted(self._exceptions, key=lambda outcome: outcome.index)),
            requests=self._usage.requests,
            bytes=self._usage.bytes,
            exchanges=tuple(self._usage.exchanges),
        )

    def _settle(self, parcel: Parcel) -> None:
        """Give these items their outcomes, or put smaller parcels of them on the pile."""
        if self._rules.halt():
            return self._give_up(parcel)
        body = parcel.body(self._batch)
        if len(parcel.items) > 1 and self._rules.ceiling.exceeded_by(len(body)):
            return self._cut(parcel)
        reply = self._rules.post.send(body, len(parcel.items), self._usage)
        parcel = Parcel(items=parcel.items, doubt=parcel.doubt or reply.doubt)
        if reply.answer is None:
            return self._give_up(parcel)
        return self._read(parcel, reply.answer, len(body))

    def _read(self, parcel: Parcel, answer: Answer, size: int) -> None:
        verdict, single = answer.verdict, len(parcel.items) == 1
        if verdict is Verdict.TOO_LARGE:
            self._rules.ceiling.forget() if single else self._rules.ceiling.refused(size)
        if verdict is Verdict.TAKEN:
            self._rules.ceiling.taken(size)
            self._taken(parcel, answer.errors)
        elif single:
            self._reject(parcel, [parcel.items[0]], [_why(answer)])
        elif verdict is Verdict.REFUSED and _named(answer.errors):
            self._leave_out(parcel, answer.errors)
        else:
            # Part of an unattributable request was applied, and nobody knows which part.
            maybe = parcel.doubt or verdict is Verdict.UNATTRIBUTABLE
            self._cut(Parcel(items=parcel.items, doubt=maybe))

    def _taken(self, parcel: Parcel, errors: Sequence[ItemError]) -> None:
        refused = [parcel.items[error.index or 0] for error in errors]
        self._reject(parcel, refused, errors, len(parcel.items) - len(errors))

    def _leave_out(self, parcel: Parcel, errors: Sequence[ItemError]) -> None:
        """Nothing was applied because of these items: the others go again without them."""
        bad = {parcel.items[error.index or 0] for error in errors}
        self._reject(parcel, [parcel.items[error.index or 0] for error in errors], errors)
        if rest := [item for item in parcel.items if item not in bad]:
            self._todo.append(parcel.only(rest))

    def _cut(self, parcel: Parcel) -> None:
        first, second = parcel.halves()
        self._todo += [second, first]

    def _reject(
        self, parcel: Parcel, items: Iterable[int], errors: Iterable[ItemError], accepted: int = 0
    ) -> None:
        refused = [_rejection(item, error, parcel.doubt) for item, error in zip(items, errors, strict=True)]
        self._exceptions += refused
        self._rules.probation.count(accepted, refused)

    def _give_up(self, parcel: Parcel) -> None:
        fate = Fate.IN_DOUBT if parcel.doubt else Fate.UNSENT
        self._exceptions += [Outcome(index=item, fate=fate) for item in parcel.items]


def _named(errors: Sequence[ItemError]) -> bool:
    return bool(errors) and all(error.index is not None for error in errors)


def _why(answer: Answer) -> ItemError:
    """The words for a single row that was not taken."""
    said = answer.errors[0] if answer.errors else UNEXPLAINED
    if answer.verdict is Verdict.TOO_LARGE:
        message = said.message if answer.errors else "the row alone is larger than a request may be"
        return ItemError(index=None, reason="too large", field="", message=message)
    return said


def _rejection(item: int, error: ItemError, doubt: bool) -> Outcome:
    return Outcome(
        index=item,
        fate=Fate.REJECTED,
        reason=error.reason,
        field=error.field,
        message=error.message,
        doubt=doubt,
    )
