"""An end to waiting for a server's bytes: a socket's own time limit begins anew with every one that arrives."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def cut_after(seconds: float, way: socket.socket) -> Iterator[None]:
    """Whatever reads from ``way`` inside finds it closed by the other side once ``seconds`` are over.

    ``way`` may be wrapped or closed meanwhile.
    """
    same = way.dup()

    def cut() -> None:
        with suppress(OSError):
            same.shutdown(socket.SHUT_RDWR)

    clock = threading.Timer(seconds, cut)
    clock.daemon = True
    clock.start()
    try:
        yield
    finally:
        clock.cancel()
        clock.join()  # else it might cut what has the number of ``same`` by then
        same.close()
