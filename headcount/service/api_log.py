"""What was asked of the destination, and what it answered; the rows in it only where a sync keeps bodies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Length

from headcount.control.models import Exchange
from headcount.control.trouble import told
from headcount.destinations.customerio.client import SENDS_TO
from headcount.errors import ConfigurationError
from headcount.service.copies import shown
from headcount.service.lines import find_sync
from headcount.service.slices import PAGE, Slice, sliced
from headcount.service.veil import Veil, Veils

RUNS = 20  # newest runs whose requests are listed


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """One thing that an answer found wrong, in the destination's words."""

    field: str
    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request. ``status`` is None when no readable answer came; ``complaints`` how many items it named.

    ``bodies``: what travelled was kept as well, for ``bodies_of``.
    """

    id: int
    run: int
    at: datetime
    method: str
    path: str
    attempt: int
    items: int
    bytes: int
    milliseconds: int
    status: int | None
    complaints: int
    errors: tuple[Complaint, ...]
    bodies: bool


@dataclass(frozen=True, kw_only=True)
class Bodies:
    """What travelled, as JSON with one value in a line and masked ones veiled; empty where it was not kept."""

    about: Request
    request: str
    answer: str


@told()
def requests(
    sync: str, *, run: int | None = None, troubled: bool = False, before: int | None = None
) -> Slice[Request]:
    """A page of the kept requests of a sync's newest runs, or of one run, newest first. ``troubled``: only those whose
    answer was not all well.
    """
    row = find_sync(sync)
    runs = row.runs.order_by("-id").values_list("id", flat=True)
    chosen = runs.filter(pk=run) if run is not None else runs[:RUNS]
    found = _rows().filter(run__in=list(chosen)).order_by("-id")
    if troubled:
        found = found.filter(troubled=True)
    if before is not None:
        found = found.filter(id__lt=before)
    rows = list(found[: PAGE + 1])
    veils = Veils(row, (each.run_id for each in rows))
    return sliced(rows, PAGE, lambda each: _request(each, veils.of(each.run_id)), lambda each: each.pk)


@told()
def bodies_of(sync: str, number: int) -> Bodies:
    """What one request and its answer said. Raises ``ConfigurationError`` when that request is not kept."""
    row = find_sync(sync)
    found = _rows().defer(None).filter(run__sync=row, pk=number).first()
    if found is None:
        raise ConfigurationError(
            f"There is no request {number} of {sync}.", hint="Its log may have been deleted."
        )
    veil = Veils(row).of(found.run_id)
    return Bodies(
        about=_request(found, veil),
        request=shown(found.request, veil),
        answer=shown(found.answer, veil, answer=True),
    )


def _rows() -> QuerySet[Exchange]:
    """Without the bodies themselves: a page of them may be some megabytes."""
    return Exchange.objects.annotate(kept=Length("request")).defer("request", "answer")


_ABOUT_ROWS = (200, 207, 400, 413, 422)  # answers whose words may be about a row, and quote it


def _message(status: int | None, field: str, message: str, veil: Veil) -> str:
    return veil.quoted(field, message) if status in _ABOUT_ROWS else veil.words(field, message)


def _request(row: Any, veil: Veil) -> Request:
    method, path = SENDS_TO
    return Request(
        id=row.pk,
        run=row.run_id,
        at=row.at,
        method=method,
        path=path,
        attempt=row.attempt,
        items=row.items,
        bytes=row.bytes,
        milliseconds=round(row.seconds * 1000),
        status=row.status,
        complaints=row.complaints,
        errors=tuple(
            Complaint(field=field, reason=reason, message=_message(row.status, field, message, veil))
            for field, reason, message in row.errors
        ),
        bodies=bool(row.kept),
    )
