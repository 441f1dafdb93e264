"""Reads what a run's ledger wrote: what resuming, superseding, folding and counting are made from."""

from __future__ import annotations

from collections.abc import Iterator
from sys import intern

from django.db.models import Sum

from headcount.control.models import Intent
from headcount.control.models import Receipt as ReceiptRow
from headcount.model import Fate, Outcome, Receipt

_SUMS = ("accepted", "rejected", "in_doubt", "unsent", "requests", "bytes")


def receipts(run_id: int) -> Iterator[Receipt]:
    """The run's receipts in the order of the plan, read as they are consumed."""
    rows = ReceiptRow.objects.filter(run_id=run_id).order_by("first")
    fields = ("first", "last", "exceptions", "requests", "bytes")
    for first, last, exceptions, requests, size in rows.values_list(*fields).iterator():
        yield Receipt(
            first=first,
            last=last,
            exceptions=tuple(_outcome(*exception) for exception in exceptions),
            requests=requests,
            bytes=size,
        )


def intents(run_id: int) -> Iterator[tuple[int, int]]:
    """The ranges of the run's intents, both ends included, in the order of the plan."""
    rows = Intent.objects.filter(run_id=run_id).order_by("first", "id")
    yield from rows.values_list("first", "last").iterator()


def sums(run_id: int) -> dict[str, int]:
    """Accepted, rejected, in_doubt, unsent, requests and bytes over all receipts."""
    found = ReceiptRow.objects.filter(run_id=run_id).aggregate(**{name: Sum(name) for name in _SUMS})
    return {name: found[name] or 0 for name in _SUMS}


def outcome_at(run_id: int, seq: int) -> Outcome | None:
    """What became of one change of the run's plan; None while no receipt covers it."""
    receipt = ReceiptRow.objects.filter(run_id=run_id, first__lte=seq, last__gte=seq).first()
    if receipt is None:
        return None
    for exception in receipt.exceptions:
        outcome = _outcome(*exception)
        if receipt.first + outcome.index == seq:
            return outcome
    return Outcome(index=seq - receipt.first, fate=Fate.ACCEPTED)


def _outcome(index: int, fate: str, reason: str, field: str, message: str, doubt: bool = False) -> Outcome:
    # A refusal's words repeat from row to row: each is kept in memory once.
    reason, field, message = intern(reason), intern(field), intern(message)
    return Outcome(index=index, fate=Fate(fate), reason=reason, field=field, message=message, doubt=doubt)
