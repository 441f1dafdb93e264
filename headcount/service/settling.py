"""Closing the books of runs that are not continued: what was answered comes into the state, the rest is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from headcount.control import runs
from headcount.control.ledger import RunLedger
from headcount.control.models import Run
from headcount.control.models import Sync as SyncRow
from headcount.frozen import load
from headcount.model import RunInfo, Sync
from headcount.service.hold import Hold
from headcount.service.lines import OtherRelease, Prepared, prepare_books, sync_as_of
from headcount.service.plans import plan_folder
from headcount.service.refusals import record_rows
from headcount.sync import Result, settle

LOST = "Its plan is gone: what it sent cannot be told any more. Send everything once more with --full."


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A run as its plan and its book left it, and what it was settled with."""

    setup: Prepared
    result: Result
    ledger: RunLedger


@contextmanager
def settling(
    row: SyncRow, run: Run, hold: Hold | None = None, *, holder: str = ""
) -> Iterator[Settled | None]:
    """Fold a run by the sync as it was planned with; None when there is no plan of it that can be read.

    Without a ``hold``, for the holder of the sync's lock. Raises ``HeadcountError`` when that cannot be done now,
    because another process has the state for example.
    """
    sync = _planned_with(row, run)
    if sync is None:
        yield None
        return
    old = prepare_books(row, sync, hold.progress if hold else None)
    frozen = load(plan_folder(old.home, run.pk), old.line.sync, old.line.object)
    if frozen is None:
        yield None
        return
    with RunLedger(run.pk, holder) as ledger:
        info = RunInfo(id=run.pk, started_at=run.started_at or run.created_at)
        yield Settled(setup=old, result=settle(old.line, frozen, info, ledger), ledger=ledger)


def _planned_with(row: SyncRow, run: Run) -> Sync | None:
    """The sync as it was; None when that is not known, or said in words of another release.

    Raises ``OtherRelease`` for events: people would only be brought up to date once more, they would be sent twice.
    """
    try:
        return sync_as_of(row, run.sync_snapshot) if run.sync_snapshot else None
    except OtherRelease as error:
        if row.object != "event":
            return None
        raise OtherRelease(
            f"Which events run {run.pk} sent before it failed can only be told by the release that planned it.",
            hint="Run the sync once with that release, then upgrade.",
        ) from error


def settle_failed(row: SyncRow, hold: Hold | None = None) -> None:
    """Before anything else of a sync is planned or sent: what earlier runs sent that failed before they were folded,
    because their worker died too often, the disk was full, or of a bug. They stay failed.
    """
    for run in runs.unsettled(row):
        with settling(row, run, hold) as done:
            if done is None:
                runs.settled(run, warnings=[LOST])
                continue
            record_rows(run, done.setup.line, done.result.frozen, done.ledger)
            runs.settled(run, done.result.counts)
