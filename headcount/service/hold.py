"""One run in this process's hands: its lease, its heartbeat, and the wishes of people that reach it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from django.db import connection

from headcount.clock import seconds as clock
from headcount.control import leases
from headcount.control.models import Run
from headcount.control.setup import close
from headcount.control.trouble import told
from headcount.engines.base import Source
from headcount.errors import StateError, StoreAway
from headcount.home import Home
from headcount.limiter import never
from headcount.service.recorder import Recorder
from headcount.service.stoppable import Stop
from headcount.service.time_limit import seconds_allowed
from headcount.service.tracing import trace_of
from headcount.sync import Progress

BEAT = 1.0  # seconds between two looks at the run row; its progress is written at most that often
RENEW = leases.SECONDS / 3


class Hold:
    """A context manager around the work on a claimed run. Leaving it lets go of the run.

    ``permit`` says whether the next request may be written: not while the lease is over (it is only needed where other
    machines could take the run), a person wants the run to rest, or ``stopping`` says that this process is to end.
    ``allowed`` is how many seconds the run may be worked on, by everybody together.
    """

    def __init__(
        self,
        run: Run,
        since: float,
        *,
        progress: Progress | None = None,
        stopping: Callable[[], bool] = never,
        allowed: float | None = None,
    ) -> None:
        self.holder = run.worker
        self._trace = trace_of(run, progress)
        self.progress = Recorder(self._trace.progress, self.may_read)
        self.allowed = allowed
        self._worked, self._since = run.worked, since
        self._reading = Stop()
        self._run_id = run.pk
        self._stopping = stopping
        self._shared = connection.vendor == "postgresql"
        self._until = since + leases.SECONDS
        self._lost = self._paused = self._canceled = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"headcount-hold-{run.pk}", daemon=True)

    def __enter__(self) -> Hold:
        self._trace.begin()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._trace.end(kind)
        self._end.set()
        self._thread.join()
        if isinstance(error, StoreAway):
            return  # still under this name, it is found by this machine as soon as the store is back
        with suppress(StateError), told():  # else the lease ends by itself
            leases.release(self._run_id, self.holder, self.worked)

    @property
    def worked(self) -> float:
        """Seconds that the run was worked on by now."""
        return self._worked + clock() - self._since

    def over(self) -> bool:
        """Is the run's time up?"""
        return self.allowed is not None and self.worked > self.allowed

    @property
    def canceled(self) -> bool:
        """Did somebody ask the run to stop?"""
        return self._canceled

    @property
    def stopped_reading(self) -> bool:
        """Was the source told to stop? It says so as if that were its own trouble."""
        return self._reading.on or not self.may_read()

    def watching(self, open_source: Callable[[], Source]) -> Callable[[], Source]:
        """A source opened this way is stopped when the run may not read any more."""
        return self._reading.watching(open_source)

    def tell(self) -> None:
        """Write down at once how far the run is."""
        if (changed := self.progress.changed()) is not None:
            leases.renew(self._run_id, self.holder, changed, self.worked)

    def permit(self) -> bool:
        """Cheap enough to be asked before every request: no query."""
        held = not self._lost and (not self._shared or clock() < self._until)
        return held and not self._paused and not self._stopping()

    def may_read(self) -> bool:
        return self.permit() and not self._canceled and not self.over()

    def _beat(self) -> None:
        try:
            while not self._end.wait(BEAT):
                with suppress(
                    StateError
                ):  # a store that is out of reach for long costs the lease, and that is right
                    self._look()
                if not self.may_read():
                    self._reading.stop()
        finally:
            close()

    def _look(self) -> None:
        now = clock()
        changed = self.progress.changed()
        with told():
            if changed is not None or now >= self._until - leases.SECONDS + RENEW:
                self._lost = not leases.renew(self._run_id, self.holder, changed, self.worked)
                self._until = now + leases.SECONDS
            wishes = Run.objects.filter(pk=self._run_id).values_list("pause_requested", "cancel_requested")
            self._paused, self._canceled = wishes.first() or (False, True)


def take(
    run: Run,
    home: Home,
    *,
    attempt: int | None = None,
    progress: Progress | None = None,
    stopping: Callable[[], bool] = never,
) -> Hold | None:
    """The run, for a caller that has the lock of its sync; None while it is somebody else's, or has ended."""
    since = clock()
    if not leases.claim(run, leases.new_holder(home), attempt=attempt):
        return None
    return Hold(run, since, progress=progress, stopping=stopping, allowed=seconds_allowed(run.sync))
