"""Runs: started, resumed after a crash, approved, finished. One run of a sync at a time.

The lock of a sync is a file that the system lets go of when its process ends, however it ends. Whoever holds it and
finds an unfinished run knows that its process is gone, and brings that run to its end first.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from headcount.control import held, runs
from headcount.control.ledger import RunLedger
from headcount.control.models import Run
from headcount.control.models import Sync as SyncRow
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ApprovalNeeded, ConfigurationError, HeadcountError, SumsDoNotAddUp
from headcount.fold import release
from headcount.frozen import Frozen, load, only_of
from headcount.home import Home
from headcount.model import Behavior, Counts, RunInfo, RunStatus
from headcount.receipts import Book
from headcount.service.abandoned import BEFORE_PLAN
from headcount.service.interruption import noting_interruption
from headcount.service.keys import canonical
from headcount.service.lines import Setup, find_sync, fingerprint, prepare_line, sync_as_of
from headcount.service.locks import sync_lock
from headcount.service.refusals import record_rows
from headcount.service.retention import forget_old_plans
from headcount.service.words import warnings_of
from headcount.state import StateFile
from headcount.sync import Progress, Result, count, resumable, run_line, settle
from headcount.workbench import Workbench


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """One ended (or waiting) run, for whoever asked for it."""

    run: int
    sync: str
    status: RunStatus
    counts: Counts
    seconds: float
    error: str = ""
    hint: str = ""
    warnings: tuple[str, ...] = ()
    invalid_reasons: tuple[tuple[str, str, int], ...] = ()
    resumed: tuple[RunReport, ...] = field(default=())

    @property
    def troubled(self) -> bool:
        """Done, but not every row: something was rejected or invalid."""
        return bool(self.counts.rejected or self.counts.invalid)


@told()
def run_sync(
    key: str, *, full: bool = False, trigger: str = "manual", progress: Progress | None = None
) -> RunReport:
    """Run a sync now, in this process; first bring to its end what an earlier process left unfinished.

    Raises ``ConfigurationError`` for an unknown sync and for a full run of Events. What goes wrong in the run is in
    the report.
    """
    home = setup()
    row = find_sync(key)
    _check_full(row, full)
    with sync_lock(home, row.stream.state_id) as mine:
        if not mine:
            return _skipped(row, trigger, full)
        before = tuple(_bring_to_end(row, run, progress) for run in runs.unfinished(row))
        run = _new_run(row, home, trigger, full=full)
        return replace(_work(row, run, progress), resumed=before)


@told()
def retry_sync(key: str, keys: Sequence[str] | None = None, *, progress: Progress | None = None) -> RunReport:
    """Let held rows go (all, or those of ``keys``) and run: what is planned are the values they have now.

    Raises ``ConfigurationError`` when a named key is not held.
    """
    home = setup()
    row = find_sync(key)
    sync = sync_as_of(row)
    wanted = None if keys is None else [canonical(sync.identifier, each) for each in keys]
    state = StateFile(home.state / f"{row.stream.state_id}.duckdb")
    with Workbench(home.root / "scratch") as bench:
        released = release(bench, state, wanted)
    if wanted and not released:
        raise ConfigurationError(
            f"None of these records of {key} is held: {', '.join(wanted)}.",
            hint=f"See which are: headcount rejected {key}",
        )
    held.release(row, wanted)
    return run_sync(key, trigger="retry", progress=progress)


@told()
def test_row(key: str, record: str, *, progress: Progress | None = None) -> RunReport:
    """Send one row of the source as a run of its own, whether it changed or not, and record its outcome.

    Raises ``ConfigurationError`` when another run is working. A row that is not there, or invalid, shows in the
    report's counts.
    """
    home = setup()
    row = find_sync(key)
    only = canonical(sync_as_of(row).identifier, record)
    with sync_lock(home, row.stream.state_id) as mine:
        if not mine:
            raise ConfigurationError(
                "Another run of this sync is working.", hint="Test again when it has ended."
            )
        waiting = RunStatus.WAITING.value  # a test takes no plan's place
        before = tuple(
            _bring_to_end(row, run, progress) for run in runs.unfinished(row) if run.status != waiting
        )
        run = _new_run(row, home, "test")
        return replace(_work(row, run, progress, only=only), resumed=before)


@told()
def approve_run(run_id: int, *, progress: Progress | None = None) -> RunReport:
    """Let a run pass the guard that stopped it. A plan that is too old, or whose sync was changed, is made anew
    and must pass the guards itself.
    """
    home = setup()
    run = runs.find(run_id)
    _check_waiting(run)
    with sync_lock(home, run.sync.stream.state_id) as mine:
        if not mine:
            raise ConfigurationError(
                "Another run of this sync is working.", hint="Approve again when it has ended."
            )
        run.refresh_from_db(fields=["status"])
        _check_waiting(run)
        if not _still_valid(run.sync, run):
            return _planned_anew(run, progress)
        run.approved = True
        run.save(update_fields=["approved"])
        return _work(run.sync, run, progress)


def _check_waiting(run: Run) -> None:
    if run.status != RunStatus.WAITING.value:
        raise ConfigurationError(f"Run {run.pk} does not wait for approval: it is {run.status}.")


def _planned_anew(run: Run, progress: Progress | None) -> RunReport:
    """What was approved is not what would be sent now, so the guards have their say about the new plan."""
    only = only_of(setup().plans / str(run.pk))
    _forget_plan(run)
    report = _work(run.sync, run, progress, only=only)
    told = "The plan that waited was made anew: it was too old, or the sync was changed since."
    return replace(report, warnings=(told, *report.warnings))


@told()
def cancel_run(run_id: int) -> RunReport:
    """Ask a run to stop; one that no process works on any more is brought to its end here."""
    home = setup()
    run = runs.request_cancel(run_id)
    if run.status == RunStatus.CANCELED.value:
        return report_of(run)
    with sync_lock(home, run.sync.stream.state_id) as mine:
        if mine:
            return _bring_to_end(run.sync, run, None)
    return report_of(runs.find(run_id))


def _new_run(row: SyncRow, home: Home, trigger: str, *, full: bool = False) -> Run:
    """Record a run. Its number may have been another's before, if the control store was restored: no plan of that
    one may be taken for this one's.
    """
    run = runs.add(row, trigger=trigger, full=full)
    shutil.rmtree(home.plans / str(run.pk), ignore_errors=True)
    return run


def _check_full(row: SyncRow, full: bool) -> None:
    if full and sync_as_of(row).behavior is Behavior.APPEND_ONLY:
        raise ConfigurationError(
            "Events are never sent again, so a sync of events has no full run.",
            hint="Run it without --full: what is new will be sent.",
        )


def _skipped(row: SyncRow, trigger: str, full: bool) -> RunReport:
    run = runs.add(row, trigger=trigger, full=full)
    busy = HeadcountError(
        "Another run of this sync is working.", hint="It was left alone; run again when it has ended."
    )
    runs.finish(run, RunStatus.SKIPPED, error=busy)
    return report_of(run)


def _work(row: SyncRow, run: Run, progress: Progress | None, *, only: str | None = None) -> RunReport:
    """Plan (unless that is done), deliver, fold; the run row tells how it ended."""
    with noting_interruption(setup(), run):
        try:
            prepared = prepare_line(row, progress)
        except HeadcountError as error:
            runs.finish(run, RunStatus.FAILED, error=error)
            return report_of(run)
        info = runs.begin(run, snapshot=prepared.snapshot, fingerprint=fingerprint(prepared.snapshot))
        return _ended(run, prepared, info, only)


def _ended(run: Run, prepared: Setup, info: RunInfo, only: str | None) -> RunReport:
    folder = plan_folder(prepared, run)
    with RunLedger(run.pk) as ledger, prepared.closing():
        try:
            result = run_line(
                prepared.line, info, ledger, folder, full=run.full, approved=run.approved, only=only
            )
        except ApprovalNeeded as error:
            return _waiting(run, prepared, folder, error)
        except HeadcountError as error:
            return _stopped(run, prepared, info, ledger, folder, error)
        return _record(run, prepared, result, ledger)


def _waiting(run: Run, prepared: Setup, folder: Path, error: ApprovalNeeded) -> RunReport:
    frozen = load(folder, prepared.line.sync, prepared.line.object)
    runs.finish(
        run,
        RunStatus.WAITING,
        counts=_plan_counts(frozen),
        error=error,
        warnings=warnings_of(frozen, prepared.line),
    )
    return report_of(run, frozen)


def _stopped(
    run: Run, prepared: Setup, info: RunInfo, ledger: RunLedger, folder: Path, error: HeadcountError
) -> RunReport:
    """Something other than the destination's answers ended the run; what was answered is folded if that can be."""
    frozen = load(folder, prepared.line.sync, prepared.line.object)
    counts = None
    if isinstance(error, SumsDoNotAddUp):
        counts = None  # folded already; the sums that disagree are in the message
    elif frozen is not None and ledger.intents():
        counts = settle(prepared.line, frozen, info, ledger).counts
        record_rows(run, prepared.line, frozen, ledger)
    elif frozen is not None:
        counts = _plan_counts(frozen)
    runs.finish(
        run, RunStatus.FAILED, counts=counts, error=error, warnings=warnings_of(frozen, prepared.line)
    )
    return report_of(run, frozen)


