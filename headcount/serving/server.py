"""``headcount serve``: waitress in front of the application."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from headcount.errors import ConfigurationError
from headcount.serving import log
from headcount.serving.application import application

LARGEST_BODY = 2_500_000  # bytes; Django says no to forms above two million, in words


class Companion(Protocol):
    """What lives as long as the server: the worker that executes queued runs, for example."""

    def start(self) -> None:
        """Called once, when the control store is ready and before the first request is answered."""

    def stop(self) -> object:
        """Called once, when the last request was answered; returns when everything is at rest."""


@dataclass(frozen=True, kw_only=True)
class Listening:
    """Where the server answers. ``hosts`` are further names it is reached by; ``proxy`` is the address of the one
    proxy whose forwarded headers are believed. ``threads`` requests are answered at a time.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    hosts: tuple[str, ...] = ()
    proxy: str = ""
    threads: int = 8


def serve(
    where: Listening,
    ready: Callable[[str], None],
    *,
    first: Callable[[], None] = lambda: None,
    companions: Sequence[Companion] = (),
) -> None:
    """Answer until the process is told to end. ``first`` is called when the control store is ready, ``ready`` with
    the address once it can be reached.

    Raises ``ConfigurationError`` for an address that cannot be listened on.
    """
    from waitress.server import create_server

    listener = _listener(where)
    pages = application((*where.hosts, where.host))
    log.start()
    first()
    server = create_server(
        pages,
        sockets=[listener],
        threads=where.threads,
        ident=None,
        max_request_body_size=LARGEST_BODY,
        clear_untrusted_proxy_headers=True,
        **_trusted(where),
    )
    with _beside(companions):
        ready(f"http://{_shown(where.host)}:{listener.getsockname()[1]}")
        try:
            server.run()
        finally:
            server.close()


@contextmanager
def _beside(companions: Sequence[Companion]) -> Iterator[None]:
    """Started in order, stopped in the opposite one, each whatever happens to the others."""
    with ExitStack() as stack:
        for companion in companions:
            companion.start()
            stack.callback(companion.stop)
        yield


def _trusted(where: Listening) -> dict[str, Any]:
    """Whose word about the original request counts; without a proxy nobody's."""
    if not where.proxy:
        return {}
    headers = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
    return {"trusted_proxy": where.proxy, "trusted_proxy_headers": headers}


def _listener(where: Listening) -> socket.socket:
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    try:
        return socket.create_server((where.host, where.port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"Nothing can listen on {where.host}:{where.port}: {error.strerror or error}.",
            hint="Choose another port with --port, or end what uses this one.",
        ) from error


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
