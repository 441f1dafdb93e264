"""What is known about the size of a request the destination takes."""

from __future__ import annotations

import threading


class Ceiling:
    """The smallest size refused for being too large, unless something as large has been taken.

    Sizes are in bytes. Used by all senders. A wrong guess costs requests, never an outcome.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: int | None = None
        self._taken = 0

    def exceeded_by(self, size: int) -> bool:
        refused = self._refused
        return refused is not None and size >= refused

    def refused(self, size: int) -> None:
        with self._lock:
            if size > self._taken:
                self._refused = min(size, self._refused or size)

    def forget(self) -> None:
        """A single row was refused as too large: the refusals of requests that contained it prove nothing."""
        self._refused = None

    def taken(self, size: int) -> None:
        with self._lock:
            self._taken = max(self._taken, size)
            if self._refused is not None and self._refused <= self._taken:
                self._refused = None
