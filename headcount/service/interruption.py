"""A run that was told to end in its middle says so at once, and is left so that the next one goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from headcount.control import runs
from headcount.control.ledger import RunLedger
from headcount.control.models import Run
from headcount.destinations.customerio.objects import destination_object
from headcount.frozen import Frozen, UnreadablePlan, load
from headcount.home import Home
from headcount.model import Counts, RunStatus
from headcount.receipts import read_book
from headcount.service.abandoned import BEFORE_PLAN, INTERRUPTED
from headcount.service.lines import OtherRelease, sync_as_of
from headcount.service.plans import plan_folder
from headcount.sync import count


@contextmanager
def noting_interruption(home: Home, run: Run) -> Iterator[None]:
    """Inside, Ctrl-C and SIGTERM leave a run that says what became of it; the interrupt itself goes on."""
    try:
        yield
    except KeyboardInterrupt:
        with suppress(Exception):  # unnoted, it is found as one whose process is gone
            _note(home, run)
        raise


def _note(home: Home, run: Run) -> None:
    if RunStatus(run.status) not in runs.UNFINISHED:
        return
    so_far = counted_so_far(home, run, in_flight=True)
    if so_far is not None:
        runs.finish(run, RunStatus.PAUSED, counts=so_far, error=INTERRUPTED)
    elif not run.intents.exists():
        runs.finish(run, RunStatus.CANCELED, error=BEFORE_PLAN)


def counted_so_far(home: Home, run: Run, *, in_flight: bool) -> Counts | None:
    """The sums of an unfinished run, from its plan and its book; None while there is no plan.

    What was about to be sent and has no receipt is in doubt while requests may be ``in_flight``, else unsent.
    """
    frozen = _frozen(home, run) if run.sync_snapshot else None
    if frozen is None:
        return None
    with RunLedger(run.pk) as ledger:
        book = read_book(ledger)
        return count(frozen, book if in_flight else replace(book, intents=()))


def _frozen(home: Home, run: Run) -> Frozen | None:
    try:
        sync = sync_as_of(run.sync, run.sync_snapshot)
        return load(plan_folder(home, run.pk), sync, destination_object(sync.object))
    except (OtherRelease, UnreadablePlan):
        return None
