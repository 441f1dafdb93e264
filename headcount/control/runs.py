"""Runs: recorded, begun, planned, finished, listed."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from headcount.control import news, tallies
from headcount.control.error_codes import error_code
from headcount.control.models import Intent, Run, Sync
from headcount.errors import ConfigurationError, HeadcountError, Suspended
from headcount.model import Counts, Plan, RunInfo, RunKind, RunStatus

UNFINISHED = (RunStatus.QUEUED, RunStatus.WORKING, RunStatus.PAUSED, RunStatus.WAITING)


def add(
    sync: Sync,
    *,
    trigger: str = "manual",
    full: bool = False,
    kind: RunKind = RunKind.RUN,
    keys: Sequence[str] = (),
    queued: bool = False,
) -> Run:
    """Record that the sync shall run: in this process, or (``queued``) in a worker."""
    return Run.objects.create(
        sync=sync, trigger=trigger, full=full, kind=kind.value, keys=list(keys), attempt=int(queued)
    )


def begin(run: Run, *, snapshot: dict[str, Any], fingerprint: str) -> RunInfo:
    """The run is being worked on by this process. A resumed run keeps the time it first began."""
    first = run.started_at is None and not run.source_tries
    run.status = RunStatus.WORKING.value
    run.started_at = run.started_at or timezone.now()
    run.sync_snapshot, run.fingerprint = snapshot, fingerprint
    run.pid, run.host = os.getpid(), socket.gethostname()[:255]
    run.error = run.hint = run.error_code = ""  # of an earlier try
    with transaction.atomic():
        _save(run, *_BEGUN)
        if first:
            news.begun(run)
    return RunInfo(id=run.pk, started_at=run.started_at)


_BEGUN = (
    "status", "started_at", "sync_snapshot", "fingerprint", "pid", "host", "error", "hint", "error_code",
)  # fmt: skip


def plan_frozen(run: Run, plan: Plan) -> None:
    """The plan's file is complete: from now on this run sends exactly this."""
    run.plan_path, run.plan_fields = str(plan.path), list(plan.fields)
    run.plan_counts = {"add": plan.add, "change": plan.change, "remove": plan.remove}
    run.planned_at = timezone.now()
    _save(run, "plan_path", "plan_fields", "plan_counts", "planned_at")


def finish(
    run: Run,
    status: RunStatus,
    *,
    counts: Counts | None = None,
    error: HeadcountError | None = None,
    warnings: Sequence[str] = (),
    folded: bool = False,
) -> None:
    """The run ends here (or, with status ``waiting``, until somebody approves).

    Raises ``Suspended`` when it is somebody else's to end.
    """
    ends = RunStatus(run.status) in UNFINISHED and status not in UNFINISHED
    told = status is not RunStatus.PAUSED and run.status != status.value
    run.status = status.value
    run.counts = asdict(counts) if counts is not None else run.counts
    run.error, run.hint = (error.message, error.hint) if error is not None else ("", "")
    run.error_code = error_code(error) if error is not None and status is not RunStatus.SKIPPED else ""
    run.warnings = list(warnings)
    run.folded = run.folded or folded
    run.finished_at = None if status in UNFINISHED else timezone.now()
    run.pid = None
    with transaction.atomic():
        _save(
            run, "status", "counts", "error", "hint", "error_code", "warnings", "folded", "finished_at", "pid"
        )
        if ends:
            tallies.count(run)
        if told:
            news.ended(run)


def requeue(run: Run, *, approved: bool = False, here: bool = False, died: bool = False) -> bool:
    """Hand a run to the queue (again), or to this process (``here``); False when it changed since it was read.

    ``died``: whoever worked on it ended without letting go of it.
    """
    values: dict[str, Any] = {"approved": True} if approved else {}
    if died:
        values["deaths"] = run.deaths + 1
    same = Run.objects.filter(pk=run.pk, status=run.status, attempt=run.attempt, worker=run.worker)
    return bool(
        same.update(
            status=RunStatus.QUEUED.value,
            attempt=run.attempt if here else run.attempt + 1,
            worker="",
            lease_until=None,
            pause_requested=False,
            not_before=None,
            pid=None,
            **values,
        )
    )


def put_off(run: Run, seconds: float, error: HeadcountError, *, worked: float) -> None:
    """Hand a run back to the queue that could not read its source; it begins anew in so many seconds.

    ``worked`` as in its row. Raises ``Suspended`` when the run is somebody else's.
    """
    changed = Run.objects.filter(pk=run.pk, worker=run.worker).update(
        status=RunStatus.QUEUED.value,
        attempt=run.attempt + 1,
        worker="",
        lease_until=None,
        pid=None,
        started_at=None,  # nothing was sent, so whoever looks for what was begun need not mind it
        not_before=Now() + timedelta(seconds=seconds),
        source_tries=run.source_tries + 1,
        worked=worked,
        error=error.message,
        hint=error.hint,
        error_code=error_code(error),
        progress={},
    )
    if not changed:
        raise Suspended


def explain(
    run: Run, field_changes: Mapping[str, int], invalid_reasons: Sequence[tuple[str, str, int]]
) -> None:
    """Note which fields made it change rows, and why it left some out: field, reason, rows."""
    Run.objects.filter(pk=run.pk).update(
        field_changes=dict(field_changes), invalid_reasons=[list(each) for each in invalid_reasons]
    )


