"""The work on one run, from wherever it stands to its end, by the process that holds it and the lock of its sync.

``go_on`` is for the run that was asked for, ``bring_to_end`` for one that an earlier process left unfinished.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from headcount.control import held, runs
from headcount.control.ledger import RunLedger
from headcount.control.models import Run
from headcount.control.models import Sync as SyncRow
from headcount.control.setup import setup
from headcount.errors import (
    ApprovalNeeded,
    ConfigurationError,
    EveryRowRefused,
    HeadcountError,
    NoSuchRecord,
    SourceError,
    SourceUnavailable,
    StateBusy,
    StoreAway,
    SumsDoNotAddUp,
    Suspended,
)
from headcount.fold import release
from headcount.frozen import FILE, Frozen, UnreadablePlan, load
from headcount.home import Home
from headcount.model import Counts, Lane, RunInfo, RunKind, RunStatus
from headcount.receipts import Book
from headcount.service import lineage
from headcount.service.abandoned import BEFORE_PLAN, PUT_ASIDE
from headcount.service.copies import copyist_of
from headcount.service.hold import Hold
from headcount.service.interruption import counted_so_far, noting_interruption
from headcount.service.lanes import lane_of
from headcount.service.lines import Prepared, Setup, fingerprint, prepare_line
from headcount.service.plans import drop_plans, keep_plan, plan_folder
from headcount.service.refusals import record_left_out, record_rows
from headcount.service.reports import RunReport, report_of
from headcount.service.retention import forget_old_plans
from headcount.service.settings import unquote
from headcount.service.settling import Unread, settle_failed, settling
from headcount.service.source_retries import given_up, pause_of
from headcount.service.states import state_here
from headcount.service.time_limit import timed_out
from headcount.service.veil import Veils
from headcount.service.words import warnings_of
from headcount.sync import Result, count, resumable, run_line, settle
from headcount.workbench import Workbench

MADE_ANEW = "The plan that waited was made anew: it was too old, or the sync was changed since."


def go_on(row: SyncRow, run: Run, hold: Hold) -> RunReport:
    """Work on a run: begin it, or continue at its first change without a receipt.

    A run whose plan may not be delivered any more is superseded once something was sent by it, and one that came from
    the queue has a successor there then. Before that it is planned anew, and must pass the guards itself.
    """
    with hold:
        try:
            return _without_debts(row, run, hold) or _gone_on(row, run, hold)
        except Suspended:
            return _rest(run, hold)


def _without_debts(row: SyncRow, run: Run, hold: Hold) -> RunReport | None:
    """A run that would compare with a state in which answers are missing fails instead; one of the queue comes again
    while somebody else has the state open.
    """
    try:
        settle_failed(row, hold)
    except StoreAway:
        raise
    except HeadcountError as error:
        if isinstance(error, StateBusy) and run.attempt:
            raise Suspended from error
        runs.finish(run, RunStatus.FAILED, error=error)
        return report_of(run)
    return None


def _gone_on(row: SyncRow, run: Run, hold: Hold) -> RunReport:
    if run.cancel_requested:
        return _settled(row, run, hold)
    if _still_valid(row, run):
        return _work(row, run, hold)
    if not run.intents.exists():
        return _from_the_start(row, run, hold)
    report = _settled(row, run, hold)
    if report.status is RunStatus.SUPERSEDED and run.attempt:
        kind, keys = RunKind(run.kind), run.keys
        runs.add(row, trigger=run.trigger, full=run.full, kind=kind, keys=keys, queued=True)
    return report


def _from_the_start(row: SyncRow, run: Run, hold: Hold) -> RunReport:
    anew = (plan_folder(setup(), run.pk) / FILE).exists()
    new_folder(setup(), run)
    if anew:
        run.approved = False
        Run.objects.filter(pk=run.pk).update(approved=False)
    if run.kind == RunKind.RETRY.value and (refused := _nothing_held(row, run)):
        runs.finish(run, RunStatus.FAILED, error=refused)
        return report_of(run)
    report = _work(row, run, hold)
    return replace(report, warnings=(MADE_ANEW, *report.warnings)) if anew else report


def bring_to_end(row: SyncRow, run: Run, hold: Hold, *, paused: bool = False) -> RunReport:
    """What an earlier process left: resume it if everything is as it was, else settle what it has done. One that a
    person ``paused`` is not resumed by another run: that takes its place.

    Raises ``HeadcountError`` when nobody can tell now whether it can be resumed, a secret that is not set for example,
    or when it cannot be settled: then it stays as it is, for what it sent must not be forgotten. Raises ``Suspended``
    when this process may not go on.
    """
    with hold:
        settle_failed(row, hold)
        if not paused and not run.cancel_requested and _still_valid(row, run):
            return _work(row, run, hold)
        return _settled(row, run, hold, paused=paused)


def supersede(run: Run) -> RunReport:
    """End a run that waits for approval, because a newer one takes its place."""
    runs.finish(
        run, RunStatus.SUPERSEDED, error=HeadcountError("A newer run took its place before it was approved.")
    )
    return report_of(run)


def release_held(home: Home, row: SyncRow, keys: list[str] | None) -> int:
    """Let held rows of a sync be planned again: all that nobody muted, or those of ``keys``, muted or not. Returns how
    many there were.
    """
    state = state_here(home, row)
    with Workbench(home.root / "scratch") as bench:
        released = release(bench, state, keys, held.muted_keys(row))
    if keys is None or released:
        held.release(row, keys)
    return released


def not_held(key: str, wanted: list[str]) -> ConfigurationError:
    return ConfigurationError(
        f"None of these records of {key} is held: {', '.join(wanted)}.",
        hint=f"See which are: headcount rejected {key}",
    )


def _nothing_held(row: SyncRow, run: Run) -> ConfigurationError | None:
    """Release what is to be retried. Only a first attempt can find that there is nothing."""
    keys = list(run.keys) or None
    if not release_held(setup(), row, keys) and keys and run.started_at is None and not run.source_tries:
        return not_held(row.key, keys)
    return None


def _work(row: SyncRow, run: Run, hold: Hold) -> RunReport:
    """Plan (unless that is done), deliver, fold; the run row tells how it ended."""
    with noting_interruption(setup(), run):
        try:
            prepared = prepare_line(row, hold.progress, yields=lane_of(run) is Lane.BACKFILL)
            line = prepared.line
            line = replace(line, open_source=hold.watching(line.open_source), may_read=hold.may_read)
            line = replace(line, copyist=lambda: copyist_of(row))
            prepared = replace(prepared, line=line)
        except StoreAway:
            raise
        except HeadcountError as error:
            runs.finish(run, RunStatus.FAILED, error=error)
            return report_of(run)
        lineage.note(row, prepared.snapshot)
        info = runs.begin(run, snapshot=prepared.snapshot, fingerprint=fingerprint(prepared.snapshot))
        return _ended(run, prepared, info, hold)


def _ended(run: Run, prepared: Setup, info: RunInfo, hold: Hold) -> RunReport:
    folder = plan_folder(prepared.home, run.pk)
    only = run.keys[0] if run.kind == RunKind.TEST.value else None
    with RunLedger(run.pk, hold.holder, over=hold.over) as ledger, prepared.closing():
        try:
            with prepared.discreetly():
                result = run_line(
                    prepared.line,
                    info,
                    ledger,
                    folder,
                    full=run.full,
                    approved=run.approved,
                    only=only,
                    permit=hold.permit,
                    keep=lambda made: keep_plan(run.pk, made, hold.holder),
                )
        except ApprovalNeeded as error:
            return _waiting(run, prepared, folder, error)
        except NoSuchRecord as error:  # a slip of the hand, and no failure that monitoring should count
            runs.finish(run, RunStatus.CANCELED, error=error)
            return report_of(run)
        except StoreAway:
            raise  # nothing can be recorded now: the run goes on from its book when the store is back
        except HeadcountError as error:
            if isinstance(error, SourceError) and hold.stopped_reading:
                raise Suspended from error
            if isinstance(error, SourceUnavailable):
                return _put_off(run, hold, error)
            return _stopped(run, prepared, info, ledger, folder, error)
        return _record(run, prepared, _in_time(result, hold), ledger)


def _in_time(result: Result, hold: Hold) -> Result:
    """A run that was stopped because its time was up has failed, unless everything was sent all the same."""
    if not result.canceled or not hold.over() or hold.canceled:
        return result
    error = timed_out(hold.allowed or 0) if result.counts.unsent else None
    return replace(result, canceled=False, error=result.error or error)


def _put_off(run: Run, hold: Hold, error: SourceUnavailable) -> RunReport:
    """Nothing was sent, for a plan that is complete needs no source: the run may begin anew later."""
    pause = pause_of(run)
    if pause is None:
        runs.finish(run, RunStatus.FAILED, error=given_up(run, error))
    else:
        runs.put_off(run, pause, error, worked=hold.worked)
        run.refresh_from_db()
    return report_of(run)


def _waiting(run: Run, prepared: Setup, folder: Path, error: ApprovalNeeded) -> RunReport:
    frozen = load(folder, prepared.line.sync, prepared.line.object)
    if frozen is not None:
        record_left_out(run, prepared.line, frozen)
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
    counts, folded = None, False
    if isinstance(error, SumsDoNotAddUp):
        folded = True  # and the sums that disagree are in the message
    elif frozen is not None and ledger.intents():
        counts, folded = settle(prepared.line, frozen, info, ledger).counts, True
        record_rows(run, prepared.line, frozen, ledger)
    elif frozen is not None:
        counts = _plan_counts(frozen)
    runs.finish(
        run,
        RunStatus.FAILED,
        counts=counts,
        error=error,
        warnings=warnings_of(frozen, prepared.line),
        folded=folded,
    )
    return report_of(run, frozen)


def _record(
    run: Run, prepared: Prepared, result: Result, ledger: RunLedger, status: RunStatus | None = None
) -> RunReport:
    runs.plan_frozen(run, result.frozen.plan)
    record_rows(run, prepared.line, result.frozen, ledger)
    result = replace(result, error=_veiled(run, result.error))
    if result.error is not None:
        unquote(result.error, *prepared.ends)
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


def _veiled(run: Run, error: HeadcountError | None) -> HeadcountError | None:
    """Of all errors only this one repeats what was said about a row; it is told to whom masks are not lifted."""
    if not isinstance(error, EveryRowRefused):
        return error
    return error.saying(Veils(run.sync).now.quoted(error.field, error.said))


def _status(result: Result) -> RunStatus:
    if result.error is not None:
        return RunStatus.FAILED
    return RunStatus.CANCELED if result.canceled else RunStatus.COMPLETED


def _settled(row: SyncRow, run: Run, hold: Hold, *, paused: bool = False) -> RunReport:
    """End a run that is not to be continued: what was answered is folded, what was on its way is in doubt."""
    with settling(row, run, hold, holder=hold.holder) as done:
        ended = RunStatus.CANCELED if run.cancel_requested else RunStatus.SUPERSEDED
        if isinstance(done, Unread):
            return _known_by_keys(run, done, ended) if done.folded else _lost(run, done, paused=paused)
        return _record(run, done.setup, done.result, done.ledger, ended)


def _rest(run: Run, hold: Hold) -> RunReport:
    """The run goes on later: here is what it leaves for others to find."""
    hold.tell()
    run.refresh_from_db()
    if run.worker == hold.holder:
        if run.cancel_requested and not run.intents.exists():
            runs.finish(run, RunStatus.CANCELED)
        elif hold.over() and not run.intents.exists():
            runs.finish(run, RunStatus.FAILED, error=timed_out(hold.allowed or 0))
        elif run.pause_requested:
            runs.pause(run, counted_so_far(setup(), run, in_flight=False))
        elif run.attempt:
            runs.requeue(run)
        run.refresh_from_db()
    return report_of(run)


def _known_by_keys(run: Run, found: Unread, ended: RunStatus) -> RunReport:
    warnings = [found.words] if run.intents.exists() else []
    runs.finish(run, ended, counts=found.counts, warnings=warnings, folded=True)
    return report_of(run)


def _lost(run: Run, found: Unread, *, paused: bool) -> RunReport:
    sent = run.intents.exists()
    if paused and not sent and not run.cancel_requested:  # nothing failed: a person stopped it in time
        runs.finish(run, RunStatus.SUPERSEDED, error=PUT_ASIDE, folded=True)
        return report_of(run)
    ended = RunStatus.CANCELED if run.cancel_requested else RunStatus.FAILED
    error = HeadcountError(f"The run was interrupted. {found.message}", hint=found.hint)
    # Without its sums: alerts would take what is not known of them, how many rows it read, for what it found.
    runs.finish(run, ended, error=error if sent else BEFORE_PLAN, folded=True)
    if sent:
        runs.settled(run, found.counts)
        run.refresh_from_db()
    return report_of(run)


def _still_valid(row: SyncRow, run: Run) -> bool:
    """Are sync, connections and plan as they were when the run was interrupted, and the plan young?

    Raises ``HeadcountError`` for a run that sent something, when its connections cannot be used now: they may be again.
    """
    if not run.fingerprint:
        return False
    try:
        prepared = prepare_line(row, None)
    except HeadcountError:
        if run.intents.exists():
            raise
        return False
    with prepared.closing():
        if fingerprint(prepared.snapshot) != run.fingerprint:
            return False
        try:
            frozen = load(plan_folder(prepared.home, run.pk), prepared.line.sync, prepared.line.object)
        except UnreadablePlan:
            return False
        return resumable(frozen, prepared.line, datetime.now(UTC))


def new_folder(home: Home, run: Run) -> None:
    """A run's number may have been another's before, if the control store was restored: no plan of that one may be
    taken for this one's.
    """
    drop_plans(home, [run.pk])


def _plan_counts(frozen: Frozen | None) -> Counts | None:
    """The sums of a plan of which nothing was sent."""
    return count(frozen, Book(receipts=(), intents=())) if frozen is not None else None
