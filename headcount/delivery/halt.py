"""Why a delivery ends early, known to all of its threads."""

from __future__ import annotations

import threading
from collections.abc import Callable

from headcount.errors import HeadcountError, StoreAway

NAP = 0.25  # seconds between two looks at the clock of a pause


def always() -> bool:
    return True


class Halt:
    """Asked by everybody before every step: ``halt()`` is True once nothing more may be sent.

    The first cause stays: ``error`` is what a person has to be told, ``canceled`` somebody's wish, ``suspended``
    that the permit to send was withdrawn, ``broken`` an exception nobody expected.
    """

    def __init__(self, sleep: Callable[[float], None], permit: Callable[[], bool] = always) -> None:
        self._sleep = sleep
        self._permit = permit
        self._lock = threading.Lock()
        self._on = threading.Event()
        self.error: HeadcountError | None = None
        self.broken: BaseException | None = None
        self.canceled = False
        self.suspended = False

    def __call__(self) -> bool:
        return self._on.is_set()

    @property
    def to_be_resumed(self) -> bool:
        """Did something end the delivery that ends no run: a suspension, an interrupt, a bug?"""
        return self.suspended or (self.broken is not None and not isinstance(self.broken, HeadcountError))

    def permitted(self) -> bool:
        """May a request be written now? The first no suspends the delivery."""
        if not self() and not self._permit():
            self._suspend()
        return not self()

    def cancel(self) -> None:
        with self._lock:
            self.canceled = self.canceled or not self._on.is_set()
            self._on.set()

    def _suspend(self) -> None:
        with self._lock:
            self.suspended = self.suspended or not self._on.is_set()
            self._on.set()

    def fail(self, error: HeadcountError) -> None:
        with self._lock:
            self.error = self.error or error
            self._on.set()

    def broke(self, error: BaseException) -> None:
        """A control store that is away suspends, too: what was not tried goes when it is back."""
        with self._lock:
            self.suspended = self.suspended or (isinstance(error, StoreAway) and not self._on.is_set())
            self.broken = self.broken or error
            self._on.set()

    def wait(self, seconds: float) -> None:
        """Sleep, but not on after a halt. Counted down instead of timed, so tests may switch the sleeping
        off.
        """
        while seconds > 0 and not self():
            self._sleep(min(seconds, NAP))
            seconds -= NAP
