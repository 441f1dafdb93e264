"""Two machines on one control store: each has a home of its own, and one worker."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from headcount.control import leases
from headcount.control.models import Run
from headcount.home import Home
from tests.worker.floor import Floor

NAMES = ("first", "second")


class Machines:
    """``floor`` keeps the processes; machines are called by their number, 0 and 1. Each has room for two backfills."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.homes = [floor.desk.folder / name for name in NAMES]
        self.workers: dict[int, subprocess.Popen[str]] = {}

    def start(self, machine: int) -> None:
        home, key = self.homes[machine], os.environ["HEADCOUNT_SECRET_KEY"]
        self.workers[machine] = self.floor.ready_worker(
            "--runs", "4", HEADCOUNT_HOME=str(home), HEADCOUNT_SECRET_KEY=key
        )

    def kill(self, machine: int) -> None:
        self.floor.kill(self.workers.pop(machine))

    def end(self, machine: int) -> int:
        return self.floor.end(self.workers.pop(machine))

    def freeze(self, machine: int) -> None:
        os.kill(self.workers[machine].pid, signal.SIGSTOP)

    def thaw(self, machine: int) -> None:
        os.kill(self.workers[machine].pid, signal.SIGCONT)

    def holder(self, run: int) -> int | None:
        """The machine that works on a run; None while nobody does."""
        place = Run.objects.get(pk=run).worker.partition("/")[0]
        names = [leases.place(Home(root=Path(home)).prepare()) for home in self.homes]
        return names.index(place) if place in names else None
