"""A worker: takes queued runs and executes several of different syncs at a time, in threads of this process."""

from __future__ import annotations

import os
import threading
import time

from headcount import __version__
from headcount.errors import ConfigurationError, HeadcountError
from headcount.logs import Event, note
from headcount.service import tracing, workplace
from headcount.service.running import awaits, execute_run, fail_run
from headcount.service.source_retries import pauses
from headcount.worker import jobs
from headcount.worker.postman import Postman
from headcount.worker.slot import Slot
from headcount.worker.sweeper import Sweeper

PARALLEL = 4  # runs at a time, unless HEADCOUNT_WORKER_RUNS says otherwise


class Worker:
    """One for each process. ``start`` returns at once, ``stop`` when every run has been handed back."""

    def __init__(self, *, parallel: int | None = None) -> None:
        self._parallel = parallel or _parallel()
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._working = 0
        self._slot: Slot | None = None
        self._sweeper: Sweeper | None = None
        self._postman = Postman()

    def start(self) -> None:
        """Begin to take runs. Raises ``StateError`` when the queue's tables cannot be used, and ``ConfigurationError``
        when traces are wanted that cannot be sent, or the pauses between tries are no numbers.
        """
        pauses()
        tracing.start()
        home = workplace.home()
        self._slot = Slot(home)
        try:
            jobs.launch(
                home,
                f"{workplace.place(home)}-{self._slot.number}",
                parallel=self._parallel,
                work=self._execute,
            )
        except BaseException:
            self._slot.close()
            raise
        self._sweeper = Sweeper(home)
        self._sweeper.start()
        self._postman.start()
        note(Event.WORKER_STARTED, version=__version__, parallel=self._parallel)

    def stop(self, timeout: float = 30.0) -> bool:
        """Take nothing more, let requests in flight be answered, and hand the runs back to the queue.

        False when a run was still being worked on after ``timeout`` seconds, because its source does not answer for
        example. It is safe to end the process then: nothing that was answered is unrecorded.
        """
        self._stopping.set()
        if self._sweeper is None or self._slot is None:
            return True
        self._sweeper.stop()
        done = self._wait(timeout)
        jobs.shut()
        self._postman.stop()  # after the runs, whose end is news
        self._slot.close()
        self._sweeper = self._slot = None
        tracing.stop()
        note(Event.WORKER_STOPPED, at_rest=done)
        return done

    @property
    def working(self) -> int:
        """How many runs it works on now."""
        return self._working

    def _wait(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        with self._changed:
            return self._changed.wait_for(lambda: not self._working, max(0.0, deadline - time.monotonic()))

    def _execute(self, run_id: int, attempt: int) -> str:
        self._count(1)
        try:
            return _executed(run_id, attempt, self._stopping)
        finally:
            workplace.let_go()  # Django would keep this thread's connection until the process ends
            self._count(-1)
            if self._sweeper is not None:
                self._sweeper.wake()
            self._postman.wake()

    def _count(self, change: int) -> None:
        with self._changed:
            self._working += change
            self._changed.notify_all()


def _executed(run_id: int, attempt: int, stopping: threading.Event) -> str:
    """What went wrong outside of the run itself leaves the run where it is; the sweeper finds it there."""
    try:
        if not awaits(run_id, attempt):
            return "past"
        note(Event.RUN_TAKEN, run=run_id, attempt=attempt)
        report = execute_run(run_id, attempt=attempt, stopping=stopping.is_set)
    except HeadcountError as error:
        note(Event.RUN_LEFT, run=run_id, reason=error.message)
        return "left"
    except Exception as error:  # a bug; its words may quote a row
        note(Event.RUN_BROKE, run=run_id, error=type(error).__name__)
        fail_run(run_id, type(error).__name__)
        return "broke"
    note(Event.RUN_DONE, **report.figures())
    return report.status.value


def _parallel() -> int:
    value = os.environ.get("HEADCOUNT_WORKER_RUNS", "") or str(PARALLEL)
    if not value.isdecimal() or not int(value):
        raise ConfigurationError(
            f"HEADCOUNT_WORKER_RUNS is {value}, which is no number of runs.",
            hint=f"Set it to a whole number from 1; without it a worker executes {PARALLEL} runs at a time.",
        )
    return int(value)
