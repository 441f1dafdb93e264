"""An end to a whole request over HTTP: time limits of sockets begin anew with every byte that arrives."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any

_OPENED = ("connection.connect_tcp.complete", "connection.start_tls.complete")


class Deadline:
    """A context manager around one request. After ``seconds`` its connection is cut, and ``over`` is True.

    ``follow`` is to be given to httpx as the extension ``trace`` of the request.
    """

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._socket = None  # whose number may be another connection's soon

    def follow(self, event: str, info: dict[str, Any]) -> None:
        """Notes the connection once it is there."""
        if event in _OPENED:
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                self._cut()

    def _end(self) -> None:
        with self._lock:
            self.over = True
            self._cut()

    def _cut(self) -> None:
        if self.over and self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
