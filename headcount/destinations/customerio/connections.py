"""Connections that know how long the exchange may take that they serve."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

from headcount.deadline import Deadline

_current: ContextVar[Deadline] = ContextVar("deadline")


@contextmanager
def exchange(seconds: float) -> Iterator[Deadline]:
    """Inside, connections that this thread uses are cut once ``seconds`` are over."""
    with Deadline(seconds) as deadline:
        token = _current.set(deadline)
        try:
            yield deadline
        finally:
            _current.reset(token)


def pool_of(size: int) -> urllib3.PoolManager:
    """Connections that are kept alive, ``size`` of them for each host. To be used inside ``exchange`` only."""
    pool = urllib3.PoolManager(num_pools=4, maxsize=size, block=False)
    pool.pool_classes_by_scheme = {"http": _PlainPool, "https": _EncryptedPool}
    return pool


class _Plain(HTTPConnection):
    def connect(self) -> None:
        _connect(self, super().connect)

    def request(self, *words: Any, **options: Any) -> None:
        _watch(self)
        super().request(*words, **options)


class _Encrypted(HTTPSConnection):
    def connect(self) -> None:
        _connect(self, super().connect)

    def request(self, *words: Any, **options: Any) -> None:
        _watch(self)
        super().request(*words, **options)


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _EncryptedPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Encrypted


def _connect(connection: HTTPConnection, connect: Callable[[], None]) -> None:
    """Looking up a name cannot be interrupted, and each address and the handshake have a time limit of their own. So
    all of it is done by a thread that is left behind when it takes longer than a connection may.
    """
    seconds = min(connection.timeout or 0.0, _current.get().left)
    connected = Future[None]()

    def work() -> None:
        try:
            connect()
        except BaseException as error:
            _tell(connected.set_exception, error)
        else:
            if not _tell(connected.set_result, None):
                connection.close()

    threading.Thread(target=work, name="headcount-connect", daemon=True).start()
    try:
        wait([connected], seconds)
    finally:
        late = connected.cancel()
    if late:
        raise ConnectTimeoutError(connection, "connecting took too long")
    connected.result()
    _watch(connection)


def _tell(how: Callable[[Any], None], what: Any) -> bool:
    """False when nobody waits any more."""
    try:
        how(what)
    except InvalidStateError:
        return False
    return True


def _watch(connection: HTTPConnection) -> None:
    if connection.sock is not None:
        _current.get().watch(connection.sock)
