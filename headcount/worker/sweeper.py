"""Puts into the queue what triggers and run rows ask for, and brings back what a worker that is gone has left."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from headcount.errors import HeadcountError
from headcount.home import Home
from headcount.logs import Event, note
from headcount.service import workplace
from headcount.service.heartbeat import beat
from headcount.service.queue import Due, begin_again, due_runs
from headcount.service.retention import tidy_daily, tidy_here
from headcount.service.scheduling import tick
from headcount.worker import jobs

LISTEN = 0.1  # seconds between two looks at the bell, which cost no query
LOOK = 2.0  # seconds between two looks into the control store
DOUBT = 10.0  # seconds a run may be due before the queue is asked what became of its attempt
SLOW = timedelta(seconds=30)  # a worker that took an attempt has begun the run by then, or is gone
BEAT = 10.0  # seconds between two signs of life
SETTLED = 60.0  # seconds after its start before a worker tidies
TIDY = 3600.0  # seconds between two times that it is asked what is old


class Sweeper:
    """A thread. ``wake`` makes it look at once."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._end = threading.Event()
        self._wanted = threading.Event()
        self._seen: dict[Due, float] = {}
        self._hindrance = ""
        self._said: set[tuple[str, str]] = set()  # of syncs whose triggers cannot be looked at
        self._beat = 0.0
        self._tidying: threading.Thread | None = None
        self._thread = threading.Thread(target=self._work, name="headcount-sweeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the present look is over. Tidying is given a moment: it may stop anywhere."""
        self._end.set()
        self._thread.join()
        if self._tidying is not None:
            self._tidying.join(timeout=5.0)

    def wake(self) -> None:
        self._wanted.set()

    def _work(self) -> None:
        heard, look, tidy = -1, 0.0, time.monotonic() + SETTLED
        while not self._end.wait(LISTEN):
            ringing, now = workplace.rings(self._home), time.monotonic()
            if ringing == heard and now < look and not self._wanted.is_set():
                continue
            heard, look = ringing, now + LOOK
            self._wanted.clear()
            self._look()
            if now >= tidy:
                tidy = now + TIDY
                self._begin_tidying()

    def _look(self) -> None:
        """No trouble ends the thread: the next look may go better."""
        try:
            self._show()
            tick(datetime.now(UTC), self._say_once)
            self._enqueue(due_runs())
            self._hindered("")
        except HeadcountError as error:
            self._hindered(error.message)
        except Exception as error:  # of DBOS, whose words may quote a statement
            self._hindered(type(error).__name__)
        finally:
            workplace.let_go()

    def _hindered(self, reason: str) -> None:
        """An outage is told when it begins and when it changes, not at each look."""
        if reason and reason != self._hindrance:
            note(Event.QUEUE_UNREACHABLE, reason=reason)
        self._hindrance = reason

    def _say_once(self, sync: str, error: str) -> None:
        if (sync, error) not in self._said:
            self._said.add((sync, error))
            note(Event.TRIGGERS_BROKEN, sync=sync, error=error)

    def _show(self) -> None:
        if time.monotonic() >= self._beat:
            beat(datetime.now(UTC))
            self._beat = time.monotonic() + BEAT

    def _enqueue(self, dues: list[Due]) -> None:
        now = time.monotonic()
        self._seen = {due: self._seen[due] for due in dues if due in self._seen}
        for due in dues:
            if due not in self._seen:
                jobs.enqueue(due)
                self._seen[due] = now
        self._doubt([due for due, since in self._seen.items() if now - since > DOUBT])

    def _doubt(self, dues: list[Due]) -> None:
        """Attempts that are over although their run was never begun are followed by another."""
        if not dues:
            return
        known = jobs.attempts(dues)
        for due in dues:
            attempt = known.get(due)
            if attempt is not None and attempt.waits:
                continue  # for a worker that has room
            late = attempt is None or attempt.ended or _long_ago(attempt.began)
            if late:
                jobs.drop(due) if attempt is not None and not attempt.ended else None
                begin_again(due)

    def _begin_tidying(self) -> None:
        """Beside the looks, for it may take minutes."""
        if self._tidying is None or not self._tidying.is_alive():
            self._tidying = threading.Thread(target=self._tidy, name="headcount-tidying", daemon=True)
            self._tidying.start()

    def _tidy(self) -> None:
        """Tidying can wait an hour, whatever hinders it."""
        try:
            jobs.forget_old()
            tidy_here()
            tidy_daily(datetime.now(UTC))
        except HeadcountError as error:
            note(Event.TIDYING_PUT_OFF, reason=error.message)
        except Exception as error:  # of DBOS, whose words may quote a statement
            note(Event.TIDYING_PUT_OFF, reason=type(error).__name__)
        finally:
            workplace.let_go()


def _long_ago(began: datetime | None) -> bool:
    return began is not None and datetime.now(UTC) - began > SLOW
