"""The sender threads and the short queue before them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from headcount.delivery.halt import Halt
from headcount.delivery.worker import Worker, finished
from headcount.model import Batch


class Crew:
    """``size`` threads that do ``work`` on one batch each. At most ``2 * size`` batches wait for them.

    Used as a context manager: leaving it waits until every batch handed in has been worked on (quickly, after
    a halt: then they are only noted as unsent). An unexpected exception in ``work`` ends up in
    ``halt.broken``.
    """

    def __init__(self, size: int, work: Callable[[Batch], None], halt: Halt) -> None:
        self._size = size
        self._work = work
        self._halt = halt
        self._changed = threading.Condition()
        self._queue: deque[Batch] = deque()
        self._idle = 0
        self._closed = False
        self._threads = [Worker(self._run, f"headcount-sender-{number}") for number in range(1, size + 1)]

    def __enter__(self) -> Crew:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        finished(self._threads, self._halt)

    def room(self) -> int:
        """Block until half of the queue is free; how many batches may be handed in now."""
        with self._changed:
            while len(self._queue) > self._size and not self._halt():
                self._changed.wait(timeout=0.5)
            return 2 * self._size - len(self._queue)

    @property
    def hungry(self) -> bool:
        """Is a sender without work?"""
        return self._idle > 0 and not self._queue

    def take(self, batches: Sequence[Batch]) -> None:
        with self._changed:
            self._queue += batches
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            while (batch := self._next()) is not None:
                self._work(batch)
        except BaseException as error:
            self._halt.broke(error)

    def _next(self) -> Batch | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._queue or self._closed)
            self._idle -= 1
            if not self._queue:
                return None
            self._changed.notify_all()
            return self._queue.popleft()
