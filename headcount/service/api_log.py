"""What was asked of the destination, and what it answered: requests without the rows in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from headcount.control.models import Exchange
from headcount.control.trouble import told
from headcount.destinations.customerio.client import SENDS_TO
from headcount.service.lines import find_sync
from headcount.service.slices import PAGE, Slice, sliced
from headcount.service.veil import Veil, veil_of

RUNS = 20  # newest runs whose requests are listed


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """One thing that an answer found wrong, in the destination's words."""

    field: str
    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request. ``status`` is None when no readable answer came; ``complaints`` how many items it named."""

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


@told()
def requests(
    sync: str, *, run: int | None = None, troubled: bool = False, before: int | None = None
) -> Slice[Request]:
    """A page of the kept requests of a sync's newest runs, or of one run, newest first. ``troubled``: only those whose
    answer was not all well.
    """
    row = find_sync(sync)
    veil = veil_of(row)
    runs = row.runs.order_by("-id").values_list("id", flat=True)
    chosen = runs.filter(pk=run) if run is not None else runs[:RUNS]
    found = Exchange.objects.filter(run__in=list(chosen)).order_by("-id")
    if troubled:
        found = found.filter(troubled=True)
    if before is not None:
        found = found.filter(id__lt=before)
    return sliced(list(found[: PAGE + 1]), PAGE, lambda each: _request(each, veil), lambda each: each.pk)


def _request(row: Exchange, veil: Veil) -> Request:
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
            Complaint(field=field, reason=reason, message=veil.words(field, message))
            for field, reason, message in row.errors
        ),
    )
