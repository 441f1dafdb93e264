"""A small HTTP server on plain sockets, for faults that a well-behaved server cannot make.

A script is a function from a request to what the server does then: an action from the end of this file.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    arrived: float  # monotonic, when the headers were complete
    connection: int

    @property
    def items(self) -> list[Any]:
        return json.loads(self.body)["batch"]


Action = Callable[[socket.socket], bool]  # returns whether the connection goes on
Script = Callable[[Request], Action]


@dataclass
class Scripted:
    """``with Scripted(script) as server``; ``requests`` are all that arrived, in order."""

    script: Script
    requests: list[Request] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    def __enter__(self) -> Scripted:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for connection in self._connections:
            connection.close()
        if self.failures:
            raise self.failures[0]

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.append(connection)
            self._start(self._serve, connection, len(self._connections))

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, connection.makefile("rb") as stream:
            try:
                while (request := _read(stream, number)) is not None:
                    self.requests.append(request)
                    if not self.script(request)(connection):
                        return
            except OSError:
                return
            except BaseException as error:
                self.failures.append(error)


def _read(stream: Any, connection: int) -> Request | None:
    line = stream.readline().decode("latin-1")
    if "HTTP/1.1" not in line:
        return None
    headers: dict[str, str] = {}
    while (header := stream.readline().decode().strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    arrived = time.monotonic()
    method, path, _ = line.split()
    body = stream.read(int(headers.get("content-length", 0)))
    return Request(
        method=method, path=path, headers=headers, body=body, arrived=arrived, connection=connection
    )


# What a script may answer with.


def say(status: int, body: Any = None, *, cut: int | None = None, **headers: str) -> Action:
    """An answer. ``body`` is bytes, or becomes JSON. With ``cut`` only so many bytes of it are sent."""
    data = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}"]
    head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    raw = "\r\n".join(head).encode() + b"\r\n\r\n" + (data if cut is None else data[:cut])
    return raw_bytes(raw, goes_on=cut is None)


def raw_bytes(data: bytes, *, goes_on: bool = False) -> Action:
    def act(connection: socket.socket) -> bool:
        connection.sendall(data)
        return goes_on

    return act


def hang_up(connection: socket.socket) -> bool:
    """Close without an answer, after the whole request was read."""
    return False


def reset(connection: socket.socket) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    return False


def silence(connection: socket.socket) -> bool:
    """No answer until the client gives up."""
    connection.settimeout(10)
    return bool(connection.recv(1)) and False


def errors(*entries: Any) -> dict[str, Any]:
    return {"errors": list(entries)}


def entry(index: Any, reason: str = "invalid", field: str = "attributes.plan", message: str = "no") -> Any:
    return {"batch_index": index, "reason": reason, "field": field, "message": message}


def nobody() -> str:
    """The address of a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