def pause(run: Run, so_far: Counts | None = None) -> None:
    """The run rests until somebody resumes it. ``so_far`` are its sums, once it has a plan."""
    run.status, run.pid = RunStatus.PAUSED.value, None
    run.counts = asdict(so_far) if so_far is not None else run.counts
    _save(run, "status", "pid", "counts")


def _save(run: Run, *fields: str) -> None:
    """Never the whole row: somebody may have asked it to be canceled meanwhile. And only by whoever works on it."""
    values = {name: getattr(run, name) for name in fields}
    if not Run.objects.filter(pk=run.pk, worker=run.worker).update(**values):
        raise Suspended


def unfinished(sync: Sync) -> list[Run]:
    """Runs of the sync that were begun and have not ended, oldest first; what only waits in the queue is none."""
    begun = sync.runs.filter(status__in=[status.value for status in UNFINISHED])
    waiting = Q(status__in=[RunStatus.QUEUED.value, RunStatus.PAUSED.value], attempt__gt=0, started_at=None)
    return list(begun.exclude(waiting).order_by("id"))


def begun(sync: Sync) -> list[Run]:
    """Those of them that are worked on or rest, and those that sent something: not what waits in the queue or for
    approval and sent nothing yet.
    """
    waiting = (RunStatus.QUEUED.value, RunStatus.WAITING.value)
    return [run for run in unfinished(sync) if run.status not in waiting or run.intents.exists()]


def unsettled(sync: Sync) -> list[Run]:
    """Runs of the sync that failed, and whose answers nobody could bring into its state then; oldest first."""
    failed = sync.runs.filter(status=RunStatus.FAILED.value, folded=False)
    return list(failed.filter(Exists(Intent.objects.filter(run=OuterRef("pk")))).order_by("id"))


def settled(run: Run, counts: Counts, warnings: Sequence[str] = ()) -> None:
    """What a failed run sent is in the state now, or can never be. For who holds its sync."""
    said = [*run.warnings, *warnings]
    Run.objects.filter(pk=run.pk).update(folded=True, warnings=said, counts=asdict(counts))


def ahead(sync: Sync) -> Run | None:
    """The run of the sync that is in the queue, working, or paused by a person, if there is one."""
    first = Q(status=RunStatus.QUEUED.value, attempt__gt=0) | Q(status=RunStatus.WORKING.value)
    resting = Q(status=RunStatus.PAUSED.value, pause_requested=True)
    return sync.runs.filter(first | resting).order_by("id").first()


def due() -> list[Run]:
    """Queued runs that may begin: of each sync the oldest, unless another run of it is working.

    One that waits for its source lets later ones go first.
    """
    now = Q(not_before=None) | Q(not_before__lte=Now())
    queued = Run.objects.filter(now, status=RunStatus.QUEUED.value, attempt__gt=0).order_by("id")
    working = Run.objects.filter(status=RunStatus.WORKING.value).values_list("sync_id", flat=True)
    first: dict[int, Run] = {}
    for run in queued.select_related("sync"):
        first.setdefault(run.sync_id, run)
    busy = set(working) if first else set()
    return [run for sync, run in first.items() if sync not in busy]


def request_pause(run_id: int) -> Run:
    """Ask a run to rest. One that has not begun rests at once."""
    run = find(run_id)
    if run.status == RunStatus.QUEUED.value and _turn(run, RunStatus.PAUSED):
        return find(run_id)
    asked = Run.objects.filter(pk=run_id, status=RunStatus.WORKING.value).update(pause_requested=True)
    if not asked:
        raise ConfigurationError(f"Run {run_id} cannot be paused: it is {find(run_id).status}.")
    return find(run_id)


def _turn(run: Run, status: RunStatus) -> bool:
    """From the status it was read with to another one, unless something happened to it meanwhile."""
    same = Run.objects.filter(pk=run.pk, status=run.status, attempt=run.attempt, worker=run.worker)
    return bool(same.update(status=status.value, pause_requested=status is RunStatus.PAUSED))


def listing(sync_key: str | None = None, *, limit: int = 20) -> list[Run]:
    """The newest runs first."""
    runs = Run.objects.select_related("sync__stream").order_by("-id")
    return list((runs.filter(sync__key=sync_key) if sync_key else runs)[:limit])


def find(run_id: int) -> Run:
    """Raises ``ConfigurationError`` for a number that no run has."""
    run = Run.objects.select_related("sync").filter(pk=run_id).first()
    if run is None:
        raise ConfigurationError(f"There is no run {run_id}.", hint="headcount runs lists them.")
    return run


def _locked(run_id: int) -> Run:
    """The run, and nobody begins it before this transaction is over."""
    find(run_id)
    return Run.objects.select_for_update(of=("self",)).select_related("sync").get(pk=run_id)


def request_cancel(run_id: int) -> Run:
    """Ask a run to stop. One that no process has begun, or that waits for approval, ends at once."""
    with transaction.atomic():
        run = _locked(run_id)
        status = RunStatus(run.status)
        if status not in UNFINISHED:
            raise ConfigurationError(f"Run {run_id} has ended already: it is {run.status}.")
        Run.objects.filter(pk=run_id).update(cancel_requested=True)
        run.cancel_requested = True
        if status in (RunStatus.QUEUED, RunStatus.WAITING) and not run.intents.exists():
            finish(run, RunStatus.CANCELED)
    return run
