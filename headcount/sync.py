"""The line: read, map, plan, batch, deliver, fold. All of a run on one screen, without a control store.

What makes it safe is the order. The plan is frozen before the first request; an intent is stored before each
request, its receipt after the answer was read, and the fold comes before the run is called done. A run that was
killed is *resumed*: what has no receipt is sent again, then the rest. If it cannot be resumed it is *settled*: what
has receipts is folded, what was on its way is in doubt, and a new plan follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from headcount.batching import batches
from headcount.delivery import Delivery, always, ask, deliver, greet
from headcount.delivery.copyist import Copyist, NoCopies
from headcount.destinations.base import Client, DestinationObject
from headcount.diff import Diff
from headcount.engines.base import Source
from headcount.errors import (
    ConfigurationError,
    EveryRowRefused,
    HeadcountError,
    NoSuchRecord,
    SumsDoNotAddUp,
    Suspended,
)
from headcount.fold import Fates, Folding, fold, fold_keys
from headcount.frozen import Frozen, Keyed, load
from headcount.guards import check_guards
from headcount.limiter import Limiter, Unlimited
from headcount.mapping import compile_sync
from headcount.model import (
    Behavior,
    Budget,
    Counts,
    Fate,
    Operation,
    Plan,
    Receipt,
    RetryPolicy,
    RunInfo,
    Sync,
)
from headcount.receipts import Book, Ledger, read_book
from headcount.state import Catalogue, Identity, Opened, State
from headcount.workbench import NARROW, Workbench, own_files, quote_text

RESUMABLE = timedelta(hours=6)


def ask_nothing(source: Source) -> None:
    """Most sources are asked for their rows and no more."""


class Progress:
    """What a run tells while it works. Does nothing by itself; a terminal or a page overrides what it shows."""

    def reading(self, rows: int) -> None:
        """So many rows were read so far."""

    def comparing(self) -> None:
        """Every row is read; now the plan is made."""

    def planned(self, frozen: Frozen) -> None:
        """The plan is frozen."""

    def resumed(self, frozen: Frozen, book: Book) -> None:
        """The plan is an earlier attempt's, and ``book`` says what that has done already."""

    def answered(self, receipt: Receipt) -> None:
        """One batch has its receipt."""

    def folding(self) -> None:
        """Everything is sent; the state is brought up to date."""


@dataclass(frozen=True, kw_only=True)
class Books:
    """One sync with what it takes to settle its runs: neither its source nor its destination need be there."""

    sync: Sync
    object: DestinationObject
    state: State
    scratch: Path
    can_look_up: bool = False  # an App API key is there
    progress: Progress = field(default_factory=Progress)


