"""One run of a sync at a time, on one machine."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from headcount.home import Home, unusable


@contextmanager
def sync_lock(home: Home, state_id: str) -> Iterator[bool]:
    """True while this process alone may run the sync, False when another one does. Never waits.

    The lock ends with its process, also when that is killed.
    """
    try:
        file = (home.locks / f"sync-{state_id}").open("w")
    except OSError as error:
        raise unusable(home.locks, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
