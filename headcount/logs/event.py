"""Everything that is ever written into the log. Names and fields are fixed: programs read them."""

from __future__ import annotations

import logging
from enum import Enum
from logging import ERROR, INFO, WARNING
from typing import Any

_LOG = logging.getLogger("headcount")
WORDY = "words"  # a field that is written only with HEADCOUNT_DEBUG=1, for it may quote a value


class Event(Enum):
    """Name, level, fields, and what it says. No field holds a row, a record's key or a secret."""

    # The server.
    REQUEST = ("request", INFO, "method route status ms user from", "A request was answered.")
    UNEXPECTED = ("unexpected", ERROR, "error at", "Something nobody expected: a bug, or what it met.")
    STORE_UNUSABLE = (
        "store_unusable",
        ERROR,
        "reason",
        "A request found that the control store, or a file Headcount keeps, cannot be used now.",
    )
    LIBRARY = ("library", WARNING, "library error at", "A library Headcount uses complains.")

    # Workers and their runs.
    WORKER_STARTED = ("worker_started", INFO, "version parallel", "A worker waits for runs.")
    WORKER_STOPPED = (
        "worker_stopped",
        INFO,
        "at_rest",
        "It ended; `at_rest` says whether all runs had come to rest.",
    )
    RUN_TAKEN = ("run_taken", INFO, "run attempt", "A worker begins a run, or goes on with it.")
    RUN_DONE = (
        "run_done",
        INFO,
        "run sync status code seconds read planned accepted rejected in_doubt invalid requests",
        "A worker or a command is done with the run: for good, or until it goes on. `code` is the kind of error.",
    )
    RUN_LEFT = (
        "run_left",
        WARNING,
        "run reason",
        "The run could not be worked on now, and is looked at again.",
    )
    RUN_BROKE = ("run_broke", ERROR, "run error", "A bug ended the run.")
    TRIGGERS_BROKEN = (
        "triggers_broken",
        ERROR,
        "sync error",
        "The sync's triggers cannot be looked at, so nothing begins it; said once by each worker.",
    )
    QUEUE_UNREACHABLE = (
        "queue_unreachable",
        WARNING,
        "reason",
        "The control store or the queue cannot be used now.",
    )
    TIDYING_PUT_OFF = (
        "tidying_put_off",
        WARNING,
        "reason",
        "What is old could not be deleted; again in an hour.",
    )

    TRACES_LOST = ("traces_lost", WARNING, "spans", "The endpoint for traces did not take them; runs go on.")

    # Alerts and webhooks.
    NEWS_LOST = ("news_lost", ERROR, "run error", "A bug: what happened to a run was told to nobody.")
    MESSAGE_SENT = ("message_sent", INFO, "message about tries", "An alert or a webhook's message arrived.")
    MESSAGE_REFUSED = (
        "message_refused",
        INFO,
        "message about tries reason",
        "It did not; it is tried again.",
    )
    OUTBOX_UNREACHABLE = ("outbox_unreachable", WARNING, "reason", "The outbox cannot be read now.")
    OUTBOX_BROKE = ("outbox_broke", ERROR, "error", "A bug, while messages were sent.")

    def __init__(self, label: str, level: int, fields: str, says: str) -> None:
        self.label = label
        self.level = level
        self.fields = tuple(fields.split())
        self.says = says


def note(event: Event, trouble: BaseException | None = None, /, **fields: Any) -> None:
    """Write an event down. Fields that are not the event's are left out; of ``trouble`` only its class and places."""
    known = {name: value for name, value in fields.items() if name in event.fields}
    _LOG.log(event.level, event.label, exc_info=trouble, extra={"event": event, "fields": known})