@dataclass(frozen=True, kw_only=True)
class Line(Books):
    """One sync with everything it runs on. ``workspace`` is the environment_id its state belongs to."""

    workspace: int
    open_source: Callable[[], Source]
    before_reading: Callable[[Source], None] = (
        ask_nothing  # what else is asked of the source, once it is open
    )
    client: Client
    limiter: Limiter
    budget: Budget = field(default_factory=Budget)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    lookups: Limiter = field(default_factory=Unlimited)  # the budget of looking up
    may_read: Callable[[], bool] = always  # asked before each look-up, and while it waits for its turn
    copyist: Callable[[], Copyist] = NoCopies  # of requests and answers; made when the plan is there

    @property
    def identity(self) -> Identity:
        return Identity(
            environment_id=self.workspace,
            object=self.sync.object,
            identifier=self.sync.identifier,
            key_column=self.sync.key_column,
        )


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a run ended: its sums, and the error that stopped it, if any."""

    frozen: Frozen
    counts: Counts
    canceled: bool = False
    error: HeadcountError | None = None


def make_plan(line: Line, folder: Path, *, full: bool = False, only: str | None = None) -> Frozen:
    """Read, map and compare; freeze the plan into ``folder``. Sends nothing (but looks people up for Update Only).

    Raises ``SourceError``, ``ConfigurationError``, ``StateError``, and ``NoSuchRecord`` when no row has the key
    ``only``, and ``Suspended`` when ``line.may_read`` says no while people are looked up. An interrupted read leaves no
    plan behind.
    """
    if full and line.sync.behavior is Behavior.APPEND_ONLY:
        raise ConfigurationError("Events are sent once and never again.", hint="Run without the full plan.")
    with own_files(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with Workbench(line.scratch) as bench:
            bench.make_room(len(line.sync.mappings))
            with line.state.reading(bench) as opened:
                frozen = _compare(line, folder, bench, opened, full=full, only=only)
    finally:
        for name in ("staged.parquet", "judged.parquet"):
            (folder / name).unlink(missing_ok=True)
    if only is not None and not frozen.planned.read:
        raise NoSuchRecord(
            "No row of the model has that key.",
            hint=f"See which are there: headcount preview {line.sync.key}",
        )
    frozen.save(folder)
    line.progress.planned(frozen)
    return frozen


def _compare(
    line: Line, folder: Path, bench: Workbench, opened: Opened, *, full: bool, only: str | None
) -> Frozen:
    catalogue = opened.catalogue
    same_owner = catalogue.identity in (None, line.identity)
    usable = opened if same_owner else Opened(Catalogue())
    first = usable.catalogue.source_rows is None and only is None
    source = line.open_source()
    try:
        line.before_reading(source)
        mapped = compile_sync(line.sync, source.columns(line.sync.model), line.object)
        seen = first and not line.sync.backfill
        with source.read(line.sync.model, mapped.source_columns) as reader:
            diff = Diff(bench, mapped, reader, usable, folder, full=full, record_seen=seen, only=only)
            diff.stage(line.progress.reading)
    finally:
        source.close()
    line.progress.comparing()
    planned = diff.plan(_missing_people(line))
    return Frozen.of(mapped, planned, catalogue, line.identity, full=full, only=only)


def _missing_people(line: Line) -> Callable[[Sequence[str]], Sequence[str]] | None:
    """Update Only says 200 to people it does not know; with a reading key they are found before."""
    if line.sync.behavior is not Behavior.UPDATE_ONLY or not line.can_look_up:
        return None

    def missing(keys: Sequence[str]) -> Sequence[str]:
        known = ask(
            lambda: line.client.known(line.sync.identifier, keys),
            line.lookups,
            line.retry,
            lambda: not line.may_read(),
        )
        if known is None:
            raise Suspended
        return [key for key in keys if key not in known]

    return missing


def run_line(
    line: Line,
    run: RunInfo,
    ledger: Ledger,
    folder: Path,
    *,
    full: bool = False,
    approved: bool = False,
    only: str | None = None,
    permit: Callable[[], bool] = always,
    keep: Callable[[Path], None] = lambda _: None,
) -> Result:
    """One whole run. A plan that is frozen in ``folder`` already is delivered as it stands: that resumes a run.

    ``keep`` is given the plan's folder before the first request, also when the plan was there already.
    Raises what ``make_plan`` raises, and ``ApprovalNeeded`` before the first request. What stops the delivery is in
    the result, after everything answered was folded. Raises ``Suspended`` when ``permit`` is withdrawn before the fold:
    what was answered has its receipts, and the same call goes on from there.
    """
    frozen = load(folder, line.sync, line.object)
    if frozen is not None:
        line.progress.resumed(frozen, read_book(ledger))
    else:
        frozen = make_plan(line, folder, full=full, only=only)
    keep(folder)
    if not approved and not ledger.intents():
        _ask_guards(line, frozen)
    delivery = _deliver(line, frozen, run, ledger, permit)
    if (delivery and delivery.suspended) or not permit():
        raise Suspended
    return settle(line, frozen, run, ledger, delivery)


def settle(
    line: Books, frozen: Frozen, run: RunInfo, ledger: Ledger, delivery: Delivery | None = None
) -> Result:
    """Fold what has receipts, mark what was on its way and has none as in doubt, and check the sums."""
    line.progress.folding()
    book = read_book(ledger)
    error = delivery.error if delivery else None
    with Workbench(line.scratch, maps=False) as bench:
        bench.make_room(len(frozen.mapped.fields))
        fold(
            bench,
            line.state,
            frozen.mapped,
            _folding(frozen, run, book, hold=not isinstance(error, EveryRowRefused)),
        )
    counts = count(frozen, book)
    check_sums(counts)
    return Result(frozen=frozen, counts=counts, canceled=bool(delivery and delivery.stopped), error=error)


def settle_keys(
    state: State, scratch: Path, plan: Keyed, run: RunInfo, ledger: Ledger, *, exact: bool
) -> Counts:
    """The same by a plan of which only the keys can be read; ``exact`` as in ``fold_keys``. A run that sent nothing
    leaves the state as it is, and not even its keys need be readable. Returns its sums.
    """
    book = read_book(ledger)
    with Workbench(scratch, maps=False) as bench:
        if book.intents:
            fold_keys(bench, state, _keys_folding(plan, run, book), exact=exact)
        try:
            return _count_keys(bench, plan, book)
        except HeadcountError:
            if book.intents:
                raise
            return Counts()


def _keys_folding(plan: Keyed, run: RunInfo, book: Book) -> Folding:
    return Folding(
        run=run.id,
        marker=_marker(run),
        identity=plan.identity,
        plan=Plan(path=plan.path, fields=()),
        fates=_fates(book),
        read=None,  # how many rows there were stands in words of another release, too
    )


def _count_keys(bench: Workbench, plan: Keyed, book: Book) -> Counts:
    """Where the plan's own words do not tell how many rows were read, those that were to be sent are all that is known
    of.
    """
    ops = ", ".join(f"count(*) FILTER (op = {quote_text(op.value)})" for op in Operation)
    (sizes,) = bench.run(f"SELECT {ops} FROM read_parquet({quote_text(str(plan.path))})")
    planned = {op.value: int(size) for op, size in zip(Operation, sizes, strict=True)}
    rows = planned["add"] + planned["change"]
    left_out = plan.left_out if plan.read == rows + sum(plan.left_out.values()) else {}
    return Counts(
        read=rows + sum(left_out.values()), **planned, **left_out, **fates_of(book, sum(planned.values()))
    )


def resumable(frozen: Frozen | None, line: Line, now: datetime) -> bool:
    """May this plan still be delivered? The caller has made sure that the sync itself is unchanged."""
    return frozen is not None and frozen.identity == line.identity and abs(now - frozen.made_at) < RESUMABLE


def _ask_guards(line: Line, frozen: Frozen) -> None:
    if frozen.sends_nothing:
        return
    with Workbench(line.scratch, maps=False) as bench, line.state.reading(bench) as opened:
        check_guards(line.sync, frozen.planned, opened.catalogue, line.identity, only=frozen.only is not None)


def _deliver(
    line: Line, frozen: Frozen, run: RunInfo, ledger: Ledger, permit: Callable[[], bool]
) -> Delivery | None:
    remaining = read_book(ledger).remaining(frozen.plan.size)
    if not frozen.plan.size:
        return None
    if remaining:  # else the deliverer only judges what an earlier process was answered
        stop = _either(ledger.stop_requested, permit)
        greet(line.client, line.limiter, line.retry, line.workspace, stop)
    threads = 1 if len(frozen.plan.fields) > NARROW else 4  # each puts thousands of wide operations together
    with Workbench(line.scratch, ordered=True, maps=False, memory_limit="120MB", threads=threads) as bench:
        return deliver(
            batches(bench, frozen.mapped, frozen.plan, run, line.budget, remaining),
            client=line.client,
            limiter=line.limiter,
            ledger=ledger,
            budget=line.budget,
            retry=line.retry,
            earlier=ledger.receipts(),
            permit=permit,
            progress=line.progress.answered,
            copyist=line.copyist(),
        )


def _either(canceled: Callable[[], bool], permit: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: canceled() or not permit()


def _folding(frozen: Frozen, run: RunInfo, book: Book, *, hold: bool) -> Folding:
    return Folding(
        run=run.id,
        marker=_marker(run),
        identity=frozen.identity,
        plan=frozen.plan,
        fates=_fates(book),
        read=frozen.planned.read if frozen.only is None else None,
        digests=_rows_of(frozen.digests_path),
        released=frozen.planned.released,
        seen=_rows_of(frozen.seen_path),
        hold=hold,
    )


def _marker(run: RunInfo) -> str:
    return f"{run.id} {run.started_at.isoformat()}"


def _fates(book: Book) -> Fates:
    return Fates(
        answered=book.answered,
        doubtful=tuple(book.doubtful),
        exceptions=book.exceptions(),
        sums=(book.count(Fate.ACCEPTED), book.count(Fate.REJECTED), book.count(Fate.IN_DOUBT)),
    )


def _rows_of(path: Path) -> str | None:
    """SQL for the rows of a file that is there only when it has to say something."""
    return f"FROM read_parquet({quote_text(str(path))})" if path.exists() else None


def count(frozen: Frozen, book: Book) -> Counts:
    """The sums of a run, from its plan and its book."""
    planned, plan = frozen.planned, frozen.plan
    return Counts(
        read=planned.read,
        add=plan.add,
        change=plan.change,
        remove=plan.remove,
        unchanged=planned.unchanged,
        invalid=planned.invalid,
        held=planned.held,
        missed=planned.missed,
        **fates_of(book, plan.size),
    )


def fates_of(book: Book, size: int | None) -> dict[str, int]:
    """What became of a plan of ``size`` changes, and in how many requests and bytes, by the names of ``Counts``. Of a
    plan of which nobody knows the size: of as much as was tried.
    """
    tried = sum(last - first + 1 for first, last in (*book.answered, *book.doubtful))
    return {
        "accepted": book.count(Fate.ACCEPTED),
        "rejected": book.count(Fate.REJECTED),
        "in_doubt": book.count(Fate.IN_DOUBT),
        "unsent": book.count(Fate.UNSENT) + (size - tried if size is not None else 0),
        "requests": book.sums.requests,
        "bytes": book.sums.bytes,
    }


def check_sums(counts: Counts) -> None:
    """Promise P1. Raises ``SumsDoNotAddUp``."""
    rows = counts.add + counts.change + counts.unchanged + counts.invalid + counts.held + counts.missed
    fates = counts.accepted + counts.rejected + counts.in_doubt + counts.unsent
    if counts.read != rows or counts.planned != fates:
        raise SumsDoNotAddUp(
            f"This run's sums do not add up: {counts}.",
            hint="Nothing is lost; please report this with the numbers above.",
        )
