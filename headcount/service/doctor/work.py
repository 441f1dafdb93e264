"""Runs that nobody works on any more, and whether anybody would begin one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from headcount.amounts import amount
from headcount.control.models import Run, Sync
from headcount.control.trouble import told
from headcount.model import RunStatus
from headcount.service.abandoned import is_abandoned
from headcount.service.doctor.finding import Finding, attention, ok
from headcount.service.heartbeat import LATELY, last_beat


def unfinished() -> Iterator[Finding]:
    """Runs that say they work, without a process."""
    with told():
        working = list(
            Run.objects.select_related("sync__stream").filter(status=RunStatus.WORKING.value)[:100]
        )
    left = [run for run in working if is_abandoned(run)]
    for run in left:
        yield attention(
            "runs",
            f"Run {run.pk} of {run.sync.key} was interrupted; nothing of it is lost.",
            f"The next run goes on from there: headcount run {run.sync.key}",
        )
    if not left:
        yield ok("runs", f"{len(working)} working, none interrupted")


def workers() -> Iterator[Finding]:
    """Is a worker there, if one is needed?"""
    last, now = last_beat(), datetime.now(UTC)
    if last is not None and now - last < LATELY:
        yield ok("worker", "looked within the last minute")
        return
    with told():
        waiting = Run.objects.filter(status=RunStatus.QUEUED.value, attempt__gt=0).count()
        timed = sum(bool(row.definition.get("triggers")) for row in Sync.objects.filter(paused=False))
    seen = f"none since {last:%Y-%m-%d %H:%M} UTC" if last else "none has ever looked"
    if waiting or timed:
        queued, due = amount(waiting, "run is", "runs are"), amount(timed, "sync has", "syncs have")
        needed = f"{queued} queued and {due} triggers"
        yield attention("worker", f"{seen}; {needed}.", "Start headcount serve or headcount worker.")
    else:
        yield ok("worker", f"{seen}; nothing needs one")
