"""Threads that want slots of a budget, and the moments at which they were let through."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from headcount.limiter import Limiter

Open = Callable[[bool], Limiter]  # whether it yields


class Crowd:
    """``count`` threads that take slots until ``leave``, each with a pause of ``rest`` seconds after one."""

    def __init__(self, limiter: Limiter, *, count: int = 3, rest: float = 0.0) -> None:
        self.times: list[float] = []
        self._limiter = limiter
        self._rest = rest
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._take) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def until(self, slots: int) -> Crowd:
        """Returns when so many were taken."""
        deadline = time.monotonic() + 60
        while len(self.times) < slots:
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.005)
        return self

    def leave(self) -> list[float]:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._limiter.close()
        return self.times

    def _take(self) -> None:
        while not self._over.is_set():
            if self._limiter.acquire(self._over.is_set):
                self.times.append(time.monotonic())
                time.sleep(self._rest)


def check_yielding(open_limiter: Open) -> list[float]:
    """Those who yield leave nearly everything to the others, but not all, and have all of it afterwards.

    Returns the moments of all of them. The budget should be about 100 a second.
    """
    backfill = Crowd(open_limiter(True)).until(30)
    before = len(backfill.times)
    due = Crowd(open_limiter(False)).until(80)
    meanwhile = len(backfill.times) - before
    times = due.leave()
    alone = backfill.until(len(backfill.times) + 30).leave()
    assert 1 <= meanwhile <= 24, meanwhile  # of 104; a fair share were 80
    return [*times, *alone]


def check_left_over(open_limiter: Open) -> None:
    """What those leave who go first is used by those who yield. The budget should be about 100 a second."""
    due = Crowd(open_limiter(False), count=1, rest=0.1)
    backfill = Crowd(open_limiter(True)).until(60)
    taken, given = len(backfill.times), len(due.times)
    due.leave()
    backfill.leave()
    assert taken > 2 * given > 0, (taken, given)
