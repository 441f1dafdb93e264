"""One budget of requests per workspace, kept by all syncs and processes of a machine together (P5).

The budget is a file: five numbers behind a lock. Nothing is reserved ahead. Whoever wakes up when a slot is
free takes it and closes the door behind itself for one spacing, so a thread that wakes up late never makes
requests bunch, and a pause that begins meanwhile stops everybody who has not gone through the door yet.
"""

from __future__ import annotations

import fcntl
import math
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Protocol

from headcount.disk import FULL, full
from headcount.errors import StateError

SLACK = 1.05  # a request may arrive 50 ms later than its neighbours and still not overfill anybody's second
LONGEST_PAUSE = 300.0  # seconds
WISH = 0.05  # seconds after a slot's beginning in which whoever asked for it first may still take it
SHARE = 20  # who yields gets one request in so many, whatever the others want
NAP = 0.25  # seconds between two questions whether to stop


def never() -> bool:
    return False


class Limiter(Protocol):
    """The budget of one workspace. Used by several threads at once."""

    def acquire(self, stop: Callable[[], bool] = never) -> bool:
        """Block until one request may be written, then True; False as soon as ``stop`` says so (within 0.3
        s).
        """

    def pause(self, seconds: float) -> None:
        """Let nobody through for so many seconds, in any process: the other side asked for it."""

    def close(self) -> None:
        """Give back what it holds open."""


class Unlimited:
    """No budget and no file, for benchmarks and tests; still keeps a pause among its own threads."""

    def __init__(self) -> None:
        self._until = 0.0

    def acquire(self, stop: Callable[[], bool] = never) -> bool:
        while (wait := self._until - time.monotonic()) > 0:
            if stop():
                return False
            time.sleep(min(wait, NAP))
        return not stop()

    def pause(self, seconds: float) -> None:
        self._until = max(self._until, time.monotonic() + bounded(seconds))

    def close(self) -> None:
        pass


@dataclass(frozen=True, kw_only=True)
class Door:
    """The five numbers, all on the machine's monotonic clock.

    ``wanted_until``: somebody who does not yield waits for the next slot. ``yielded``: when the last of those who do
    went through.
    """

    written: float = 0.0
    opens: float = 0.0
    paused_until: float = 0.0
    wanted_until: float = 0.0
    yielded: float = 0.0

    FORMAT = struct.Struct("<5d")

    def wait(self, now: float, patience: float | None = None) -> float:
        """Seconds; ``patience`` of somebody who yields, which is the longest time that none of them goes through."""
        wait = max(self.opens, self.paused_until) - now
        if patience is None:
            return wait
        return max(wait, min(self.wanted_until, self.yielded + patience) - now)

    def packed(self, now: float) -> bytes:
        return self.FORMAT.pack(now, self.opens, self.paused_until, self.wanted_until, self.yielded)

    @classmethod
    def unpacked(cls, data: bytes, now: float) -> Door:
        """Written "in the future" means that the clock began anew, with the machine: the old numbers are
        void.
        """
        if len(data) != cls.FORMAT.size:
            return cls()
        numbers = cls.FORMAT.unpack(data)
        if numbers[0] > now or not all(map(math.isfinite, numbers)):
            return cls()
        return cls(**dict(zip((each.name for each in fields(cls)), numbers, strict=True)))


class FileLimiter:
    """``Limiter`` in a file at ``path``, created when missing; its directory must exist.

    ``requests_per_second`` of None or 0 is no limit, but pauses are kept. Fractions above 1 are rounded down:
    no second sees more than the budget. Processes with different budgets may share a file: each request is
    followed by the spacing of the process that wrote it, so nobody starves and the larger budget is never
    exceeded.

    One that ``yields`` takes the slots that nobody else waits for, and at least one in ``SHARE``.
    """

    def __init__(self, path: Path, requests_per_second: float | None, *, yields: bool = False) -> None:
        self._path = path
        self._spacing = spacing(requests_per_second)
        self._patience = SHARE * self._spacing if yields else None

    def acquire(self, stop: Callable[[], bool] = never) -> bool:
        while not stop():
            wait = self._try()
            if wait <= 0:
                return True
            time.sleep(min(wait, NAP))
        return False

    def pause(self, seconds: float) -> None:
        with self._locked() as (door, now, write):
            until = max(door.paused_until, now + bounded(seconds))
            write(replace(door, paused_until=until))

    def close(self) -> None:
        pass  # nothing stays open between two requests

    def _try(self) -> float:
        """Go through the door if it is open (0 or less), else the seconds until it is worth trying again."""
        with self._locked() as (door, now, write):
            wait = door.wait(now, self._patience)
            if self._spacing:
                self._note(door, now, wait, write)
            return wait

    def _note(self, door: Door, now: float, wait: float, write: Callable[[Door], None]) -> None:
        if wait <= 0 and self._patience is None:
            write(replace(door, opens=now + self._spacing, wanted_until=0.0))
        elif wait <= 0:
            write(replace(door, opens=now + self._spacing, yielded=now))
        elif self._patience is None:
            write(replace(door, wanted_until=now + wait + WISH))

    @contextmanager
    def _locked(self) -> Iterator[tuple[Door, float, Callable[[Door], None]]]:
        """The door, alone. Opened anew each time, so that threads and forked processes share nothing."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._broken(error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            now = time.monotonic()
            yield Door.unpacked(os.pread(file, 64, 0), now), now, lambda door: self._write(file, door, now)
        finally:
            os.close(file)  # and with it the lock

    def _write(self, file: int, door: Door, now: float) -> None:
        try:
            os.pwrite(file, door.packed(now), 0)
        except OSError as error:
            raise self._broken(error) from error

    def _broken(self, error: OSError) -> StateError:
        if error.errno in FULL:
            return full(self._path)
        hint = "Headcount must be able to write to its own directory."
        return StateError(f"The request budget at {self._path} cannot be kept: {error.strerror}.", hint=hint)


def spacing(requests_per_second: float | None) -> float:
    """Seconds between two requests; 0 without a limit."""
    if not requests_per_second:
        return 0.0
    whole = math.floor(requests_per_second) if requests_per_second >= 1 else requests_per_second
    return SLACK / whole


def bounded(seconds: float) -> float:
    """A pause as long as one may be."""
    return min(max(seconds, 0.0), LONGEST_PAUSE)
