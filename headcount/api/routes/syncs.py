"""Syncs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from headcount.api.bearer import allowed
from headcount.api.envelope import Many, Number, One, Paging, answers, many
from headcount.api.shapes.sync import Sync
from headcount.api.shapes.sync import sync as shape
from headcount.service.register import syncs as register
from headcount.service.roles import Deed

router = Router(tags=["Syncs"], by_alias=True)


@router.get("/syncs", auth=allowed(Deed.LOOK), response=answers(Many[Sync]))
def list_syncs(request: HttpRequest, paging: Query[Paging]) -> Any:
    """All syncs."""
    return many(request, register.syncs(paging.slice()), shape)


@router.get("/syncs/{sync_id}", auth=allowed(Deed.LOOK), response=answers(One[Sync]))
def fetch_sync(request: HttpRequest, sync_id: Number) -> Any:
    """One sync."""
    return {"data": shape(register.sync(sync_id))}
