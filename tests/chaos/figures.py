"""What the queue costs: until a dead worker's run is taken over, for each run, and while there is nothing to do."""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import psutil
import psycopg

from headcount.control.models import Receipt, Run
from headcount.control.setup import close
from tests.chaos import office
from tests.chaos.crew import Machine
from tests.chaos.stage import Stage, built
from tests.journeys.desk import wait_for

IDLE = 60.0  # seconds that an idle worker is watched
TIMES = 5  # runs whose overhead is measured
SYNC = "a_people"


@dataclass(frozen=True, kw_only=True)
class Idle:
    """Share of one processor in percent, and transactions a minute (None where nobody counts them)."""

    processor: float
    transactions: float | None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Seconds, and what an idle worker costs."""

    takeover: float
    overhead: float
    idle_sqlite: Idle
    idle_postgresql: Idle

    def __str__(self) -> str:
        many = self.idle_postgresql.transactions or 0
        return (
            f"takeover of a dead worker's run       {self.takeover:6.1f} s\n"
            f"overhead of the queue for each run    {self.overhead:6.2f} s\n"
            f"idle worker, SQLite                   {self.idle_sqlite.processor:6.1f} % of a processor\n"
            f"idle worker, PostgreSQL               {self.idle_postgresql.processor:6.1f} % of a processor, "
            f"{many:,.0f} transactions a minute"
        )


def measured() -> Figures:
    """Takes about four minutes."""
    with tempfile.TemporaryDirectory(prefix="figures-", ignore_cleanup_errors=True) as folder:
        with built(Path(folder), random.Random(1)) as stage:
            overhead, idle = _overhead(stage), _idle_on_postgresql(stage)
            takeover = _takeover(stage)
        return Figures(
            takeover=takeover,
            overhead=overhead,
            idle_postgresql=idle,
            idle_sqlite=_idle_on_sqlite(Path(folder)),
        )


def _overhead(stage: Stage) -> float:
    """From the moment a run is asked for until it is begun: the middle one of several. The worker stays there."""
    stage.machines[0].start()
    stage.machines[0].ready()
    costs = []
    for _ in range(TIMES + 1):
        asked = time.time()
        run = office.queue(SYNC)
        wait_for(lambda run=run: Run.objects.get(pk=run).finished_at, seconds=60)  # type: ignore[misc]
        started = Run.objects.get(pk=run).started_at
        costs.append(started.timestamp() - asked if started else float("inf"))
    return statistics.median(costs[1:])


def _idle_on_postgresql(stage: Stage) -> Idle:
    with psycopg.connect(os.environ["HEADCOUNT_DATABASE_URL"], autocommit=True) as database:
        before = _transactions(database)
        processor = _processor(stage.machines[0])
        return Idle(processor=processor, transactions=(_transactions(database) - before) * 60 / IDLE)


def _transactions(database: psycopg.Connection[tuple[object, ...]]) -> float:
    """A connection counts its own when it is told to: the others do within a second or so."""
    row = database.execute(
        "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
    ).fetchone()
    return float(str(row[0])) if row else 0.0


def _idle_on_sqlite(folder: Path) -> Idle:
    """A home of its own, in which there is nothing to do."""
    close()
    with patch.dict(os.environ):
        os.environ.pop("HEADCOUNT_DATABASE_URL", None)
        with _alone(Machine(home=folder / "alone", environment={})) as machine:
            return Idle(processor=_processor(machine), transactions=None)


@contextmanager
def _alone(machine: Machine) -> Iterator[Machine]:
    machine.start()
    try:
        machine.ready()
        time.sleep(3.0)  # what it does once, when it begins
        yield machine
    finally:
        machine.kill()


def _processor(machine: Machine) -> float:
    """Percent of one processor that its worker takes in ``IDLE`` seconds."""
    assert machine.process is not None
    process = psutil.Process(machine.process.pid)
    before = process.cpu_times()
    time.sleep(IDLE)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / IDLE * 100


def _takeover(stage: Stage) -> float:
    """A worker is killed in the middle of a run; seconds until another one on another machine has it."""
    first, second = stage.machines[:2]
    stage.company.edit()
    stage.far_end.ask("faults", {"kind": "latency", "latency": 2, "match": {"path": "/api/v2/"}})
    run = office.queue(SYNC)
    wait_for(lambda: Receipt.objects.filter(run=run).exists(), seconds=60)
    holder = office.holders()[run]
    second.start()
    second.ready()
    first.kill()
    began = time.monotonic()
    wait_for(lambda: office.holders().get(run, holder) != holder, seconds=60)
    return time.monotonic() - began
