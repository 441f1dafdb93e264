"""Before the first request of a run: is this the workspace that is meant?"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from headcount.destinations.base import Client
from headcount.errors import TransientError, WrongWorkspace
from headcount.limiter import Limiter
from headcount.model import RetryPolicy

NAP = 0.25  # seconds between two questions whether to stop


def greet(
    client: Client, limiter: Limiter, retry: RetryPolicy, expected: int, stop: Callable[[], bool]
) -> None:
    """Ask the workspace who it is, within the budget and with the patience of any other request.

    Returns early when ``stop`` says so. Raises ``WrongWorkspace``, and what the client raises for good.
    """
    for attempt in range(max(1, retry.attempts)):
        if not limiter.acquire(stop):
            return
        try:
            found = client.workspace().environment_id
        except TransientError as error:
            if attempt + 1 >= retry.attempts:
                raise
            _pause(error, attempt, limiter, retry, stop)
            continue
        if found != expected:
            raise _wrong(found, expected)
        return


def _pause(
    error: TransientError, attempt: int, limiter: Limiter, retry: RetryPolicy, stop: Callable[[], bool]
) -> None:
    if error.retry_after is not None:  # a wish of the other side concerns everybody
        limiter.pause(error.retry_after)
        return
    seconds = random.random() * min(retry.cap, retry.base * 2**attempt)  # noqa: S311  # jitter is no secret
    while seconds > 0 and not stop():
        time.sleep(min(seconds, NAP))
        seconds -= NAP


def _wrong(found: int, expected: int) -> WrongWorkspace:
    return WrongWorkspace(
        f"The credentials lead to workspace {found}, but this sync belongs to {expected}.",
        hint="Use the credentials of the right workspace, or make a connection of its own for the other one.",
    )
