"""An end to a whole request over the network: time limits of sockets begin anew with every byte that arrives."""

from __future__ import annotations

import math
import socket
import threading
from contextlib import suppress
from types import TracebackType

from headcount.clock import seconds as clock


class Deadline:
    """A context manager around one request. When ``seconds`` are over the connection it watches is cut.

    Used by one thread. It costs some microseconds: one more thread looks after all that are open.
    """

    def __init__(self, seconds: float) -> None:
        self.ends = clock() + seconds
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def __enter__(self) -> Deadline:
        _GUARD.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _GUARD.remove(self)
        with self._lock:
            self._socket = None  # which may be another request's soon

    @property
    def left(self) -> float:
        """Seconds; 0 when they are over."""
        return max(0.0, self.ends - clock())

    @property
    def over(self) -> bool:
        return clock() >= self.ends

    def watch(self, connection: socket.socket) -> None:
        """From now on ``connection`` is the one to be cut; at once when the time is over."""
        with self._lock:
            self._socket = connection
        if self.over:
            self.cut()

    def cut(self) -> None:
        """Whoever reads or writes sees the end of the connection."""
        with self._lock:
            if self._socket is not None:
                with suppress(OSError):  # closed already
                    # An SSLSocket's own method would let its reader go on without decrypting.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Guard:
    """The thread that cuts what is over. It is woken for a request only if it would sleep beyond its end."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._open: set[Deadline] = set()
        self._wakes = math.inf
        self._thread: threading.Thread | None = None

    def add(self, deadline: Deadline) -> None:
        with self._changed:
            self._open.add(deadline)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="headcount-deadlines", daemon=True)
                self._thread.start()
            elif deadline.ends < self._wakes:
                self._changed.notify()

    def remove(self, deadline: Deadline) -> None:
        with self._changed:
            self._open.discard(deadline)

    def _run(self) -> None:
        with self._changed:
            while True:
                for deadline in [one for one in self._open if one.over]:
                    self._open.remove(deadline)
                    deadline.cut()
                self._wakes = min((one.ends for one in self._open), default=math.inf)
                self._changed.wait(None if self._wakes == math.inf else max(0.0, self._wakes - clock()))


_GUARD = _Guard()
