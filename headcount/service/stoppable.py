"""A run's source that another thread may stop, also while its query has not answered yet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from headcount.engines.base import Relation, Source
from headcount.model import Column, Model

if TYPE_CHECKING:
    import pyarrow as pa


class Stop:
    """``stop`` ends whatever the sources that were opened through ``watching`` do. Returns at once; never raises."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[Source] = []
        self._on = False

    @property
    def on(self) -> bool:
        """Was something stopped?"""
        return self._on

    def watching(self, open_source: Callable[[], Source]) -> Callable[[], Source]:
        return lambda: StoppableSource(open_source(), self)

    def stop(self) -> None:
        with self._lock:
            if self._on or not self._open:
                return
            self._on = True
        threading.Thread(target=self._stop, name="headcount-stop", daemon=True).start()

    def opened(self, source: Source) -> None:
        with self._lock:
            self._open.append(source)

    def close(self, source: Source) -> None:
        """Not while it is being stopped."""
        with self._lock:
            if source in self._open:
                self._open.remove(source)
            source.close()

    def _stop(self) -> None:
        """A server may have to be asked for it on another connection, so this can take a while."""
        with self._lock:
            for source in self._open:
                source.stop()


class StoppableSource:
    """A ``Source`` that does what ``inner`` does, and is known to ``stop`` until it is closed."""

    def __init__(self, inner: Source, stop: Stop) -> None:
        self._inner = inner
        self._stop = stop
        stop.opened(inner)

    def check(self) -> str:
        return self._inner.check()

    def relations(self) -> tuple[Relation, ...]:
        return self._inner.relations()

    def columns(self, model: Model) -> tuple[Column, ...]:
        return self._inner.columns(model)

    def read(
        self, model: Model, columns: Sequence[str], limit: int | None = None
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        return self._inner.read(model, columns, limit)

    def stop(self) -> None:
        self._inner.stop()

    def close(self) -> None:
        self._stop.close(self._inner)
