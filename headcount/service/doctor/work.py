"""Runs that nobody works on any more."""

from __future__ import annotations

from collections.abc import Iterator

from headcount.control.models import Run
from headcount.control.trouble import told
from headcount.model import RunStatus
from headcount.service.abandoned import is_abandoned
from headcount.service.doctor.finding import Finding, attention, ok


def unfinished() -> Iterator[Finding]:
    """Runs that say they work, on this machine, without a process."""
    with told():
        working = list(Run.objects.select_related("sync").filter(status=RunStatus.WORKING.value)[:100])
    left = [run for run in working if is_abandoned(run)]
    for run in left:
        yield attention(
            "runs",
            f"Run {run.pk} of {run.sync.key} was interrupted; nothing of it is lost.",
            f"The next run goes on from there: headcount run {run.sync.key}",
        )
    if not left:
        yield ok("runs", f"{len(working)} working, none interrupted")
