"""Questions to the destination: within a budget, and asked again after passing trouble."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from headcount.destinations.base import Client
from headcount.errors import TransientError, Unreached, WrongWorkspace
from headcount.limiter import Limiter, never
from headcount.model import RetryPolicy

NAP = 0.25  # seconds between two questions whether to stop

T = TypeVar("T")


def ask(
    question: Callable[[], T], limiter: Limiter, retry: RetryPolicy, stop: Callable[[], bool] = never
) -> T | None:
    """The answer; None when ``stop`` said so before there was one. Raises what the last attempt raised."""
    for attempt in range(max(1, retry.attempts)):
        if not limiter.acquire(stop):
            break
        try:
            return question()
        except (TransientError, Unreached) as error:
            if attempt + 1 >= retry.attempts:
                raise
            _pause(error, attempt, limiter, retry, stop)
    return None


def greet(
    client: Client, limiter: Limiter, retry: RetryPolicy, expected: int, stop: Callable[[], bool]
) -> None:
    """Before the first request of a run: is this the workspace that is meant? Raises ``WrongWorkspace``."""
    workspace = ask(client.workspace, limiter, retry, stop)
    if workspace is not None and workspace.environment_id != expected:
        raise WrongWorkspace(
            f"The credentials lead to workspace {workspace.environment_id}, but this sync belongs to {expected}.",
            hint="Use the credentials of the right workspace, or make a connection of its own for the other one.",
        )


def _pause(
    error: TransientError | Unreached,
    attempt: int,
    limiter: Limiter,
    retry: RetryPolicy,
    stop: Callable[[], bool],
) -> None:
    if isinstance(error, TransientError) and error.retry_after is not None:
        limiter.pause(error.retry_after)  # a wish of the other side concerns everybody
        return
    seconds = random.random() * min(retry.cap, retry.base * 2**attempt)  # noqa: S311  # jitter is no secret
    while seconds > 0 and not stop():
        time.sleep(min(seconds, NAP))
        seconds -= NAP
