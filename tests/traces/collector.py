"""A collector of traces: takes OTLP over HTTP, as any other does, and keeps what came."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True, kw_only=True)
class Received:
    """A span. ``parent`` is the id of the one around it, empty for the first of a trace."""

    id: str
    parent: str
    trace: str
    name: str
    seconds: float
    failed: bool
    attributes: dict[str, Any] = field(default_factory=dict)


class Collector:
    """``status`` is what it answers; ``raw`` are the bodies as they came."""

    def __init__(self) -> None:
        self.status = 200
        self.raw: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = False  # closing it waits for them
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def services(self) -> set[str]:
        return {
            each.value.string_value
            for document in self._documents()
            for group in document.resource_spans
            for each in group.resource.attributes
            if each.key == "service.name"
        }

    @property
    def spans(self) -> list[Received]:
        return [
            _received(span)
            for document in self._documents()
            for group in document.resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> list[Received]:
        return [span for span in self.spans if span.name == name]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _documents(self) -> list[Any]:
        return [ExportTraceServiceRequest.FromString(body) for body in self.raw]


def _received(span: Any) -> Received:
    return Received(
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        trace=span.trace_id.hex(),
        name=span.name,
        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        failed=span.status.code == 2,
        attributes={each.key: _value(each.value) for each in span.attributes},
    )


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))


def _handler(collector: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces" and collector.status == 200:
                collector.raw.append(body)
                collector.headers.append(dict(self.headers))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(collector.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    return Handler
