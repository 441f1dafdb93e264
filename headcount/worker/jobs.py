"""The durable queue: DBOS, with its tables in a file of the home or in a schema of the control store's PostgreSQL.

Only its public interface is used, none of its services are: no console, no server, no telemetry.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID

from headcount.disk import unusable
from headcount.errors import StateError
from headcount.home import Home
from headcount.model import Lane
from headcount.postgresql.brief import BRIEF
from headcount.service.queue import Due

QUEUE = "headcount-runs"
BACKFILLS = "headcount-backfills"  # a queue of their own: they never have the place of a run that is due
SCHEMA = "headcount_jobs"
POLL = 0.2  # seconds between two looks into the queue
SLOW_POLL = 1.0  # into that of backfills, which can wait; looks are most of what idleness costs
KEEP = timedelta(days=1)  # how long attempts that came to their end are remembered
# Runs of an older release are taken over after an upgrade. A release that could not read them would change this.
VERSION = "headcount-1"
_LOGGER = logging.getLogger("dbos")

Work = Callable[[int, int], str]
_work: Work | None = None


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What the queue knows of an attempt. ``began`` is when a worker took it."""

    waits: bool  # for a worker
    ended: bool
    began: datetime | None


@DBOS.workflow(name="headcount.run", max_recovery_attempts=None)
def run(run_id: int, attempt: int) -> str:
    """One attempt at a run; returns the run's status after it."""
    status: str = execute(run_id, attempt)
    return status


@DBOS.step(name="headcount.execute")
def execute(run_id: int, attempt: int) -> str:
    """All of the work. It keeps its own book, so nothing finer is recorded here."""
    assert _work is not None
    return _work(run_id, attempt)


def launch(home: Home, executor: str, *, parallel: int, work: Work) -> None:
    """Begin to take attempts from the queue, ``parallel`` at a time, and half as many backfills beside them.

    Raises ``StateError``.
    """
    global _work
    _work = work
    _LOGGER.disabled = False
    if not _LOGGER.handlers:  # else it would write to the console
        _LOGGER.addHandler(logging.NullHandler())
    try:
        DBOS(config=_config(home, executor))
        DBOS.launch()
        for queue, places, poll in ((QUEUE, parallel, POLL), (BACKFILLS, max(1, parallel // 2), SLOW_POLL)):
            DBOS.register_queue(
                queue, worker_concurrency=places, polling_interval_sec=poll, on_conflict="always_update"
            )
    except Exception as error:
        shut()
        raise StateError(
            f"The queue's tables cannot be used ({type(error).__name__}).",
            hint="Check HEADCOUNT_DATABASE_URL and the rights of its user, who must be able to create a schema."
            if os.environ.get("HEADCOUNT_DATABASE_URL")
            else f"Make {home.jobs} writable, or move it away: the queue is made anew from the runs.",
        ) from error


def shut() -> None:
    """Take nothing more. Attempts that are being worked on are not waited for.

    From here on the library's threads miss their tables, and whoever ends a worker need not be told of it.
    """
    _LOGGER.disabled = True
    DBOS.destroy()


def enqueue(due: Due) -> None:
    """Once for each attempt, however often it is called."""
    queue = BACKFILLS if due.lane is Lane.BACKFILL else QUEUE
    with SetWorkflowID(_name(due)), SetEnqueueOptions(priority=due.rank):
        DBOS.enqueue_workflow(queue, run, due.run, due.attempt)


def attempts(dues: Sequence[Due]) -> dict[Due, Attempt]:
    """What the queue knows of these; those it does not know are left out."""
    names = {_name(due): due for due in dues}
    found = DBOS.list_workflows(workflow_ids=list(names), load_input=False, load_output=False)
    return {names[each.workflow_id]: _attempt(each.status, each.dequeued_at) for each in found}


def drop(due: Due) -> None:
    """This attempt is not to be begun any more."""
    DBOS.cancel_workflow(_name(due))


def forget_old() -> None:
    """Attempts that ended long ago are of no use to anybody."""
    before = (datetime.now(UTC) - KEEP).isoformat()
    old = DBOS.list_workflows(
        name="headcount.run", completed_before=before, limit=500, load_input=False, load_output=False
    )
    if old:
        DBOS.delete_workflows([each.workflow_id for each in old])


def _attempt(status: str, dequeued_ms: int | None) -> Attempt:
    return Attempt(
        waits=status in ("ENQUEUED", "DELAYED"),
        ended=status not in ("ENQUEUED", "DELAYED", "PENDING"),
        began=datetime.fromtimestamp(dequeued_ms / 1000, UTC) if dequeued_ms else None,
    )


def _name(due: Due) -> str:
    return f"run-{due.run}-{due.attempt}"


def _config(home: Home, executor: str) -> DBOSConfig:
    url = os.environ.get("HEADCOUNT_DATABASE_URL")
    config: DBOSConfig = {
        "name": "headcount",
        "system_database_url": url or f"sqlite:///{_file(home)}",
        "application_version": VERSION,
        "executor_id": executor,
        "log_level": "ERROR",
        "sys_db_pool_size": 5,
        "notification_listener_polling_interval_sec": 1.0,  # costs no query, and the end waits for it
        "scheduler_polling_interval_sec": 60.0,  # nor for DBOS's own schedules
    }
    if url:
        config["dbos_system_schema"] = SCHEMA
        config["db_engine_kwargs"] = {"connect_args": {"application_name": "headcount_jobs", **BRIEF}}
    return config


def _file(home: Home) -> str:
    """The queue's file, made so that nobody else can read it and readers do not wait for writers."""
    try:
        os.close(os.open(home.jobs, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise unusable(home.jobs, error) from error
    with closing(sqlite3.connect(home.jobs, timeout=20)) as database:
        database.execute("PRAGMA journal_mode=WAL")
    return str(home.jobs)