def _record(
    run: Run, prepared: Setup, result: Result, ledger: RunLedger, status: RunStatus | None = None
) -> RunReport:
    runs.plan_frozen(run, result.frozen.plan)
    record_rows(run, prepared.line, result.frozen, ledger)
    ended = status or _status(result)
    runs.finish(
        run,
        ended,
        counts=result.counts,
        error=result.error,
        warnings=warnings_of(result.frozen, prepared.line),
        folded=True,
    )
    forget_old_plans(prepared.home, run.sync)
    return report_of(run, result.frozen)


def _status(result: Result) -> RunStatus:
    if result.error is not None:
        return RunStatus.FAILED
    return RunStatus.CANCELED if result.canceled else RunStatus.COMPLETED


def _bring_to_end(row: SyncRow, run: Run, progress: Progress | None) -> RunReport:
    """What an earlier process left: resume it if everything is as it was, else settle what it has done.

    Raises ``HeadcountError`` when it cannot even be settled now, a secret that is not set for example: then it stays
    as it is, for what it sent must not be forgotten.
    """
    if run.status == RunStatus.WAITING.value:
        return _superseded(run)
    if not run.cancel_requested and _still_valid(row, run):
        return _work(row, run, progress)
    if not run.sync_snapshot:
        return _lost(run)
    old = prepare_line(row, progress, sync=sync_as_of(row, run.sync_snapshot))
    folder = plan_folder(old, run)
    frozen = load(folder, old.line.sync, old.line.object)
    if frozen is None:
        return _lost(run)
    with RunLedger(run.pk) as ledger, old.closing():
        result = settle(old.line, frozen, RunInfo(id=run.pk, started_at=_begun(run)), ledger)
        ended = RunStatus.CANCELED if run.cancel_requested else RunStatus.SUPERSEDED
        return _record(run, old, result, ledger, ended)


