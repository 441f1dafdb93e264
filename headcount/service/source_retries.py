"""When a run from the queue is tried again whose source did not answer."""

from __future__ import annotations

import os

from headcount.control.models import Run
from headcount.errors import ConfigurationError, SourceUnavailable
from headcount.model import RunKind

SETTING = "HEADCOUNT_SOURCE_RETRIES"
PAUSES = "30, 120, 600"  # seconds before each further try


def pauses() -> tuple[float, ...]:
    """Seconds before each further try; none for ``off``. Raises ``ConfigurationError`` for what is no list of them."""
    value = os.environ.get(SETTING, "").strip() or PAUSES
    if value == "off":
        return ()
    try:
        found = tuple(float(part) for part in value.split(","))
    except ValueError:
        found = (-1.0,)
    if not all(0 <= each <= 86_400 for each in found):
        raise ConfigurationError(
            f"{SETTING} is {value}, which is no list of pauses.",
            hint=f"Write seconds with commas between them, one for each further try, such as {PAUSES}; or off.",
        )
    return found


def pause_of(run: Run) -> float | None:
    """Seconds before the run is tried again; None when it is not.

    Somebody sits before a run of a command, or before the test of one row: they hear at once what is wrong.
    """
    planned = pauses()
    if not run.attempt or run.kind == RunKind.TEST.value or run.source_tries >= len(planned):
        return None
    return planned[run.source_tries]


def given_up(run: Run, error: SourceUnavailable) -> SourceUnavailable:
    """What is said of a run that is not tried again."""
    if not run.source_tries:
        hint = f"{error.hint} Or it was out of reach for a moment: run again."
    else:
        hint = f"It was tried {run.source_tries + 1} times. {error.hint}"
    return SourceUnavailable(error.message, hint=hint.strip())
