"""What the server writes down: one line for each request, and where something unexpected happened.

Lines go to stderr as ``time level event field=value …``. They name the route of a request, not its path or query: a
path may be a link that lets somebody in. They hold no form, no header, no row.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from types import TracebackType

from django.http import HttpRequest, HttpResponse

REQUESTS = logging.getLogger("headcount.requests")
QUIET = ("django", "waitress")  # what they say below an error is in the line of the request already


def start() -> None:
    """Write to stderr from now on. HEADCOUNT_DEBUG=1 adds the words of unexpected errors, which may hold values."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(wordy=bool(os.environ.get("HEADCOUNT_DEBUG"))))
    root = logging.getLogger()
    root.handlers, root.level = [handler], logging.WARNING
    logging.getLogger("headcount").setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("django.security").setLevel(logging.CRITICAL)


class Lines(logging.Formatter):
    """``2026-11-24T21:00:00Z info request method=GET route=settings/ status=200 …``"""

    converter = staticmethod(time.gmtime)  # UTC

    def __init__(self, *, wordy: bool) -> None:
        super().__init__(datefmt="%Y-%m-%dT%H:%M:%SZ")
        self.wordy = wordy

    def format(self, record: logging.LogRecord) -> str:
        head = f"{self.formatTime(record, self.datefmt)} {record.levelname.lower()}"
        fields = {**getattr(record, "fields", {}), **self._trouble(record)}
        told = " ".join(f"{name}={_plain(value)}" for name, value in fields.items())
        return f"{head} {self._event(record)} {told}".rstrip()

    def _event(self, record: logging.LogRecord) -> str:
        if record.name == "django.request":  # its message holds the path
            return "unexpected"
        return record.getMessage().replace("\n", " ")

    def _trouble(self, record: logging.LogRecord) -> dict[str, str]:
        if not record.exc_info or record.exc_info[1] is None:
            return {}
        _, error, trace = record.exc_info
        found = {"error": type(error).__name__, "at": _places(trace)}
        return {**found, "words": str(error)} if self.wordy else found


def _places(trace: TracebackType | None) -> str:
    """Files, lines and functions, innermost first, without the source or any value."""
    frames = traceback.extract_tb(trace)[-6:]
    return " < ".join(f"{_module(f.filename)}:{f.lineno}:{f.name}" for f in reversed(frames))


def _module(path: str) -> str:
    return "/".join(path.split("/")[-2:])


def _plain(value: object) -> str:
    text = str(value)
    safe = text and all(sign.isprintable() and sign not in ' "=' for sign in text)
    return (
        text if safe else '"' + "".join(s if s.isprintable() else " " for s in text.replace('"', "'")) + '"'
    )


class RequestLog:
    """Writes the line of each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        REQUESTS.info("request", extra={"fields": _fields(request, response, time.perf_counter() - began)})
        return response


def _fields(request: HttpRequest, response: HttpResponse, seconds: float) -> dict[str, object]:
    match = request.resolver_match
    fields: dict[str, object] = {
        "method": request.method,
        "route": match.route or "/" if match else "static" if request.path.startswith("/static/") else "-",
        "status": response.status_code,
        "ms": round(seconds * 1000),
    }
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        fields["user"] = user.get_username()
    return {**fields, "from": request.META.get("REMOTE_ADDR", "")}
