"""A look into a source while somebody waits for a page or an answer: none takes long, and few are taken at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from headcount.errors import ConfigurationError, SourceBusy, SourceError
from headcount.service.patience import Patience

SECONDS = 15.0
VARIABLE = "HEADCOUNT_PREVIEW_SECONDS"
AT_ONCE = 4  # half of the threads that answer requests: health, pages and signing in need some, too

_places = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def look(seconds: float | None, late: SourceError) -> Iterator[Patience]:
    """Inside, sources are opened through the ``Patience``; what they say after ``seconds`` (None: never) is ``late``.

    Raises ``SourceBusy`` at once when too many look already.
    """
    if not _places.acquire(blocking=False):
        raise SourceBusy(
            "Headcount is looking into sources for others, and can do no more of that at once.",
            hint="Try again in a moment.",
        )
    try:
        with Patience(seconds) as patience:
            try:
                yield patience
            except SourceError:
                if patience.over:
                    raise late from None
                raise
    finally:
        _places.release()


def look_at(name: str, seconds: float | None = None) -> AbstractContextManager[Patience]:
    """A look at the source ``name`` that takes as long as looks may."""
    allowed = seconds_allowed() if seconds is None else seconds
    return look(
        allowed,
        SourceError(
            f"{name} did not answer within {allowed:g} seconds, and was told to stop.",
            hint="Make the query quicker: fewer rows with WHERE, or prepare its result as a table.",
        ),
    )


def seconds_allowed() -> float:
    """How long a look may take, unless the environment says otherwise."""
    try:
        return float(os.environ.get(VARIABLE) or SECONDS)
    except ValueError:
        raise ConfigurationError(f"{VARIABLE} must be a number of seconds.") from None
