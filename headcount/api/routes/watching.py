"""What there is to watch: requests to workspaces, who did what, what needs attention, and that Headcount is well."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from headcount.api.bearer import allowed
from headcount.api.envelope import LARGEST, Number, One, Some, answers, some
from headcount.service.about import About, about
from headcount.service.activity import Entry, activity
from headcount.service.api_log import Bodies, Request, bodies_of, requests
from headcount.service.doctor.examination import examine
from headcount.service.doctor.finding import Finding
from headcount.service.overview import Attention, home
from headcount.service.register import syncs
from headcount.service.roles import Deed

router = Router(tags=["Watching"])


class Back(Schema):
    """Lists of what happened begin with the newest; ``after`` leads to older entries."""

    after: int | None = Field(None, ge=1, le=LARGEST)


class BackInRequests(Back):
    """Which requests: of one run, or only those that did not go well."""

    sync_run_id: int | None = Field(None, ge=1, le=LARGEST)
    failed: bool = False


class BackInActivity(Back):
    """What concerns one sync, with its model and connections."""

    sync_id: int | None = Field(None, ge=1, le=LARGEST)


class Overview(Schema):
    """``runs`` counts the runs of the last ``hours`` by state."""

    hours: int
    runs: dict[str, int]
    attention: list[Attention]


@router.get("/syncs/{sync_id}/requests", auth=allowed(Deed.LOOK), response=answers(Some[Request]))
def list_requests(request: HttpRequest, sync_id: Number, wanted: Query[BackInRequests]) -> Any:
    """The requests of a sync's newest runs that are kept, newest first."""
    key = syncs.key_of(sync_id)
    found = requests(key, run=wanted.sync_run_id, troubled=wanted.failed, before=wanted.after)
    return some(found, lambda each: each)


@router.get("/syncs/{sync_id}/requests/{request_id}", auth=allowed(Deed.LOOK), response=answers(One[Bodies]))
def fetch_request(request: HttpRequest, sync_id: Number, request_id: Number) -> Any:
    """One request with its body and the answer's, if the sync keeps them."""
    return {"data": bodies_of(syncs.key_of(sync_id), request_id)}


@router.get("/activity", auth=allowed(Deed.LOOK), response=answers(Some[Entry]))
def list_activity(request: HttpRequest, wanted: Query[BackInActivity]) -> Any:
    """Who changed what, newest first."""
    key = syncs.key_of(wanted.sync_id) if wanted.sync_id is not None else None
    return some(activity(sync=key, before=wanted.after), lambda each: each)


@router.get("/overview", auth=allowed(Deed.LOOK), response=answers(One[Overview]))
def fetch_overview(request: HttpRequest) -> Any:
    """What ran lately, and what needs attention."""
    found = home()
    return {"data": Overview(hours=found.hours, runs=found.runs, attention=list(found.attention))}


@router.get("/health", auth=allowed(Deed.LOOK), response=answers(One[About]))
def fetch_health(request: HttpRequest) -> Any:
    """Is Headcount well? Asks the control store."""
    return {"data": about()}


class Examination(Schema):
    """``connections`` also asks the services behind them."""

    connections: bool = False


@router.get("/doctor", auth=allowed(Deed.OWN), response=answers(One[list[Finding]]))
def fetch_examination(request: HttpRequest, wanted: Query[Examination]) -> Any:
    """Is this installation in order? What is not, and what to do."""
    return {"data": list(examine(connections=wanted.connections))}
