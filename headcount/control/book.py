"""Reads what a run's ledger wrote: what resuming, superseding, folding and counting are made from."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Sum

from headcount.control.models import Intent
from headcount.control.models import Receipt as ReceiptRow
from headcount.control.ranges import Range, merged, without
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


def _outcome(index: int, fate: str, reason: str, field: str, message: str) -> Outcome:
    return Outcome(index=index, fate=Fate(fate), reason=reason, field=field, message=message)


def covered(run_id: int) -> list[Range]:
    """The changes that have a receipt, as merged ranges."""
    return list(merged(_ranges(ReceiptRow, run_id)))


def open_intents(run_id: int) -> list[Range]:
    """The changes that may have been sent and have no receipt, as merged ranges."""
    return list(without(_ranges(Intent, run_id), _ranges(ReceiptRow, run_id)))


def remaining(run_id: int, size: int) -> list[Range]:
    """The changes of a plan of ``size`` that have no receipt, as merged ranges."""
    return list(without([(0, size - 1)] if size else [], _ranges(ReceiptRow, run_id)))


def sums(run_id: int) -> dict[str, int]:
    """Accepted, rejected, in_doubt, unsent, requests and bytes over all receipts."""
    found = ReceiptRow.objects.filter(run_id=run_id).aggregate(**{name: Sum(name) for name in _SUMS})
    return {name: found[name] or 0 for name in _SUMS}


def _ranges(table: type[Intent] | type[ReceiptRow], run_id: int) -> Iterator[Range]:
    rows = table.objects.filter(run_id=run_id).order_by("first")
    yield from rows.values_list("first", "last").iterator()
