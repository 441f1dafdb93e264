"""``headcount serve``: waitress in front of the application."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from headcount.errors import ConfigurationError
from headcount.logs import lines
from headcount.serving.application import application

LARGEST_BODY = 2_500_000  # bytes; Django says no to forms above two million, in words


class Companion(Protocol):
    """What lives as long as the server: the worker that executes queued runs, for example."""

    def start(self) -> None:
        """Called once, when the control store is ready and before the first request is answered."""

    def stop(self) -> bool:
        """Called once, when no request is answered any more. False when something did not come to rest in time."""


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
    companions: Sequence[Callable[[], Companion]] = (),
    made_anew: bool = False,
    sandbox: str = "",
) -> bool:
    """Answer until the process is told to end (``KeyboardInterrupt``), which is a good end. ``first`` is called when
    the control store is ready, ``ready`` with the address once it can be reached. ``companions`` make what
    runs beside it; ``made_anew`` and ``sandbox`` are as in ``application``. Returns False when one of the companions
    did not come to rest: its threads would keep the process alive.

    Raises ``ConfigurationError`` for an address that cannot be listened on.
    """
    from waitress.server import create_server

    listener = _listener(where)
    pages = application((*where.hosts, where.host), made_anew=made_anew, sandbox=sandbox)
    lines.start()
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
    with _Beside([make() for make in companions]) as beside:
        try:
            ready(f"http://{_shown(where.host)}:{listener.getsockname()[1]}")
            server.run()
        except KeyboardInterrupt:  # before the server itself listens for it
            pass
        finally:
            server.close()
    return beside.at_rest


class _Beside:
    """Companions, started in order and stopped in the opposite one, each whatever happens to the others."""

    def __init__(self, companions: Sequence[Companion]) -> None:
        self._companions = companions
        self._stack = ExitStack()
        self.at_rest = True

    def __enter__(self) -> _Beside:
        with self._stack:
            for companion in self._companions:
                companion.start()
                self._stack.callback(self._stop, companion)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _stop(self, companion: Companion) -> None:
        self.at_rest = companion.stop() and self.at_rest


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
