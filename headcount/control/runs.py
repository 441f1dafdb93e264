"""Runs: recorded, begun, planned, finished, listed."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from headcount.control.models import Run, Sync
from headcount.errors import ConfigurationError, HeadcountError
from headcount.model import Counts, Plan, RunInfo, RunStatus

UNFINISHED = (RunStatus.QUEUED, RunStatus.WORKING, RunStatus.PAUSED, RunStatus.WAITING)


def add(sync: Sync, *, trigger: str = "manual", full: bool = False) -> Run:
    """Record that the sync shall run."""
    return Run.objects.create(sync=sync, trigger=trigger, full=full)


def begin(run: Run, *, snapshot: dict[str, Any], fingerprint: str) -> RunInfo:
    """The run is being worked on by this process. A resumed run keeps the time it first began."""
    run.status = RunStatus.WORKING.value
    run.started_at = run.started_at or timezone.now()
    run.sync_snapshot, run.fingerprint = snapshot, fingerprint
    run.pid, run.host = os.getpid(), socket.gethostname()[:255]
    # Not the whole row: somebody may have asked it to be canceled meanwhile.
    run.save(update_fields=["status", "started_at", "sync_snapshot", "fingerprint", "pid", "host"])
    return RunInfo(id=run.pk, started_at=run.started_at)


def plan_frozen(run: Run, plan: Plan) -> None:
    """The plan's file is complete: from now on this run sends exactly this."""
    run.plan_path, run.plan_fields = str(plan.path), list(plan.fields)
    run.plan_counts = {"add": plan.add, "change": plan.change, "remove": plan.remove}
    run.planned_at = timezone.now()
    run.save(update_fields=["plan_path", "plan_fields", "plan_counts", "planned_at"])


def finish(
    run: Run,
    status: RunStatus,
    *,
    counts: Counts | None = None,
    error: HeadcountError | None = None,
    warnings: Sequence[str] = (),
    folded: bool = False,
) -> None:
    """The run ends here (or, with status ``waiting``, until somebody approves)."""
    run.status = status.value
    run.counts = asdict(counts) if counts is not None else run.counts
    run.error, run.hint = (error.message, error.hint) if error is not None else ("", "")
    run.warnings = list(warnings)
    run.folded = run.folded or folded
    run.finished_at = None if status in UNFINISHED else timezone.now()
    run.pid = None
    run.save(
        update_fields=[
            "status",
            "counts",
            "error",
            "hint",
            "warnings",
            "folded",
            "finished_at",
            "pid",
        ]
    )


def explain(
    run: Run, field_changes: Mapping[str, int], invalid_reasons: Sequence[tuple[str, str, int]]
) -> None:
    """Note which fields made it change rows, and why it left some out: field, reason, rows."""
    Run.objects.filter(pk=run.pk).update(
        field_changes=dict(field_changes), invalid_reasons=[list(each) for each in invalid_reasons]
    )


def unfinished(sync: Sync) -> list[Run]:
    """Runs of the sync that have not ended, oldest first."""
    statuses = [status.value for status in UNFINISHED]
    return list(sync.runs.filter(status__in=statuses).order_by("id"))


def listing(sync_key: str | None = None, *, limit: int = 20) -> list[Run]:
    """The newest runs first."""
    runs = Run.objects.select_related("sync").order_by("-id")
    return list((runs.filter(sync__key=sync_key) if sync_key else runs)[:limit])


def find(run_id: int) -> Run:
    """Raises ``ConfigurationError`` for a number that no run has."""
    run = Run.objects.select_related("sync").filter(pk=run_id).first()
    if run is None:
        raise ConfigurationError(f"There is no run {run_id}.", hint="headcount runs lists them.")
    return run


def request_cancel(run_id: int) -> Run:
    """Ask a run to stop. One that no process has begun, or that waits for approval, ends at once."""
    with transaction.atomic():
        run = find(run_id)
        status = RunStatus(run.status)
        if status not in UNFINISHED:
            raise ConfigurationError(f"Run {run_id} has ended already: it is {run.status}.")
        Run.objects.filter(pk=run_id).update(cancel_requested=True)
        run.cancel_requested = True
        if status in (RunStatus.QUEUED, RunStatus.WAITING):
            finish(run, RunStatus.CANCELED)
    return run
