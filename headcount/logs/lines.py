"""How events look: ``time level event field=value …``, or one JSON object in each line, on stderr.

They hold no form, no header, no row. What other libraries say is not repeated, for their words may.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import traceback
from types import TracebackType
from typing import Any

from headcount.errors import ConfigurationError
from headcount.logs.event import WORDY, Event

VARIABLE = "HEADCOUNT_LOG"
QUIET = ("django", "waitress")  # what they say below an error is in the line of the request already


def start(*, quiet: bool = False) -> None:
    """Write to stderr from now on. HEADCOUNT_LOG=json makes it JSON; HEADCOUNT_DEBUG=1 adds the words of unexpected
    errors, which may hold values. With ``quiet`` only warnings and errors are written, unless HEADCOUNT_LOG is set.

    Raises ``ConfigurationError`` for another format.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_says_something)
    handler.setFormatter(_format()(wordy=bool(os.environ.get("HEADCOUNT_DEBUG"))))
    root = logging.getLogger()
    root.handlers, root.level = [handler], logging.WARNING
    quiet = quiet and not os.environ.get(VARIABLE)
    logging.getLogger("headcount").setLevel(logging.WARNING if quiet else logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("django.security").setLevel(logging.CRITICAL)


def _says_something(record: logging.LogRecord) -> bool:
    """Of an answer without an exception Django knows no more than the line of the request says."""
    return record.name != "django.request" or bool(record.exc_info and record.exc_info[1])


def _format() -> type[Lines]:
    wanted = os.environ.get(VARIABLE, "") or "text"
    if wanted not in FORMATS:
        raise ConfigurationError(
            f"{VARIABLE} is {wanted}, which is no format of the log.",
            hint=f"Set it to one of {', '.join(FORMATS)}, or leave it out.",
        )
    return FORMATS[wanted]


class Lines(logging.Formatter):
    """``2026-11-24T21:00:00Z info request method=GET route=settings/ status=200 …``"""

    converter = staticmethod(time.gmtime)  # UTC

    def __init__(self, *, wordy: bool) -> None:
        super().__init__(datefmt="%Y-%m-%dT%H:%M:%SZ")
        self.wordy = wordy

    def format(self, record: logging.LogRecord) -> str:
        event, fields = self._told(record)
        head = f"{self.formatTime(record, self.datefmt)} {record.levelname.lower()} {event.label}"
        return " ".join([head, *(f"{name}={_plain(value)}" for name, value in fields.items())])

    def _told(self, record: logging.LogRecord) -> tuple[Event, dict[str, Any]]:
        """The event of a record, and what belongs to it."""
        trouble = self._trouble(record)
        event = getattr(record, "event", None)
        if isinstance(event, Event):
            return event, {**record.__dict__["fields"], **trouble}
        if record.name == "django.request":  # its message holds the path
            return Event.UNEXPECTED, trouble
        words = {WORDY: record.getMessage()} if self.wordy else {}
        return Event.LIBRARY, {"library": record.name, **trouble, **words}

    def _trouble(self, record: logging.LogRecord) -> dict[str, Any]:
        if not record.exc_info or record.exc_info[1] is None:
            return {}
        _, error, trace = record.exc_info
        found = {"error": type(error).__name__, "at": _places(trace)}
        return {**found, WORDY: str(error)} if self.wordy else found


class JsonLines(Lines):
    """``{"time": "2026-11-24T21:00:00Z", "level": "info", "event": "request", "method": "GET", …}``"""

    def format(self, record: logging.LogRecord) -> str:
        event, fields = self._told(record)
        head = {
            "time": self.formatTime(record, self.datefmt),
            "level": record.levelname.lower(),
            "event": event.label,
        }
        return json.dumps({**head, **fields}, ensure_ascii=False, default=str)


FORMATS: dict[str, type[Lines]] = {"text": Lines, "json": JsonLines}


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
