"""A worker's name among the workers of one home: the same again after a restart, and never that of another live one."""

from __future__ import annotations

from itertools import count
from typing import IO

from headcount.disk import unusable
from headcount.home import Home
from headcount.latch import latched


class Slot:
    """The first free number. The system gives it back when the process ends, however it ends."""

    def __init__(self, home: Home) -> None:
        for number in count():
            file = _locked(home, number)
            if file is not None:
                self.number = number
                self._file = file
                return

    def close(self) -> None:
        self._file.close()


def _locked(home: Home, number: int) -> IO[str] | None:
    try:
        return latched(home.locks / f"worker-{number}")
    except OSError as error:
        raise unusable(home.locks, error) from error
