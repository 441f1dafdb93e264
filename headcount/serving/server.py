"""``headcount serve``: waitress in front of the application."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from headcount.errors import ConfigurationError
from headcount.serving.application import application


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


def serve(where: Listening, ready: Callable[[str], None]) -> None:
    """Answer until the process is told to end. ``ready`` is called with the address once it can be reached.

    Raises ``ConfigurationError`` for an address that cannot be listened on.
    """
    from waitress.server import create_server

    listener = _listener(where)
    server = create_server(
        application(where.hosts),
        sockets=[listener],
        threads=where.threads,
        ident=None,
        clear_untrusted_proxy_headers=True,
        **_trusted(where),
    )
    ready(f"http://{where.host}:{listener.getsockname()[1]}")
    try:
        server.run()
    finally:
        server.close()


def _trusted(where: Listening) -> dict[str, Any]:
    """Whose word about the original request counts; without a proxy nobody's."""
    if not where.proxy:
        return {}
    headers = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
    return {"trusted_proxy": where.proxy, "trusted_proxy_headers": headers}


def _listener(where: Listening) -> socket.socket:
    try:
        return socket.create_server((where.host, where.port))
    except OSError as error:
        raise ConfigurationError(
            f"Nothing can listen on {where.host}:{where.port}: {error.strerror or error}.",
            hint="Choose another port with --port, or end what uses this one.",
        ) from error
