"""Closing the books of runs that are not continued: what was answered comes into the state, the rest is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from headcount.control import runs
from headcount.control.ledger import RunLedger
from headcount.control.models import Run
from headcount.control.models import Sync as SyncRow
from headcount.control.setup import setup
from headcount.destinations.customerio.objects import destination_object
from headcount.frozen import FILE, keyed, load
from headcount.model import Behavior, RunInfo, Sync
from headcount.service.hold import Hold
from headcount.service.lines import OtherRelease, Prepared, prepare_books, sync_as_of
from headcount.service.plans import plan_folder
from headcount.service.refusals import record_rows
from headcount.service.states import state_here
from headcount.sync import Result, settle, settle_keys


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A run as its plan and its book left it, and what it was settled with."""

    setup: Prepared
    result: Result
    ledger: RunLedger


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A run whose plan tells no values any more, and what is said of it. ``folded``: by its keys, which are known."""

    message: str
    hint: str
    folded: bool

    @property
    def words(self) -> str:
        return f"{self.message} {self.hint}"


@contextmanager
def settling(
    row: SyncRow, run: Run, hold: Hold | None = None, *, holder: str = ""
) -> Iterator[Settled | Unread]:
    """Fold a run by the sync as it was planned with; by its keys alone when nobody can tell how that was.

    Without a ``hold``, for the holder of the sync's lock. Raises ``HeadcountError`` when that cannot be done now,
    because another process has the state for example.
    """
    sync = _planned_with(row, run)
    old = prepare_books(row, sync, hold.progress if hold else None) if sync else None
    frozen = load(plan_folder(old.home, run.pk), old.line.sync, old.line.object) if old else None
    if old is None or frozen is None:
        yield _by_keys(row, run, holder)
        return
    with RunLedger(run.pk, holder) as ledger:
        yield Settled(setup=old, result=settle(old.line, frozen, _info(run), ledger), ledger=ledger)


def _planned_with(row: SyncRow, run: Run) -> Sync | None:
    """The sync as it was; None when that is not known, or said in words of another release."""
    try:
        return sync_as_of(row, run.sync_snapshot) if run.sync_snapshot else None
    except OtherRelease:
        return None


def _info(run: Run) -> RunInfo:
    return RunInfo(id=run.pk, started_at=run.started_at or run.created_at)


def _by_keys(row: SyncRow, run: Run, holder: str) -> Unread:
    home = setup()
    folder = plan_folder(home, run.pk)
    once = destination_object(row.object).behaviors == (Behavior.APPEND_ONLY,)
    plan = keyed(folder)
    if plan is None:
        return _lost(row, there=(folder / FILE).exists(), once=once)
    with RunLedger(run.pk, holder) as ledger:
        settle_keys(state_here(home, row), home.root / "scratch", plan, _info(run), ledger, exact=once)
    if once:
        return Unread(
            message="How its sync was set up then cannot be read, but which rows it sent.",
            hint="They are not sent again; those that were refused are.",
            folded=True,
        )
    return Unread(
        message="How its sync was set up then cannot be read, but whose rows it sent.",
        hint="The next run sends these once more, with all their values.",
        folded=True,
    )


def _lost(row: SyncRow, *, there: bool, once: bool) -> Unread:
    plan = "Its plan cannot be read" if there else "Its plan is gone"
    return Unread(
        message=f"{plan}: what it sent cannot be told any more.",
        hint="The next run sends it once more, under the same ids: the workspace counts it once."
        if once
        else f"Send everything once more: headcount run {row.key} --full",
        folded=False,
    )


def settle_failed(row: SyncRow, hold: Hold | None = None) -> None:
    """Before anything else of a sync is planned or sent: what earlier runs sent that failed before they were folded,
    because their worker died too often, the disk was full, or of a bug. They stay failed.
    """
    for run in runs.unsettled(row):
        with settling(row, run, hold) as done:
            if isinstance(done, Unread):
                runs.settled(run, warnings=[done.words])
                continue
            record_rows(run, done.setup.line, done.result.frozen, done.ledger)
            runs.settled(run, done.result.counts)
