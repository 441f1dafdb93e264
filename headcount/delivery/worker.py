"""Threads whose end can be waited for in peace."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from headcount.delivery.halt import Halt


class Worker(threading.Thread):
    """A thread that says when it is done.

    ``Thread.join`` will not do: interrupted by Ctrl-C, it takes the thread for dead from then on (Python
    3.11, 3.12).
    """

    def __init__(self, work: Callable[[], None], name: str) -> None:
        super().__init__(target=work, name=name, daemon=True)
        self.done = threading.Event()

    def run(self) -> None:
        try:
            super().run()
        finally:
            self.done.set()


def finished(workers: Sequence[Worker], halt: Halt) -> None:
    """Wait for their end. The first interrupt halts the delivery and is raised after their end, a second at
    once.
    """
    try:
        _wait(workers)
    except BaseException as error:
        halt.broke(error)
        _wait(workers)
        raise


def _wait(workers: Sequence[Worker]) -> None:
    for worker in workers:
        worker.done.wait()
    for worker in workers:
        worker.join()
