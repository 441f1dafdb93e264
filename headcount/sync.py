"""The line: read, map, plan, batch, deliver, fold. All of a run on one screen, without a control store.

What makes it safe is the order. The plan is frozen before the first request; an intent is stored before each
request, its receipt after the answer was read, and the fold comes before the run is called done. A run that was
killed is *resumed*: what has no receipt is sent again, then the rest. If it cannot be resumed it is *settled*: what
has receipts is folded, what was on its way is in doubt, and a new plan follows.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from headcount.batching import batches
from headcount.delivery import Delivery, deliver
from headcount.destinations.base import Client, DestinationObject
from headcount.diff import Diff, Planned
from headcount.engines.base import Source
from headcount.errors import EveryRowRefused, HeadcountError, SumsDoNotAddUp, WrongWorkspace
from headcount.fold import Fates, Folding, fold
from headcount.frozen import Frozen
from headcount.guards import check_guards
from headcount.limiter import Limiter
from headcount.mapping import compile_sync
from headcount.model import Behavior, Budget, Counts, Fate, Receipt, RetryPolicy, RunInfo, Sync
from headcount.receipts import Book, Ledger, read_book
from headcount.state import Catalogue, Identity, StateFile
from headcount.workbench import Workbench, quote_text

RESUMABLE = timedelta(hours=6)


class Progress:
    """What a run tells while it works. Does nothing by itself; a terminal or a page overrides what it shows."""

    def reading(self, rows: int) -> None:
        """So many rows were read so far."""

    def planned(self, frozen: Frozen) -> None:
        """The plan is frozen."""

    def answered(self, receipt: Receipt) -> None:
        """One batch has its receipt."""

    def folding(self) -> None:
        """Everything is sent; the state is brought up to date."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One sync with everything it runs on. ``workspace`` is the environment_id its state belongs to."""

    sync: Sync
    object: DestinationObject
    workspace: int
    open_source: Callable[[], Source]
    client: Client
    limiter: Limiter
    state: StateFile
    scratch: Path
    budget: Budget = Budget()
    retry: RetryPolicy = RetryPolicy()
    can_look_up: bool = False  # an App API key is there
    progress: Progress = Progress()

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


def make_plan(line: Line, folder: Path, *, full: bool = False, limit: int | None = None) -> Frozen:
    """Read, map and compare; freeze the plan into ``folder``. Sends nothing (but looks people up for Update Only).

    Raises ``SourceError``, ``ConfigurationError``, ``StateError``; an interrupted read leaves no plan behind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with Workbench(line.scratch) as bench, line.state.reading(bench) as catalogue:
        frozen = _compare(line, folder, bench, catalogue, full=full)
    (folder / "staged.parquet").unlink(missing_ok=True)
    frozen.save(folder)
    line.progress.planned(frozen)
    return frozen


def _compare(line: Line, folder: Path, bench: Workbench, catalogue: Catalogue, *, full: bool) -> Frozen:
    same_owner = catalogue.identity in (None, line.identity)
    usable = catalogue if same_owner else Catalogue()
    first = not usable.identity
    source = line.open_source()
    try:
        mapped = compile_sync(line.sync, source.columns(line.sync.model), line.object)
        diff = Diff(bench, mapped, usable, folder, full=full, record_seen=first and not line.sync.backfill)
        with source.read(line.sync.model, mapped.source_columns) as reader:
            diff.stage(reader, line.progress.reading)
    finally:
        source.close()
    planned = diff.plan(_missing_people(line))
    return Frozen.of(mapped, planned, catalogue, line.identity, full=full)


def _missing_people(line: Line) -> Callable[[Sequence[str]], Sequence[str]] | None:
    """Update Only says 200 to people it does not know; with a reading key they are found before."""
    if line.sync.behavior is not Behavior.UPDATE_ONLY or not line.can_look_up:
        return None

    def missing(keys: Sequence[str]) -> Sequence[str]:
        known = line.client.known(line.sync.identifier, keys)
        return [key for key in keys if key not in known]

    return missing
