"""How long a source is waited for, by somebody who wants no run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType

from headcount.engines.base import Source
from headcount.engines.stream import stopped
from headcount.limiter import Limiter, never
from headcount.service.stoppable import Stop
from headcount.sync import Line, Progress

LOOK = 0.5  # seconds between two questions whether anybody still waits


class Patience(Progress):
    """A context manager. Inside, sources that were opened through ``watching`` are stopped, also in the middle of a
    query, once ``seconds`` are over (None: never) or ``unwanted`` says so; ``over`` is True from then on.

    As the ``Progress`` of a line it ends what reads no source too. All of it raises ``SourceError``.
    """

    def __init__(self, seconds: float | None, unwanted: Callable[[], bool] = never) -> None:
        self._seconds = seconds
        self._unwanted = unwanted
        self._stop = Stop()
        self._over, self._left = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="headcount-patience", daemon=True)

    def __enter__(self) -> Patience:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.join()

    @property
    def over(self) -> bool:
        return self._over.is_set()

    def watching(self, open_source: Callable[[], Source]) -> Callable[[], Source]:
        """Opening counts: a source that is there too late is stopped at once."""

        def opened() -> Source:
            source = self._stop.watching(open_source)()
            if self.over:
                self._stop.stop()
            return source

        return opened

    def around(self, line: Line) -> Line:
        """The same line, which ends when nobody waits for it any more. Its progress is this one."""
        return replace(
            line,
            open_source=self.watching(line.open_source),
            lookups=_Budget(line.lookups, self),
            progress=self,
        )

    def check(self) -> None:
        """Raises ``SourceError`` when nobody waits any more."""
        if self.over:
            raise stopped()

    def reading(self, rows: int) -> None:
        self.check()

    def comparing(self) -> None:
        self.check()

    def _watch(self) -> None:
        rest = self._seconds
        while rest is None or rest > 0:
            nap = LOOK if rest is None else min(LOOK, rest)
            if self._left.wait(nap):
                return
            rest = None if rest is None else rest - nap
            if self._unwanted():
                break
        self._over.set()
        self._stop.stop()


class _Budget:
    """A ``Limiter`` that lets nobody through when nobody waits, also not whoever waits for their turn."""

    def __init__(self, inner: Limiter, patience: Patience) -> None:
        self._inner = inner
        self._patience = patience

    def acquire(self, stop: Callable[[], bool] = never) -> bool:
        through = self._inner.acquire(lambda: stop() or self._patience.over)
        self._patience.check()
        return through

    def pause(self, seconds: float) -> None:
        self._inner.pause(seconds)

    def close(self) -> None:
        self._inner.close()
