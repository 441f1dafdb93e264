"""Adds ended runs up."""

from __future__ import annotations

from django.db.models import F

from headcount.control.models import Run, Tally

SUMS = ("read", "accepted", "rejected", "in_doubt", "invalid", "requests", "bytes")


def count(run: Run) -> None:
    """Add a run that has just ended. To be called once for each run, in the transaction that ends it."""
    began, ended = run.started_at, run.finished_at
    amounts = {name: run.counts.get(name, 0) for name in SUMS}
    seconds = max(0.0, (ended - began).total_seconds()) if began and ended else 0.0
    amounts |= {"runs": 1, "seconds": seconds}
    row, _ = Tally.objects.get_or_create(sync_id=run.sync_id, status=run.status)
    Tally.objects.filter(pk=row.pk).update(**{name: F(name) + amount for name, amount in amounts.items()})
