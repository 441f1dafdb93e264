"""Runs of syncs: listed, fetched, canceled."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from headcount.api.bearer import allowed
from headcount.api.envelope import Many, Number, One, Paging, answers, many
from headcount.api.shapes.run import SyncRun
from headcount.api.shapes.run import sync_run as shape
from headcount.api.trouble import as_conflict
from headcount.service.register import runs as register
from headcount.service.roles import Deed
from headcount.service.starting_runs import cancel

router = Router(tags=["Sync runs"])


@router.get("/sync_runs", auth=allowed(Deed.LOOK), response=answers(Many[SyncRun]))
def list_sync_runs(request: HttpRequest, paging: Query[Paging]) -> Any:
    """The runs of all syncs."""
    return many(request, register.runs(paging.slice()), shape)


@router.get("/syncs/{sync_id}/sync_runs", auth=allowed(Deed.LOOK), response=answers(Many[SyncRun]))
def list_runs_of_sync(request: HttpRequest, sync_id: Number, paging: Query[Paging]) -> Any:
    """The runs of one sync."""
    return many(request, register.runs(paging.slice(), sync_id), shape)


@router.get("/sync_runs/{sync_run_id}", auth=allowed(Deed.LOOK), response=answers(One[SyncRun]))
def fetch_sync_run(request: HttpRequest, sync_run_id: Number) -> Any:
    """One run. Ask again until ``status`` is ``completed`` or ``failed``."""
    return {"data": shape(register.run(sync_run_id))}


@router.post("/sync_runs/{sync_run_id}/cancel", auth=allowed(Deed.RUN), response=answers(One[SyncRun]))
def cancel_sync_run(request: HttpRequest, sync_run_id: Number) -> Any:
    """Ask a run to stop. What is on its way is still answered and recorded."""
    with as_conflict():
        cancel(sync_run_id)
    return {"status": "updated", "data": shape(register.run(sync_run_id))}
