"""Runs: started, resumed after a crash, approved, finished. One run of a sync at a time.

The lock of a sync is a file that the system lets go of when its process ends, however it ends. Whoever holds it and
finds an unfinished run knows that its process is gone, and brings that run to its end first. Where several machines
share a control store, a lease on the run keeps the others away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from django.db import transaction

from headcount.control import audit, runs
from headcount.control.error_codes import error_code
from headcount.control.models import Run
from headcount.control.models import Sync as SyncRow
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError, HeadcountError, NoSuchRecord, StateBusy, StoreAway, Suspended
from headcount.home import Home
from headcount.limiter import never
from headcount.model import Behavior, RunKind, RunStatus
from headcount.service.execution import bring_to_end, go_on, new_folder, not_held, release_held, supersede
from headcount.service.hold import take
from headcount.service.keys import canonical
from headcount.service.lines import find_sync, sync_as_of
from headcount.service.locks import sync_lock
from headcount.service.reports import RunReport, report_of
from headcount.sync import Progress

Stopping = Callable[[], bool]
PATIENT = ("manual", "api", "retry", "test")  # triggers that somebody waits for


class Busy(Exception):
    """Somebody works on the sync. Never leaves the service."""


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
    check_full(row, full)
    with sync_lock(home, row.stream.state_id) as mine:
        if not mine:
            return skipped(row, trigger, full)
        try:
            before = _brought_to_end(home, row, progress)
            return _run_now(home, runs.add(row, trigger=trigger, full=full), before, progress)
        except Busy:
            return skipped(row, trigger, full)


@told()
def retry_sync(key: str, keys: Sequence[str] | None = None, *, progress: Progress | None = None) -> RunReport:
    """Let held rows go (all that nobody muted, or those of ``keys``) and run: what is planned are the values they have
    now.

    Raises ``ConfigurationError`` when a named key is not held.
    """
    home = setup()
    row = find_sync(key)
    wanted = None if keys is None else canonical_keys(row, keys)
    if not release_held(home, row, wanted) and wanted:
        raise not_held(key, wanted)
    return run_sync(key, trigger="retry", progress=progress)


@told()
def test_row(key: str, record: str, *, progress: Progress | None = None) -> RunReport:
    """Send one row of the source as a run of its own, whether it changed or not, and record its outcome.

    Raises ``ConfigurationError`` when another run is working or paused, and ``NoSuchRecord`` when no row has that key:
    then the run is canceled. That the row is invalid shows in the report's counts.
    """
    home = setup()
    row = find_sync(key)
    only = canonical_keys(row, [record])
    with sync_lock(home, row.stream.state_id) as mine:
        if not mine:
            raise _working("Test")
        try:
            before = _brought_to_end(home, row, progress, for_a_test=True)
            run = runs.add(row, trigger="test", kind=RunKind.TEST, keys=only)
            report = _run_now(home, run, before, progress)
        except Busy:
            raise _working("Test") from None
    if report.code == error_code(NoSuchRecord("")):
        raise NoSuchRecord(report.error, hint=report.hint)
    return report


@told()
def approve_run(run_id: int, *, progress: Progress | None = None) -> RunReport:
    """Let a run pass the guard that stopped it, and go on with it in this process. A plan that is too old, or whose
    sync was changed, is made anew and must pass the guards itself.
    """
    return _continued(run_id, approvable, "Approve", progress)


@told()
def go_on_now(run_id: int, *, progress: Progress | None = None) -> RunReport:
    """Go on with a paused run in this process."""
    return _continued(run_id, resumable_run, "Resume", progress)


@told()
def execute_run(
    run_id: int,
    *,
    attempt: int | None = None,
    progress: Progress | None = None,
    stopping: Stopping = never,
) -> RunReport:
    """Work on a run of the queue, from wherever it stands; first bring to its end what was left unfinished.

    Nothing happens when the run has ended or rests, when ``attempt`` is not its present one, or when another process
    works on it. While another one works on its sync, the run goes back into the queue; the report's status says so.
    Once ``stopping`` says True, requests in flight are finished and the run goes back into the queue too.
    """
    home = setup()
    run = _with_sync(run_id)
    if run.status not in _TO_DO or attempt not in (None, run.attempt):
        return report_of(run)
    with sync_lock(home, run.sync.stream.state_id) as mine:
        if not mine:
            return _put_back(run)
        try:
            return _executed(home, run, attempt, progress, stopping)
        except (Busy, Suspended):
            return _put_back(run)


_TO_DO = (RunStatus.QUEUED.value, RunStatus.WORKING.value)


@told()
def awaits(run_id: int, attempt: int) -> bool:
    """Is this attempt of a run still to be made? A queue may bring up those of workers that died, long after the run
    has gone on elsewhere.
    """
    setup()
    return Run.objects.filter(pk=run_id, attempt=attempt, status__in=_TO_DO).exists()


def _executed(
    home: Home, run: Run, attempt: int | None, progress: Progress | None, stopping: Stopping
) -> RunReport:
    test = run.kind == RunKind.TEST.value
    try:
        before = _brought_to_end(home, run.sync, progress, stopping=stopping, for_a_test=test, but=run.pk)
    except StoreAway:
        raise
    except StateBusy as error:
        raise Busy from error
    except HeadcountError as error:
        runs.finish(run, RunStatus.FAILED, error=error)
        return report_of(run)
    return _run_now(home, run, before, progress, attempt=attempt, stopping=stopping)


def _put_back(run: Run) -> RunReport:
    """Somebody else works on the sync: what a person asked for waits, what a clock or a program asked for does not,
    unless no other run is working: then who has the sync is just letting go of it.
    """
    run.refresh_from_db()
    if run.status == RunStatus.QUEUED.value and run.attempt:
        working = run.sync.runs.filter(status=RunStatus.WORKING.value).exclude(pk=run.pk)
        if run.trigger in PATIENT or run.started_at is not None or not working.exists():
            runs.requeue(run)
        else:
            runs.finish(run, RunStatus.SKIPPED, error=busy())
    run.refresh_from_db()
    return report_of(run)


@told()
def fail_run(run_id: int, what: str) -> None:
    """End a run that cannot be worked on, for a reason that is nobody's but this program's."""
    run = runs.find(run_id)
    if run.status in _TO_DO:
        error = HeadcountError(
            f"Headcount came upon something it did not expect: {what}.",
            hint="Run the sync again; please report this if it happens again.",
        )
        runs.finish(run, RunStatus.FAILED, error=error)


@told()
def cancel_run(run_id: int) -> RunReport:
    """Ask a run to stop, and record who did; one that no process works on any more is brought to its end here."""
    home = setup()
    with transaction.atomic():
        run = runs.request_cancel(run_id)
        audit.record("canceled", f"sync {run.sync.key}", {"run": run_id, **audit.means()})
    if run.status == RunStatus.CANCELED.value:
        return report_of(run)
    with sync_lock(home, run.sync.stream.state_id) as mine:
        hold = take(run, home) if mine else None
        if hold is not None:
            return bring_to_end(run.sync, run, hold)
    return report_of(runs.find(run_id))


def _continued(run_id: int, find: Callable[[int], Run], what: str, progress: Progress | None) -> RunReport:
    """Go on, under the lock of its sync, with a run that ``find`` says may go on."""
    home = setup()
    run = find(run_id)
    with sync_lock(home, run.sync.stream.state_id) as mine:
        run = find(run_id)
        if not mine:
            raise _working(what)
        try:
            before = _brought_to_end(
                home, run.sync, progress, for_a_test=run.kind == RunKind.TEST.value, but=run.pk
            )
            if runs.requeue(run, approved=run.status == RunStatus.WAITING.value, here=True):
                return _run_now(home, _with_sync(run_id), before, progress)
        except Busy:
            pass
        raise _working(what)


def approvable(run_id: int) -> Run:
    """A run that waits for approval. Raises ``ConfigurationError`` for any other."""
    run = _with_sync(run_id)
    if run.status != RunStatus.WAITING.value:
        raise ConfigurationError(f"Run {run.pk} does not wait for approval: it is {run.status}.")
    return run


def resumable_run(run_id: int) -> Run:
    """A run that rests. Raises ``ConfigurationError`` for any other."""
    run = _with_sync(run_id)
    if run.status != RunStatus.PAUSED.value:
        raise ConfigurationError(f"Run {run.pk} is not paused: it is {run.status}.")
    return run


def _with_sync(run_id: int) -> Run:
    run = runs.find(run_id)
    run.sync = find_sync(run.sync.key)
    return run


def _run_now(
    home: Home,
    run: Run,
    before: tuple[RunReport, ...],
    progress: Progress | None,
    *,
    attempt: int | None = None,
    stopping: Stopping = never,
) -> RunReport:
    """For the holder of the sync's lock. Raises ``Busy`` when the run is another's after all."""
    hold = take(run, home, attempt=attempt, progress=progress, stopping=stopping)
    if hold is None:
        raise Busy
    if run.started_at is None:
        new_folder(home, run)
    return replace(go_on(run.sync, run, hold), resumed=before)


def _brought_to_end(
    home: Home,
    row: SyncRow,
    progress: Progress | None,
    *,
    stopping: Stopping = never,
    for_a_test: bool = False,
    but: int | None = None,
) -> tuple[RunReport, ...]:
    """End what was begun before, for the holder of the sync's lock. A test takes no plan's place; any other run takes
    that of those that wait for approval, also of one that comes to wait only now.
    """
    reports = []
    for run in runs.unfinished(row):
        if run.pk == but or (for_a_test and run.status == RunStatus.WAITING.value):
            continue
        if for_a_test and run.status == RunStatus.PAUSED.value:
            raise ConfigurationError(
                f"Run {run.pk} of this sync is paused.", hint="Resume or cancel it, then test again."
            )
        report = _ended(home, row, run, progress, stopping)
        if report.status is RunStatus.WAITING and not for_a_test:
            report = supersede(runs.find(run.pk))
        reports.append(report)
    return tuple(reports)


def _ended(home: Home, row: SyncRow, run: Run, progress: Progress | None, stopping: Stopping) -> RunReport:
    if run.status == RunStatus.WAITING.value:
        return supersede(run)
    by_a_person = run.status == RunStatus.PAUSED.value and run.pause_requested
    hold = take(run, home, progress=progress, stopping=stopping)
    if hold is None:
        raise Busy
    return bring_to_end(row, run, hold, paused=by_a_person)


def check_full(row: SyncRow, full: bool) -> None:
    """Raises ``ConfigurationError`` for a full run of Events."""
    if full and sync_as_of(row).behavior is Behavior.APPEND_ONLY:
        raise ConfigurationError(
            "Events are never sent again, so a sync of events has no full run.",
            hint="Run it without --full: what is new will be sent.",
        )


def canonical_keys(row: SyncRow, keys: Sequence[str]) -> list[str]:
    """Keys as the sync's state writes them."""
    sync = sync_as_of(row)
    return [canonical(sync.identifier, each) for each in keys]


def skipped(row: SyncRow, trigger: str, full: bool = False) -> RunReport:
    """Record that the sync did not run, because another run of it was first."""
    run = runs.add(row, trigger=trigger, full=full)
    runs.finish(run, RunStatus.SKIPPED, error=busy())
    return report_of(run)


def busy(run: Run | None = None) -> HeadcountError:
    """Why a run is skipped; ``run`` is the one that is first."""
    what = "working" if run is None else run.status
    return HeadcountError(
        f"Another run of this sync is {what}.", hint="It was left alone; run again when it has ended."
    )


def _working(what: str) -> ConfigurationError:
    return ConfigurationError("Another run of this sync is working.", hint=f"{what} again when it has ended.")
