"""Plans made to be looked at: nothing of them is sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Body, Query, Router, Schema
from pydantic import Field

from headcount.api.bearer import allowed
from headcount.api.envelope import After, Number, One, Some, answers, some
from headcount.api.shapes.record import RunRecord, run_record
from headcount.api.shapes.strict import Strict
from headcount.api.trouble import as_conflict
from headcount.service.drafts import Draft, cancel_draft, drafts, find_draft, plan_of_draft, start_draft
from headcount.service.plan_rows import Filter, plan_page, shared_in
from headcount.service.register import syncs
from headcount.service.rejections import NeverSent
from headcount.service.roles import Deed
from headcount.service.shared_values import Shared
from headcount.service.unfit_rows import never_sent_by_draft

router = Router(tags=["Plans"])


class PlanWish(Strict):
    """``full``: as if every record were to be sent."""

    full: bool = False


class Plan(Schema):
    """``status`` is working, done, failed or canceled; ``plan`` holds the sums, warnings and forecast once it
    is done. ``canceled_by`` is who canceled it: a username, with the token's name if it was through one; else
    empty.
    """

    id: str
    status: str
    full: bool
    made_at: datetime
    rows_read: int
    error: str
    hint: str
    canceled_by: str
    plan: dict[str, Any] | None


class WantedChanges(After):
    """Which changes: all that fit."""

    operation: Literal["add", "change", "remove"] | None = None
    field: str | None = Field(None, max_length=300)


@router.get("/syncs/{sync_id}/plans", auth=allowed(Deed.LOOK), response=answers(One[list[Plan]]))
def list_plans(request: HttpRequest, sync_id: Number) -> Any:
    """The plans of a sync that are kept, newest first; each for a day."""
    return {"data": list(drafts(syncs.key_of(sync_id)))}


@router.post("/syncs/{sync_id}/plans", auth=allowed(Deed.RUN), response=answers(One[Plan]))
def make_plan(request: HttpRequest, sync_id: Number, wish: Body[PlanWish | None] = None) -> Any:
    """Plan a sync and send nothing. Answers after three seconds at most; fetch a plan that is working again."""
    made: Draft = start_draft(syncs.key_of(sync_id), full=wish is not None and wish.full)
    return {"status": "created", "data": made}


@router.get("/syncs/{sync_id}/plans/{plan_id}", auth=allowed(Deed.LOOK), response=answers(One[Plan]))
def fetch_plan(request: HttpRequest, sync_id: Number, plan_id: str) -> Any:
    """One plan."""
    return {"data": find_draft(syncs.key_of(sync_id), plan_id)}


@router.post("/syncs/{sync_id}/plans/{plan_id}/cancel", auth=allowed(Deed.RUN), response=answers(One[Plan]))
def cancel_plan(request: HttpRequest, sync_id: Number, plan_id: str) -> Any:
    """Make no more of a plan: its query is stopped."""
    with as_conflict():
        return {"status": "updated", "data": cancel_draft(syncs.key_of(sync_id), plan_id)}


@router.get(
    "/syncs/{sync_id}/plans/{plan_id}/records", auth=allowed(Deed.LOOK), response=answers(Some[RunRecord])
)
def list_planned(request: HttpRequest, sync_id: Number, plan_id: str, wanted: Query[WantedChanges]) -> Any:
    """The changes of a plan, old and new."""
    kept = plan_of_draft(syncs.key_of(sync_id), plan_id)
    place = -1 if wanted.after is None else wanted.after
    which = Filter(op=wanted.operation or "", field=wanted.field or "")
    return some(plan_page(kept, which, after=place).rows, run_record)


@router.get(
    "/syncs/{sync_id}/plans/{plan_id}/invalid", auth=allowed(Deed.LOOK), response=answers(Some[NeverSent])
)
def list_unfit(request: HttpRequest, sync_id: Number, plan_id: str, part: Query[After]) -> Any:
    """The rows that a plan leaves out, and why: one entry for each complaint."""
    place = -1 if part.after is None else part.after
    return some(never_sent_by_draft(syncs.key_of(sync_id), plan_id, after=place), lambda row: row)


@router.get(
    "/syncs/{sync_id}/plans/{plan_id}/shared", auth=allowed(Deed.LOOK), response=answers(One[list[Shared]])
)
def list_shared(request: HttpRequest, sync_id: Number, plan_id: str) -> Any:
    """Examples of rows that share an identifier, and are one person in a workspace that knows people by it."""
    return {"data": list(shared_in(plan_of_draft(syncs.key_of(sync_id), plan_id)))}
