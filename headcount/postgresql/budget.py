"""One budget of requests per workspace, kept by workers on several machines together (P5).

The budget is a row: when the next slot is free and until when all pause, on the server's clock. Slots are reserved a
little ahead, for all of a process's waiting threads in one statement. Whoever wakes up for a slot asks once more
whether a pause began meanwhile, and lets a slot go by that it is too late for, so requests never bunch.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import psycopg

from headcount.limiter import LONGEST_PAUSE, NAP, SHARE, bounded, never, spacing
from headcount.postgresql.session import SCHEMA, Session, connect
from headcount.postgresql.trouble import told

LATE = 0.03  # seconds after its beginning that a slot may still be used
SLACK = (
    1.04  # on top of the spacing of one machine: for slots used late, and answers of the server on their way
)
PATIENCE = 15.0  # seconds in which a server that is restarted may come back

AHEAD = NAP / 2  # seconds that slots are reserved ahead, at most

_NOW = "extract(epoch FROM clock_timestamp())::float8"


def _coming(column: str, longest: str) -> str:
    """A moment that is to come. One too far ahead is from before the server's clock was set back, and void."""
    return f"CASE WHEN {column} < {_NOW} + {longest} THEN {column} ELSE 0 END"


_OPENS, _PAUSED = (
    _coming("opens", "600 + %(spacing)s::float8"),
    _coming("paused_until", str(LONGEST_PAUSE + 1)),
)
_RESERVE = f"""
    UPDATE {SCHEMA}.budgets
    SET opens = greatest({_OPENS}, {_NOW}) + %(count)s * %(spacing)s::float8
    WHERE name = %(name)s AND {_PAUSED} <= {_NOW} AND {_OPENS} <= {_NOW} + {AHEAD}
    RETURNING opens - %(count)s * %(spacing)s::float8 - {_NOW}
"""
# Who yields takes a slot when nobody has reserved one for later, and at least one in SHARE: then also one that is
# a little further ahead than the others reserve.
_MY_TURN = f"(yielded + {SHARE} * %(spacing)s::float8 <= {_NOW} OR yielded > {_NOW} + 1)"
_TAKE = f"""
    UPDATE {SCHEMA}.budgets
    SET opens = greatest({_OPENS}, {_NOW}) + %(spacing)s::float8, yielded = {_NOW}
    WHERE name = %(name)s AND {_PAUSED} <= {_NOW}
      AND {_OPENS} <= {_NOW} + CASE WHEN {_MY_TURN} THEN {2 * AHEAD} + %(spacing)s::float8 ELSE 0 END
    RETURNING opens - %(spacing)s::float8 - {_NOW}
"""
_WAIT_YIELDING = f"""
    SELECT greatest({_PAUSED}, least({_OPENS}, yielded + {SHARE} * %(spacing)s::float8)) - {_NOW}
    FROM {SCHEMA}.budgets WHERE name = %(name)s
"""
_WAIT = f"SELECT greatest({_PAUSED}, {_OPENS} - {AHEAD}) - {_NOW} FROM {SCHEMA}.budgets WHERE name = %(name)s"
_IS_PAUSED = f"SELECT ({_PAUSED} > {_NOW})::int FROM {SCHEMA}.budgets WHERE name = %(name)s"
_PAUSE = f"""
    UPDATE {SCHEMA}.budgets SET paused_until = greatest({_NOW} + %(seconds)s::float8, {_PAUSED})
    WHERE name = %(name)s
"""


class PostgreSQLLimiter:
    """``Limiter`` in a row called ``name`` of the database at ``url``; connects when it is first asked.

    ``requests_per_second`` and ``yields`` as for ``FileLimiter``. ``close`` gives back the connection.
    """

    def __init__(
        self, url: str, name: str, requests_per_second: float | None, *, yields: bool = False
    ) -> None:
        self._yields = yields
        self._url = url
        self._name = name
        self._spacing = spacing(requests_per_second) * SLACK
        self._lock = threading.Lock()  # one thread at a time speaks with the server
        self._waiting = 0
        self._slots: deque[float] = deque()  # beginnings, on this machine's monotonic clock
        self._session: Session | None = None

    def acquire(self, stop: Callable[[], bool] = never) -> bool:
        while not stop():
            begins, mine = self._next()
            if not mine:
                time.sleep(min(begins - time.monotonic(), NAP) if begins > time.monotonic() else 0)
            elif self._reached(begins):
                return not stop()
        return False

    def pause(self, seconds: float) -> None:
        with self._lock:
            self._slots.clear()
            self._ask(_PAUSE, seconds=bounded(seconds))

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _next(self) -> tuple[float, bool]:
        """A slot's beginning and True; or the moment at which to ask again, and False."""
        self._waiting += 1
        try:
            with self._lock:
                if not self._slots and (again := self._reserve()) > 0:
                    return time.monotonic() + again, False
                return self._slots.popleft(), True
        finally:
            self._waiting -= 1

    def _reserve(self) -> float:
        """Reserve a slot for every thread that waits. Returns the seconds to wait before that can be done."""
        count = 1
        if self._spacing and not self._yields:
            count = max(1, min(self._waiting, int(AHEAD / self._spacing)))
        reserve, wait = (_TAKE, _WAIT_YIELDING) if self._yields else (_RESERVE, _WAIT)
        reserved = self._ask(reserve, count=count)
        if not reserved:
            return max(self._ask(wait)[0], NAP / 20 if self._yields else 0.001)
        begins = time.monotonic() + reserved[0]
        self._slots.extend(begins + turn * self._spacing for turn in range(count))
        return 0.0

    def _reached(self, begins: float) -> bool:
        """Wait for a slot. False when a pause began meanwhile, or the slot has gone by."""
        wait = begins - time.monotonic()
        if wait <= 0.002:
            return not self._spacing or wait > -LATE
        time.sleep(wait)
        with self._lock:
            (paused,) = self._ask(_IS_PAUSED)
        return not paused and begins - time.monotonic() > -LATE

    def _ask(self, statement: str, **values: float) -> tuple[float, ...]:
        """For the holder of the lock. A connection that broke is opened anew for a while before that is an error."""
        deadline = time.monotonic() + PATIENCE
        with told():
            while True:
                try:
                    return self._asked(statement, {"name": self._name, "spacing": self._spacing, **values})
                except psycopg.OperationalError:
                    self._drop()
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(NAP)

    def _asked(self, statement: str, values: dict[str, object]) -> tuple[float, ...]:
        if self._session is None:
            self._session = connect(self._url, brief=True)
            self._session.execute(
                f"INSERT INTO {SCHEMA}.budgets (name) VALUES (%s) ON CONFLICT DO NOTHING", [self._name]
            )
        answer = self._session.execute(statement, values)
        row = answer.fetchone() if answer.description else None
        return tuple(float(str(value)) for value in row or ())

    def _drop(self) -> None:
        if self._session is not None:
            with suppress(psycopg.Error):
                self._session.close()
        self._session = None
