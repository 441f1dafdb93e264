"""Syncs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body, Query, Router, Schema
from pydantic import Field

from headcount.api.bearer import allowed
from headcount.api.envelope import Many, Number, One, Paging, answers, many
from headcount.api.shapes.run import Triggered, triggered
from headcount.api.shapes.sync import Sync
from headcount.api.shapes.sync import sync as shape
from headcount.service.register import syncs as register
from headcount.service.roles import Deed
from headcount.service.triggering import trigger

router = Router(tags=["Syncs"], by_alias=True)


class Wish(Schema):
    """How a sync shall run."""

    force_full_sync: bool = Field(False, description="Send every record, changed or not.")


@router.get("/syncs", auth=allowed(Deed.LOOK), response=answers(Many[Sync]))
def list_syncs(request: HttpRequest, paging: Query[Paging]) -> Any:
    """All syncs."""
    return many(request, register.syncs(paging.slice()), shape)


@router.get("/syncs/{sync_id}", auth=allowed(Deed.LOOK), response=answers(One[Sync]))
def fetch_sync(request: HttpRequest, sync_id: Number) -> Any:
    """One sync."""
    return {"data": shape(register.sync(sync_id))}


@router.post("/syncs/{sync_id}/trigger", auth=allowed(Deed.RUN), response=answers(One[Triggered]))
def trigger_sync(
    request: HttpRequest, sync_id: Number, wish: Query[Wish], body: Body[Wish | None] = None
) -> Any:
    """Run a sync. Answers at once with the number of the run; ``GET /sync_runs/{id}`` tells how it goes.

    ``force_full_sync`` may stand in the address or in the body. A run that is queued already is not queued twice.
    """
    full = wish.force_full_sync or (body is not None and body.force_full_sync)
    return {"data": triggered(trigger(register.key_of(sync_id), full=full))}
