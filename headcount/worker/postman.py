"""Looks for runs that are late or long, and sends what alerts and webhooks have put into the outbox."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from headcount.errors import HeadcountError
from headcount.logs import Event, note
from headcount.service import workplace
from headcount.service.delivering import forget_old_messages, send_due, watch

LOOK = 5.0  # seconds between two looks into the outbox
WATCH = 20.0  # seconds between two looks at the clock
TIDY = 3600.0
PATIENCE = 15.0  # seconds that a message on its way is given when the worker ends


class Postman:
    """A thread. ``wake`` makes it look at once; runs neither wait for it nor fail because of it."""

    def __init__(self) -> None:
        self._end = threading.Event()
        self._wanted = threading.Event()
        self._thread = threading.Thread(target=self._work, name="headcount-postman", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What is on its way is waited for a little; a message that is cut off is sent again by the next worker."""
        self._end.set()
        self._wanted.set()
        self._thread.join(PATIENCE)

    def wake(self) -> None:
        self._wanted.set()

    def _work(self) -> None:
        clock, tidy = 0.0, time.monotonic() + TIDY
        while not self._end.is_set():
            now = time.monotonic()
            self._round(clock=now >= clock, tidy=now >= tidy)
            clock = now + WATCH if now >= clock else clock
            tidy = now + TIDY if now >= tidy else tidy
            self._wanted.wait(LOOK)
            self._wanted.clear()

    def _round(self, *, clock: bool, tidy: bool) -> None:
        """No trouble ends the thread: the next round may go better."""
        try:
            if clock:
                watch(datetime.now(UTC))
            send_due(stopping=self._end.is_set)
            if tidy:
                forget_old_messages()
        except HeadcountError as error:
            note(Event.OUTBOX_UNREACHABLE, reason=error.message)
        except Exception as error:  # a bug; its words may quote an address
            note(Event.OUTBOX_BROKE, error=type(error).__name__)
        finally:
            workplace.let_go()
