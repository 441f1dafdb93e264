"""Runs for programs that wait for them."""

from __future__ import annotations

from headcount.control import audit
from headcount.control.models import Run
from headcount.control.trouble import told
from headcount.model import RunKind, RunStatus
from headcount.service.lines import find_sync
from headcount.service.queue import queue_run

TRIGGER = "api"


@told()
def trigger(key: str, *, full: bool = False) -> int:
    """Record that a sync shall run, and return the run's number.

    A run that has not begun yet will read what is there by then, so it is what was asked for: who asks again is given
    its number. A program that asks every minute while a run takes an hour thus makes one more run, not sixty. Raises as
    ``queue_run`` does.
    """
    row = find_sync(key)
    waiting = Run.objects.filter(
        sync=row,
        status=RunStatus.QUEUED.value,
        kind=RunKind.RUN.value,
        started_at=None,
        attempt__gt=0,
        cancel_requested=False,
    )
    first = waiting.filter(full=True).first() if full else waiting.order_by("-full").first()
    if first is not None:
        return first.pk
    run = queue_run(key, full=full, trigger=TRIGGER)
    audit.record("started", f"sync {key}", {"run": run, **({"full": True} if full else {})})
    return run
