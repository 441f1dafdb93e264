"""Spans of runs. The only module that knows OpenTelemetry; ``tracing`` loads it when traces are wanted.

Requests become spans after they are answered, from what their receipts say, so that sending waits for nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from headcount import __version__
from headcount.control.models import Run
from headcount.errors import ConfigurationError
from headcount.frozen import Frozen
from headcount.logs import Event, note
from headcount.model import Exchange, Receipt, RunStatus
from headcount.receipts import Book
from headcount.sync import Progress

PATIENCE = 3.0  # seconds that the last spans are given to arrive when the process ends
AGAIN = 60.0  # seconds between two complaints that the endpoint takes nothing
SUMS = ("read", "add", "change", "remove", "accepted", "rejected", "in_doubt", "invalid", "requests", "bytes")


class Exporting:
    """Sends spans to the endpoint of the environment, in a thread of its own; when that is slow, spans are lost."""

    def __init__(self) -> None:
        _hush("opentelemetry")
        try:
            exporter = _Telling(OTLPSpanExporter())
        except ValueError as error:
            raise ConfigurationError(
                "A variable OTEL_EXPORTER_OTLP_… holds a value that cannot be used.",
                hint="Check endpoint, headers, timeout and compression.",
            ) from error
        self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("headcount", __version__)

    def trace_of(self, run: Run, progress: Progress) -> RunTrace:
        return RunTrace(self._tracer, run, progress)

    def stop(self) -> None:
        """The last spans are sent, if that is possible soon."""
        ending = threading.Thread(target=self._provider.shutdown, name="headcount-traces", daemon=True)
        ending.start()
        ending.join(PATIENCE)


def _hush(library: str) -> None:
    """Its words quote addresses."""
    logger = logging.getLogger(library)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _resource() -> Resource:
    """OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES may say otherwise."""
    made = Resource.create({"service.version": __version__})
    named = not str(made.attributes.get("service.name", "")).startswith("unknown_service")
    return made if named else made.merge(Resource({"service.name": "headcount"}))


class _Telling(SpanExporter):
    """Says in the log, now and then, that the endpoint does not take them."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self._told = -AGAIN

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        now = time.monotonic()
        if result is not SpanExportResult.SUCCESS and now - self._told >= AGAIN:
            self._told = now
            note(Event.TRACES_LOST, spans=len(spans))
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


class RunTrace(Progress):
    """One attempt at a run. A run that goes on in another process has a further trace there, with the same number."""

    def __init__(self, tracer: trace.Tracer, run: Run, progress: Progress) -> None:
        self.progress: Progress = self
        self._tracer = tracer
        self._run = run
        self._inner = progress
        self._lock = threading.Lock()
        self._whole: Span | None = None
        self._phase: Span | None = None
        self._began = 0
        self._rows = 0

    def begin(self) -> None:
        run = self._run
        known: dict[str, AttributeValue] = {
            "headcount.run": run.pk,
            "headcount.attempt": run.attempt,
            "headcount.kind": run.kind,
            "headcount.trigger": run.trigger,
            "headcount.sync": run.sync.key,
        }
        self._began = time.time_ns()
        self._whole = self._tracer.start_span("run", attributes=known, start_time=self._began)

    def end(self, error: type[BaseException] | None = None) -> None:
        self._enter(None)
        if (whole := self._whole) is None:
            return
        run, counts = self._run, self._run.counts or {}
        whole.set_attribute("headcount.status", run.status)
        whole.set_attributes({f"headcount.{name}": counts[name] for name in SUMS if name in counts})
        if error is not None or run.status == RunStatus.FAILED.value:
            whole.set_attribute("error.type", error.__name__ if error is not None else run.error_code)
            whole.set_status(Status(StatusCode.ERROR))
        whole.end()

    def reading(self, rows: int) -> None:
        self._rows = rows
        self._inner.reading(rows)

    def comparing(self) -> None:
        self._read()
        self._enter("planning")
        self._inner.comparing()

    def planned(self, frozen: Frozen) -> None:
        self._sending(frozen)
        self._inner.planned(frozen)

    def resumed(self, frozen: Frozen, book: Book) -> None:
        self._sending(frozen)
        self._inner.resumed(frozen, book)

    def answered(self, receipt: Receipt) -> None:
        with self._lock:
            phase = self._phase
        for exchange in receipt.exchanges:
            self._request(phase, exchange)
        self._inner.answered(receipt)

    def folding(self) -> None:
        self._enter("folding")
        self._inner.folding()

    def _read(self) -> None:
        """Everything before the comparison was reading, from the moment the source was asked."""
        known = {"headcount.rows": self._rows}
        context = _within(self._whole)
        self._tracer.start_span("reading", context=context, attributes=known, start_time=self._began).end()

    def _sending(self, frozen: Frozen) -> None:
        self._enter("sending")
        if self._phase is not None:
            plan = frozen.plan
            planned = {"add": plan.add, "change": plan.change, "remove": plan.remove}
            self._phase.set_attributes({f"headcount.{name}": count for name, count in planned.items()})

    def _enter(self, name: str | None) -> None:
        """The next phase; None is the end of the last one."""
        with self._lock:
            if self._phase is not None:
                self._phase.end()
            self._phase = self._tracer.start_span(name, context=_within(self._whole)) if name else None

    def _request(self, phase: Span | None, exchange: Exchange) -> None:
        began = _nanoseconds(exchange.at)
        known = {
            "headcount.attempt": exchange.attempt,
            "headcount.items": exchange.items,
            "headcount.bytes": exchange.bytes,
            "headcount.complaints": exchange.complaints,
        }
        span = self._tracer.start_span(
            "request", context=_within(phase), kind=SpanKind.CLIENT, attributes=known, start_time=began
        )
        if exchange.status is not None:
            span.set_attribute("http.response.status_code", exchange.status)
        if exchange.status is None or exchange.status >= 400:
            span.set_status(Status(StatusCode.ERROR))
        span.end(began + int(exchange.seconds * 1e9))


def _within(span: Span | None) -> Context | None:
    return trace.set_span_in_context(span) if span is not None else None


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1e6) * 1_000
