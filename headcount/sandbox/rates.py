"""How many requests arrive in a second."""

import time
from collections import deque


class Rate:
    """Counts arrivals in a sliding window of one second; times are monotonic seconds."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._last: deque[float] = deque()
        self.total = 0
        self.max_per_second = 0
        self.first: float | None = None
        self.last: float | None = None

    def arrive(self, at: float | None = None) -> int:
        """Notes one arrival and returns how many came in the second that ends with it, itself included."""
        at = time.monotonic() if at is None else at
        while self._last and self._last[0] <= at - 1.0:
            self._last.popleft()
        self._last.append(at)
        self.total += 1
        self.first = at if self.first is None else self.first
        self.last = at
        self.max_per_second = max(self.max_per_second, len(self._last))
        return len(self._last)

    def within(self, at: float | None = None) -> int:
        """Arrivals in the second that ends at the given time."""
        at = time.monotonic() if at is None else at
        return sum(1 for time_ in self._last if time_ > at - 1.0)
