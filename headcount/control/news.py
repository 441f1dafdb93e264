"""What happens to runs, noted for those who want to hear of it, in the very transaction in which it happens.

Nothing is sent here: a worker does that afterwards, and a run neither waits for it nor fails because of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from headcount.control import outbox
from headcount.control.alerts import telling
from headcount.control.models import Run
from headcount.logs import Event, note
from headcount.model import RunStatus


def begun(run: Run) -> None:
    """The run begins, for the first time."""
    with _harmless(run):
        outbox.publish("run.started", run, timezone.now())


def ended(run: Run) -> None:
    """The run has come to its end, or waits for approval."""
    with _harmless(run):
        outbox.publish(f"run.{RunStatus(run.status).value}", run, timezone.now())
        telling.consider(run, timezone.now())


@contextmanager
def _harmless(run: Run) -> Iterator[None]:
    """A mistake in here must not cost the run its end."""
    try:
        with transaction.atomic():
            yield
    except Exception as error:  # its words may quote a row or an address
        note(Event.NEWS_LOST, run=run.pk, error=type(error).__name__)
