"""The network is cut in the middle of runs: between a worker and PostgreSQL, or between it and the workspace."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection, transaction

from headcount.control.models import Receipt, Run, Sync
from tests.chaos import locking, office
from tests.chaos.company import KINDS
from tests.chaos.crew import Machine
from tests.chaos.network import Wire, laid
from tests.chaos.reckoning import differences, too_fast, wrong_sums
from tests.chaos.stage import Stage, built
from tests.journeys.desk import wait_for

CUT = 12.0  # seconds: twice a lease
ENDED = 90.0  # seconds after the cut healed in which everything must have ended


@dataclass(frozen=True, kw_only=True)
class Scene:
    """``machine`` is the one behind the wire; it is in the middle of runs."""

    stage: Stage
    wire: Wire
    machine: Machine

    def middle(self) -> None:
        """Some of what is planned is answered, and some is not."""
        for sync in self.stage.company.tables(*KINDS):
            office.queue(sync)
        wait_for(lambda: Receipt.objects.count() >= 20 and len(office.holders()) >= 2, seconds=90)

    def ended(self) -> float:
        """Wait for the end of all runs; the seconds that took."""
        began = time.monotonic()
        while left := office.unfinished():
            seconds = time.monotonic() - began
            assert seconds < ENDED, "not ended:\n" + "\n".join(map(office.told, left))
            time.sleep(0.05)
        return time.monotonic() - began

    def wrong(self) -> list[str]:
        found = differences(self.stage.company, self.stage.far_end) + wrong_sums()
        failed = Run.objects.exclude(status="completed").select_related("sync")
        found += [f"run {run.pk} of {run.sync.key} {run.status}: {run.error}" for run in failed]
        return found

    def too_fast(self) -> list[str]:
        self.stage.far_end.stop()
        return too_fast(self.stage.company, self.stage.far_end.requests())


@contextmanager
def opened() -> Iterator[Scene]:
    """A machine in the middle of runs. Needs what ``network.hindrance`` asks for."""
    with (
        tempfile.TemporaryDirectory(prefix="cuts-", ignore_cleanup_errors=True) as folder,
        laid() as wire,
        built(Path(folder), random.Random(4), database=wire.database, far_end_at=wire.far_end) as stage,
    ):
        machine = stage.machines[0]
        machine.prefix = wire.prefix
        machine.start()
        scene = Scene(stage=stage, wire=wire, machine=machine)
        scene.middle()
        yield scene


def cut_and_healed(scene: Scene, address: str) -> float:
    """Seconds from the end of the cut until answers are recorded again; no other machine is there."""
    scene.wire.cut(address)
    time.sleep(CUT)
    before = Receipt.objects.count()
    began = time.monotonic()
    scene.wire.heal(address)
    wait_for(lambda: Receipt.objects.count() > before, seconds=ENDED)
    return time.monotonic() - began


def taken_over(scene: Scene) -> float:
    """Seconds from a cut that does not heal to the moment at which another machine has every run."""
    (place,) = set(office.holders().values())
    other = scene.stage.machines[1]
    other.start()
    other.ready()
    scene.stage.company.edit()
    for sync in scene.stage.company.tables(*KINDS):
        office.queue(sync, trigger="manual")  # those of a clock are skipped while others wait
    before: list[int] = []
    wait_for(lambda: before.extend(run for run, who in office.holders().items() if who == place) or before)
    scene.wire.cut(scene.wire.database)
    began = time.monotonic()
    wait_for(lambda: all(_moved(run, place) for run in before), seconds=60)
    return time.monotonic() - began


def freed() -> float:
    """Seconds from a cut to the moment at which rows are free that a process behind it had locked."""
    with (
        tempfile.TemporaryDirectory(prefix="cuts-", ignore_cleanup_errors=True) as folder,
        laid() as wire,
        built(Path(folder), random.Random(4), database=wire.database, far_end_at=wire.far_end) as stage,
    ):
        machine, sync = stage.machines[0], stage.company.tables(*KINDS)[0]
        machine.prefix = wire.prefix
        machine.start("tests.chaos.locking", sync)
        machine.ready(locking.HELD.encode())
        wire.cut(wire.database)
        began = time.monotonic()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '60s'")
            Sync.objects.select_for_update().get(key=sync)
        return time.monotonic() - began


def _moved(run_id: int, who: str) -> bool:
    run = Run.objects.get(pk=run_id)
    return run.finished_at is not None or (not run.worker.startswith((who, "/")) and run.worker != "")
