"""Traces for OpenTelemetry, where an endpoint for them is configured: a span for each run, each of its phases and each
request. They hold numbers and names of syncs: no row, no key of a record, no address.

Nothing of OpenTelemetry is loaded as long as nobody asks for traces.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from headcount.control.models import Run
from headcount.errors import ConfigurationError
from headcount.sync import Progress

if TYPE_CHECKING:
    from headcount.service.spans import Exporting

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
HTTP = "http/protobuf"

_exporting: Exporting | None = None


class Trace(Protocol):
    """What becomes of one run while it is in a process' hands. ``progress`` is to be told how far the run is."""

    progress: Progress

    def begin(self) -> None: ...

    def end(self, error: type[BaseException] | None = None) -> None: ...


class Untraced:
    """Nobody asks for a trace."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress or Progress()

    def begin(self) -> None: ...

    def end(self, error: type[BaseException] | None = None) -> None: ...


def start() -> None:
    """Send traces from now on, if the environment names an endpoint; a second call changes nothing.

    Raises ``ConfigurationError`` when they cannot be sent: packages are missing, or another protocol is asked for.
    """
    global _exporting
    named = _endpoint()
    if not named or _exporting is not None:
        return
    _check_protocol()
    try:
        from headcount.service.spans import Exporting
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        raise ConfigurationError(
            f"{named} is set, but the packages that send traces are not installed.",
            hint=f"pip install 'headcount[traces]', or run without {named}.",
        ) from error
    _exporting = Exporting()


def stop() -> None:
    """Send what waits to be sent. An endpoint that does not answer is not waited for longer than some seconds."""
    global _exporting
    if _exporting is not None:
        _exporting.stop()
        _exporting = None


def trace_of(run: Run, progress: Progress | None) -> Trace:
    """A trace of the run, which passes on what it is told to ``progress``."""
    if _exporting is None:
        return Untraced(progress)
    return _exporting.trace_of(run, progress or Progress())


def _endpoint() -> str:
    """The variable that names one; empty when traces are off."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if off or os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return ""
    return next((name for name in ENDPOINTS if os.environ.get(name, "").strip()), "")


def _check_protocol() -> None:
    for name in PROTOCOLS:
        if (wanted := os.environ.get(name, "").strip()) and wanted != HTTP:
            raise ConfigurationError(
                f"{name} is {wanted}; Headcount sends traces as {HTTP} only.",
                hint=f"Set it to {HTTP}, and the endpoint to the collector's port for HTTP (often 4318).",
            )
