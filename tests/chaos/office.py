"""From where the runs are asked for: a control store that may be away for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from headcount.control import trouble
from headcount.control.models import Run
from headcount.control.runs import UNFINISHED
from headcount.control.setup import close
from headcount.errors import StateError
from headcount.service.queue import queue_run

T = TypeVar("T")
OPEN = [status.value for status in UNFINISHED]


def asked(question: Callable[[], T], *, seconds: float = 60) -> T:
    """The answer, as soon as the control store can give one."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with trouble.told():
                return question()
        except StateError:
            close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def queue(sync: str, *, trigger: str = "schedule") -> int:
    return asked(lambda: queue_run(sync, trigger=trigger))


def unfinished() -> list[Run]:
    return asked(lambda: list(Run.objects.filter(status__in=OPEN).select_related("sync")))


def told(run: Run) -> str:
    """A run's row in one line, for a failure's message."""
    held = f"worker {run.worker or '-'} until {run.lease_until}, last seen {run.heartbeat_at}"
    return (
        f"run {run.pk} of {run.sync.key}: {run.status}, attempt {run.attempt}, not before {run.not_before}, {held}, "
        f"phase {run.progress}, error {run.error}"
    )


def holders() -> dict[int, str]:
    """The machine that works on each working run. Raises ``StateError`` while the store is away."""
    with trouble.told():
        rows = Run.objects.filter(status="working").exclude(worker="").values_list("id", "worker")
        return {run: worker.partition("/")[0] for run, worker in rows}
