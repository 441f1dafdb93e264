"""Closing the books of runs that are not continued: what was answered comes into the state, the rest is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from headcount.control import runs
from headcount.control.ledger import RunLedger
from headcount.control.models import Run
from headcount.control.models import Sync as SyncRow
from headcount.control.setup import setup
from headcount.destinations.customerio.objects import destination_object
from headcount.frozen import FILE, Frozen, UnreadablePlan, keyed, load
from headcount.model import Behavior, Counts, RunInfo, Sync
from headcount.receipts import Book, read_book
from headcount.service.hold import Hold
from headcount.service.lines import OtherRelease, Prepared, prepare_books, sync_as_of
from headcount.service.plans import plan_folder
from headcount.service.refusals import record_rows
from headcount.service.states import state_here
from headcount.sync import Result, fates_of, settle, settle_keys


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A run as its plan and its book left it, and what it was settled with."""

    setup: Prepared
    result: Result
    ledger: RunLedger


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A run whose plan tells no values any more, and what is said of it. ``folded``: by its keys, which are known.

    ``counts`` are its sums, as far as its book tells them; what it read and planned only where its plan does.
    """

    message: str
    hint: str
    folded: bool
    counts: Counts

    @property
    def words(self) -> str:
        return f"{self.message} {self.hint}"


@contextmanager
def settling(
    row: SyncRow, run: Run, hold: Hold | None = None, *, holder: str = ""
) -> Iterator[Settled | Unread]:
    """Fold a run by the sync as it was planned with; by its keys alone when this release cannot tell how that was.

    Without a ``hold``, for the holder of the sync's lock. Raises ``HeadcountError`` when that cannot be done now,
    because another process has the state for example.
    """
    sync = _planned_with(row, run)
    old = prepare_books(row, sync, hold.progress if hold else None) if sync else None
    frozen = _plan_of(run, old) if old else None
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


def _plan_of(run: Run, old: Prepared) -> Frozen | None:
    """The plan; None when there is none, or none that this release can read."""
    try:
        return load(plan_folder(old.home, run.pk), old.line.sync, old.line.object)
    except UnreadablePlan:
        return None


def _info(run: Run) -> RunInfo:
    return RunInfo(id=run.pk, started_at=run.started_at or run.created_at)


def _by_keys(row: SyncRow, run: Run, holder: str) -> Unread:
    home = setup()
    folder = plan_folder(home, run.pk)
    once = destination_object(row.object).behaviors == (Behavior.APPEND_ONLY,)
    plan = keyed(folder)
    if plan is None:
        return _lost(row, run, holder, there=(folder / FILE).exists(), once=once)
    with RunLedger(run.pk, holder) as ledger:
        counts = settle_keys(
            state_here(home, row), home.root / "scratch", plan, _info(run), ledger, exact=once
        )
    if once:
        return Unread(
            message="Its plan cannot be read by this release, but it is known which rows it sent.",
            hint="They are not sent again; those that were refused are.",
            folded=True,
            counts=counts,
        )
    return Unread(
        message="Its plan cannot be read by this release, but it is known whose rows it sent.",
        hint="The next run sends these once more, with all their values.",
        folded=True,
        counts=counts,
    )


def _as_told(run: Run, book: Book) -> Counts:
    """What the run said of its plan before that was gone, and what its book says of what it sent."""
    planned: dict[str, int] = run.progress.get("plan", {})
    rows = planned.get("add", 0) + planned.get("change", 0)  # all that is known of
    told = Counts(**run.counts) if run.counts else Counts(read=rows, **planned)
    return replace(told, **fates_of(book, told.planned or None))


def _lost(row: SyncRow, run: Run, holder: str, *, there: bool, once: bool) -> Unread:
    with RunLedger(run.pk, holder) as ledger:
        counts = _as_told(run, read_book(ledger))
    plan = "Its plan cannot be read" if there else "Its plan is gone"
    return Unread(
        message=f"{plan}: what it sent cannot be told any more.",
        hint="The next run sends it once more, under the same ids: the workspace counts it once."
        if once
        else f"Send everything once more: headcount run {row.key} --full",
        folded=False,
        counts=counts,
    )


def settle_failed(row: SyncRow, hold: Hold | None = None) -> None:
    """Before anything else of a sync is planned or sent: what earlier runs sent that failed before they were folded,
    because their worker died too often, the disk was full, or of a bug. They stay failed.
    """
    for run in runs.unsettled(row):
        with settling(row, run, hold) as done:
            if isinstance(done, Unread):
                runs.settled(run, done.counts, [done.words])
                continue
            record_rows(run, done.setup.line, done.result.frozen, done.ledger)
            runs.settled(run, done.result.counts)
