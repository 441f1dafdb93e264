"""A web server on this machine that keeps what it is sent, and answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """``answers`` are the statuses of the next requests; after them it is always 200. ``slow`` is in seconds."""

    port: int
    got: list[Got] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    slow: float = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook/tOkEn?key=tOkEn"

    @property
    def apprise(self) -> str:
        return f"json://tOkEn-user:tOkEn@127.0.0.1:{self.port}/alerts"

    def events(self) -> list[str]:
        return [one.headers["X-Headcount-Event"] for one in self.got if "X-Headcount-Event" in one.headers]

    def titles(self) -> list[str]:
        return [one.json["title"] for one in self.got if one.path == "/alerts"]

    def said(self) -> list[str]:
        return [one.json["message"] for one in self.got if one.path == "/alerts"]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver(port=0)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(receiver.slow)
            receiver.got.append(Got(path=self.path, headers=dict(self.headers), body=body))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
