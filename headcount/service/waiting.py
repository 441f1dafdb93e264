"""What a run in the queue waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from headcount.control.models import Run
from headcount.model import Lane, RunStatus
from headcount.service.heartbeat import worker_seen
from headcount.service.lanes import lane_of


@dataclass(frozen=True, kw_only=True)
class Wait:
    """A sentence, and the run of the same sync that is first, if that is what it is about."""

    words: str = ""
    run: int | None = None


def wait_of(run: Run, now: datetime) -> Wait:
    """Nothing is said of a run that does not wait, nor of one whose source did not answer: that is told with its next
    try.
    """
    if run.status != RunStatus.QUEUED.value or not run.attempt or (run.not_before and run.not_before > now):
        return Wait()
    if (first := _before(run, now)) is not None:
        doing = "is working" if first.status == RunStatus.WORKING.value else "was queued before"
        return Wait(
            words=f"It waits for the end of run {first.pk} of this sync, which {doing}.", run=first.pk
        )
    if not worker_seen(now):
        return Wait(
            words="No worker is looking for runs. headcount serve includes a worker, and headcount worker is one."
        )
    return Wait(words=giving_way(run) or "It waits for a worker that is free.")


def giving_way(run: Run) -> str:
    """Said of backfills, which let other runs go first; empty for all others."""
    if lane_of(run) is not Lane.BACKFILL:
        return ""
    why = "A full run" if run.full else "A run of a sync that has not completed any yet"
    return f"{why} is a backfill: runs that are due go before it."


def _before(run: Run, now: datetime) -> Run | None:
    """The run of the same sync that has to end first."""
    due = Q(not_before=None) | Q(not_before__lte=now)
    older = Q(due, status=RunStatus.QUEUED.value, attempt__gt=0, pk__lt=run.pk)
    return (
        Run.objects.filter(Q(status=RunStatus.WORKING.value) | older, sync=run.sync_id)
        .exclude(pk=run.pk)
        .order_by("-status", "id")  # what works before what is queued
        .first()
    )