def _superseded(run: Run) -> RunReport:
    runs.finish(
        run, RunStatus.SUPERSEDED, error=HeadcountError("A newer run took its place before it was approved.")
    )
    return report_of(run)


def _lost(run: Run) -> RunReport:
    ended = RunStatus.CANCELED if run.cancel_requested else RunStatus.FAILED
    runs.finish(run, ended, error=_unplanned(run))
    return report_of(run)


def _unplanned(run: Run) -> HeadcountError:
    if not run.intents.exists():
        return BEFORE_PLAN
    return HeadcountError(
        "The run was interrupted, and its plan is gone: what it sent cannot be told any more.",
        hint=f"Send everything once more: headcount run {run.sync.key} --full",
    )


def _still_valid(row: SyncRow, run: Run) -> bool:
    """Are sync, connections and plan as they were when the run was interrupted, and the plan young?"""
    try:
        prepared = prepare_line(row, None)
    except HeadcountError:
        return False
    with prepared.closing():
        if fingerprint(prepared.snapshot) != run.fingerprint:
            return False
        frozen = load(plan_folder(prepared, run), prepared.line.sync, prepared.line.object)
        return resumable(frozen, prepared.line, datetime.now(UTC))


def _forget_plan(run: Run) -> None:
    (setup().plans / str(run.pk) / "plan.json").unlink(missing_ok=True)


def plan_folder(prepared: Setup, run: Run) -> Path:
    return prepared.home.plans / str(run.pk)


def _begun(run: Run) -> datetime:
    return run.started_at or run.created_at


def _plan_counts(frozen: Frozen | None) -> Counts | None:
    """The sums of a plan of which nothing was sent."""
    return count(frozen, Book(receipts=(), intents=())) if frozen is not None else None


def report_of(run: Run, frozen: Frozen | None = None) -> RunReport:
    """A run row as a report."""
    ended = run.finished_at or datetime.now(UTC)
    return RunReport(
        run=run.pk,
        sync=run.sync.key,
        status=RunStatus(run.status),
        counts=Counts(**run.counts) if run.counts else Counts(),
        seconds=round((ended - _begun(run)).total_seconds(), 3),
        error=run.error,
        hint=run.hint,
        warnings=tuple(run.warnings),
        invalid_reasons=frozen.planned.invalid_reasons if frozen else (),
    )
