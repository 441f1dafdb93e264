"""One run of a sync at a time, and none while its past is rewritten.

On one machine a file is locked. On several machines the lease of a run keeps the others from its sync, and whoever
rewrites what a sync remembers holds its row, without which no lease is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.db import connection, transaction

from headcount.control import runs
from headcount.control.models import Run, Sync
from headcount.disk import unusable
from headcount.errors import ConfigurationError
from headcount.home import Home
from headcount.latch import latched


def sync_file(home: Home, state_id: str) -> Path:
    """What is locked while a run of a sync is worked on."""
    return home.locks / f"sync-{state_id}"


@contextmanager
def sync_lock(home: Home, state_id: str) -> Iterator[bool]:
    """True while this process alone on this machine may run the sync, False when another one does. Waits for nobody.

    The lock ends with its process, also when that is killed.
    """
    try:
        file = latched(sync_file(home, state_id))
    except OSError as error:
        raise unusable(home.locks, error) from error
    if file is None:
        yield False
        return
    with file:
        yield True


def hold_still(
    locks: ExitStack, home: Home, row: Sync, *, hindered_by: Callable[[Sync], list[Run]] = runs.unfinished
) -> None:
    """Keep every run of a sync from beginning, on any machine, until ``locks`` ends.

    Raises ``ConfigurationError`` when one has not ended: one of those that ``hindered_by`` finds. What failed runs sent
    may still have to be settled.
    """
    if not locks.enter_context(sync_lock(home, row.stream.state_id)):
        raise ConfigurationError(
            f"The sync {row.key} is running.", hint="Wait for its end, or cancel its run."
        )
    if connection.vendor == "postgresql":
        locks.enter_context(transaction.atomic())
        Sync.objects.select_for_update().get(pk=row.pk)
        with connection.cursor() as cursor:  # what is done meanwhile, beside this connection, may take long
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    if begun := hindered_by(row):
        raise ConfigurationError(
            f"Run {begun[0].pk} of the sync {row.key} has not ended: it is {begun[0].status}.",
            hint=f"Run the sync once more, or: headcount cancel {begun[0].pk}",
        )
