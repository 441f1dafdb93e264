"""Runs for a worker: recorded here, executed there. The row in the control store is all that a worker needs to know.

Whoever calls gets the run's number at once; ``headcount.service.watching`` tells how far it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from headcount.control import audit, bell, held, leases, runs
from headcount.control.models import Run
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import HeadcountError
from headcount.model import Lane, RunKind, RunStatus
from headcount.service.execution import not_held
from headcount.service.lanes import lanes_of
from headcount.service.lines import find_sync
from headcount.service.locks import sync_lock
from headcount.service.running import PATIENT, approvable, busy, canonical_keys, check_full, resumable_run

TRIES = 20  # deaths of workers, after which a run is given up
TRUSTED = 3  # deaths, after which it no longer goes before runs that have not been begun


@dataclass(frozen=True, kw_only=True)
class Due:
    """A run that may begin now. Each time it comes back to the queue it has another attempt."""

    run: int
    attempt: int
    lane: Lane = field(default=Lane.REGULAR, compare=False)
    first: bool = field(default=False, compare=False)  # in its lane

    @property
    def rank(self) -> int:
        """The lower goes first."""
        return 2 * self.lane.value - self.first


@told()
def queue_run(key: str, *, full: bool = False, trigger: str = "manual") -> int:
    """Record that a sync shall run and return the run's number.

    ``manual`` runs wait until other runs of the sync have ended; with any other trigger the run is recorded as skipped
    when one is queued, working or paused. Raises ``ConfigurationError`` for an unknown sync and for a full run of
    Events.
    """
    row = find_sync(key)
    check_full(row, full)
    first = None if trigger in PATIENT else runs.ahead(row)
    run = runs.add(row, trigger=trigger, full=full, queued=True)
    if first is not None:
        runs.finish(run, RunStatus.SKIPPED, error=busy(first))
    return _rung(run.pk)


@told()
def queue_retry(key: str, keys: Sequence[str] | None = None) -> int:
    """Record that held rows (all that nobody muted, or those of ``keys``) shall be sent again with the values they
    have then.

    Raises ``ConfigurationError`` when none of the named keys is held.
    """
    row = find_sync(key)
    wanted = [] if keys is None else canonical_keys(row, keys)
    if wanted and not held.waits(row, wanted):
        raise not_held(key, wanted)
    return _rung(runs.add(row, trigger="retry", kind=RunKind.RETRY, keys=wanted, queued=True).pk)


@told()
def queue_test(key: str, record: str) -> int:
    """Record that one row of the source shall be sent, whether it changed or not."""
    row = find_sync(key)
    only = canonical_keys(row, [record])
    return _rung(runs.add(row, trigger="test", kind=RunKind.TEST, keys=only, queued=True).pk)


@told()
def queue_approval(run_id: int) -> int:
    """Let a run pass the guard that stopped it; a worker goes on with it. Returns its number.

    Raises ``ConfigurationError`` when it does not wait for approval.
    """
    setup()
    while not runs.requeue(approvable(run_id), approved=True):
        pass  # it changed since it was read: its worker was just letting go of it, for example
    return _rung(run_id)


@told()
def pause_run(run_id: int) -> str:
    """Ask a run to rest, within a second and the requests that are on their way, and record who did. Returns its
    status now.

    Raises ``ConfigurationError`` for a run that is neither queued nor working.
    """
    setup()
    with transaction.atomic():
        run = runs.request_pause(run_id)
        audit.record("paused", f"sync {run.sync.key}", {"run": run_id, **audit.means()})
    return str(run.status)


@told()
def resume_run(run_id: int) -> int:
    """Hand a paused run to a worker, which goes on at its first change without a receipt. Returns its number.

    Raises ``ConfigurationError`` for a run that is not paused.
    """
    setup()
    while not runs.requeue(resumable_run(run_id)):
        pass  # it changed since it was read: its worker was just letting go of it, for example
    return _rung(run_id)


@told()
def due_runs() -> list[Due]:
    """What a worker may begin, and what goes first: of each sync the oldest queued run, while no run of it is working.

    Runs whose worker is gone come back to the queue here.
    """
    home = setup()
    for run in leases.abandoned(home):
        with sync_lock(home, run.sync.stream.state_id) as free:
            if free:
                _take_back(run)
    waiting = runs.due()
    lanes = lanes_of(waiting) if waiting else {}
    dues = [
        Due(run=run.pk, attempt=run.attempt, lane=lanes[run.pk], first=_goes_first(run)) for run in waiting
    ]
    return sorted(dues, key=lambda due: (due.rank, due.run))


@told()
def begin_again(due: Due) -> None:
    """An attempt that came to nothing is replaced by the next, unless the run was begun meanwhile."""
    run = Run.objects.filter(pk=due.run, status=RunStatus.QUEUED.value, attempt=due.attempt).first()
    if run is not None:
        runs.requeue(run)


def _goes_first(run: Run) -> bool:
    """What was begun goes before what was not, unless it may be what its workers die of."""
    return run.started_at is not None and run.deaths <= TRUSTED


def _take_back(run: Run) -> None:
    if run.pause_requested:
        runs.pause(run)
    elif run.deaths < TRIES:
        runs.requeue(run, died=True)
    else:
        _give_up(run)


def _give_up(run: Run) -> None:
    """What it sent is brought into the state by the sync's next run."""
    error = HeadcountError(
        f"The run was given up: {run.deaths + 1} times whoever worked on it could not go on.",
        hint="See what ends the worker: too little memory or disk? Then run the sync again.",
    )
    runs.finish(run, RunStatus.FAILED, error=error)


def _rung(run_id: int) -> int:
    """After the row is there: whoever listens need not wait for the next look into the store."""
    bell.ring(setup())
    return run_id
