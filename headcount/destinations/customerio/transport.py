"""One HTTP exchange, and the certainty whether anything of it can have been acted upon.

With ``connections`` the only file that knows the HTTP library: none of its exceptions gets past here.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Protocol
from urllib.parse import urlsplit

import urllib3
from urllib3 import exceptions as lib

from headcount.deadline import Deadline
from headcount.destinations.customerio.connections import exchange, pool_of
from headcount.errors import DestinationError, HeadcountError, TransientError

CONNECT_SECONDS = 10.0  # of the time of an exchange, with the name, all addresses and the handshake


class UnreachedError(TransientError):
    """No connection came about. Becomes the operator's error where a person is waiting for the answer."""


class UnknownHostError(UnreachedError):
    """The host has a name that nobody knows here."""


class Pool(Protocol):
    """What is used of ``urllib3.PoolManager``: the seam at which tests put something else."""

    def urlopen(self, method: str, url: str, **options: Any) -> Any: ...

    def clear(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One HTTP answer, read to its last byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outgoing:
    """A body that notices when the HTTP library begins to write it.

    Before that moment nothing can have been applied: the other side has at most seen headers. It does not come once the
    time is over, also when this process or its machine was asleep.
    """

    def __init__(self, body: bytes, deadline: Deadline) -> None:
        self._body = body
        self._deadline = deadline
        self.begun = False

    def __iter__(self) -> Iterator[bytes]:
        if self._deadline.over:
            raise TimeoutError
        self.begun = True
        yield self._body


class Transport:
    """Keeps connections alive; used by several threads at once. Never retries, never follows a redirect.

    An exchange is over ``timeout`` seconds after it was asked for, connecting and the last byte of the answer included.
    """

    def __init__(self, *, timeout: float, pool_size: int, pool: Pool | None = None) -> None:
        self._seconds = timeout
        self._timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, timeout), total=timeout)
        self._pool: Pool = pool or pool_of(pool_size)

    def get(self, url: str, authorization: str) -> Reply:
        """Asking applies nothing, so ``TransientError.applied`` is False whatever happens."""
        return self._exchange("GET", url, _headers(authorization), None)

    def post(self, url: str, authorization: str, body: bytes) -> Reply:
        headers = _headers(authorization) | {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
        return self._exchange("POST", url, headers, body)

    def close(self) -> None:
        self._pool.clear()

    def _exchange(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Reply:
        with exchange(self._seconds) as deadline:
            outgoing = None if body is None else Outgoing(body, deadline)
            try:
                reply = self._read(method, url, headers, outgoing)
                if deadline.over:  # then what looks like the end of the answer may be where it was cut
                    raise TimeoutError
            except (lib.HTTPError, HTTPException, OSError, ValueError) as error:
                begun = outgoing is not None and outgoing.begun
                raise translated(error, url, begun=begun, late=deadline.over) from error
            return reply

    def _read(self, method: str, url: str, headers: dict[str, str], body: Outgoing | None) -> Reply:
        response = self._pool.urlopen(
            method,
            url,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            preload_content=False,
            timeout=self._timeout,
        )
        try:
            return Reply(status=response.status, headers=response.headers, body=response.read())
        finally:
            response.release_conn()


def _headers(authorization: str) -> dict[str, str]:
    return {"Authorization": authorization, "User-Agent": "headcount", "Accept": "application/json"}


# What the library's exceptions mean, the special before the general. "address": the configured address cannot
# be used. "before": no connection came about, so nothing was sent. "begun": it depends on how far the body
# had got.
MEANINGS: tuple[tuple[type[BaseException], str, str], ...] = (
    (lib.ProxySchemeUnknown, "address", "the proxy's address is not understood"),
    (lib.ProxySchemeUnsupported, "address", "the proxy's address is not understood"),
    (lib.LocationValueError, "address", "the address is not understood"),
    (lib.NameResolutionError, "before", "the host name could not be resolved"),
    (lib.NewConnectionError, "before", "no connection could be made"),
    (lib.ConnectTimeoutError, "before", "connecting took too long"),
    (lib.EmptyPoolError, "before", "no connection was free"),
    (lib.FullPoolError, "begun", "no connection was free"),
    (lib.ClosedPoolError, "before", "the client was closed"),
    (lib.ProxyError, "begun", "the proxy did not answer"),
    (lib.SSLError, "begun", "the encrypted connection failed"),
    (lib.ReadTimeoutError, "begun", "no answer came in time"),
    (lib.TimeoutStateError, "begun", "a timeout could not be kept"),
    (lib.TimeoutError, "begun", "no answer came in time"),
    (lib.IncompleteRead, "begun", "the answer was cut off"),
    (lib.ProtocolError, "begun", "the connection was lost"),
    (lib.DecodeError, "begun", "the answer could not be unpacked"),
    (lib.InvalidHeader, "begun", "the answer's headers could not be read"),
    (lib.HeaderParsingError, "begun", "the answer's headers could not be read"),
    (lib.BodyNotHttplibCompatible, "begun", "the answer could not be read"),
    (lib.UnrewindableBodyError, "begun", "the request could not be written"),
    (lib.ResponseError, "begun", "the answer could not be used"),
    (lib.HostChangedError, "begun", "the answer led elsewhere"),
    (lib.MaxRetryError, "begun", "the connection was lost"),
    (TimeoutError, "begun", "no answer came in time"),
    (HTTPException, "begun", "the answer was not HTTP"),
    (OSError, "begun", "the connection was lost"),
)


def translated(error: BaseException, url: str, *, begun: bool, late: bool = False) -> HeadcountError:
    """The library's exception in Headcount's own words. ``begun``: had writing the body begun? ``late``: was the
    connection cut because the time was over?
    """
    host = urlsplit(url).netloc
    if certificate := _certificate_problem(error):
        hint = (
            "Is a proxy in between that needs its own certificate (SSL_CERT_FILE), or is the address wrong?"
        )
        return DestinationError(f"The certificate of {host} was not accepted: {certificate}.", hint=hint)
    when, words = next(((w, text) for kind, w, text in MEANINGS if isinstance(error, kind)), ("begun", ""))
    if when == "address":
        return DestinationError(
            f"{host or 'The base URL'} cannot be used: {words}.", hint="Check the base URL."
        )
    if when == "before":
        kind = UnknownHostError if isinstance(error, lib.NameResolutionError) else UnreachedError
        return kind(f"{host}: {words}.", applied=False)
    words = "no answer came in time" if late else words
    return TransientError(f"{host}: {words or 'the exchange failed'}.", applied=begun)


def _certificate_problem(error: BaseException) -> str:
    """The words of a failed certificate check, wherever in the chain of exceptions they are."""
    seen: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        one = todo.pop()
        if isinstance(one, ssl.SSLCertVerificationError):
            return one.verify_message or "certificate verify failed"
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            todo += [*one.args, one.__cause__, one.__context__]
    return ""
