"""Refused rows: by reason and field, row by row, as a file; muted."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from headcount.api.bearer import allowed
from headcount.api.envelope import LARGEST, After, Number, One, Some, answers, some
from headcount.service import rejections
from headcount.service.register import runs, syncs
from headcount.service.rejections import NeverSent, Refusal, RefusalGroup
from headcount.service.roles import Deed

router = Router(tags=["Rejected rows"])


class Muted(Schema):
    """How many rows it was."""

    rows: int


class Which(After):
    """Which rows: all that are open, or those of a group, or those that are muted."""

    group_id: int | None = Field(None, ge=1, le=LARGEST)
    muted: bool = False


@router.get(
    "/syncs/{sync_id}/rejected_groups", auth=allowed(Deed.LOOK), response=answers(One[list[RefusalGroup]])
)
def list_groups(request: HttpRequest, sync_id: Number) -> Any:
    """What was refused and is open or muted, by reason and field, the largest first."""
    return {"data": list(rejections.refusal_groups(syncs.key_of(sync_id)))}


@router.post(
    "/syncs/{sync_id}/rejected_groups/{group_id}/mute", auth=allowed(Deed.RUN), response=answers(One[Muted])
)
def mute_group(request: HttpRequest, sync_id: Number, group_id: Number) -> Any:
    """Leave a group out of what needs attention until its rows change."""
    rows = rejections.mute_group(syncs.key_of(sync_id), group_id)
    return {"status": "updated", "data": {"rows": rows}}


@router.post(
    "/syncs/{sync_id}/rejected_groups/{group_id}/unmute", auth=allowed(Deed.RUN), response=answers(One[Muted])
)
def unmute_group(request: HttpRequest, sync_id: Number, group_id: Number) -> Any:
    """List a muted group again."""
    rows = rejections.mute_group(syncs.key_of(sync_id), group_id, muted=False)
    return {"status": "updated", "data": {"rows": rows}}


@router.get("/syncs/{sync_id}/rejected", auth=allowed(Deed.LOOK), response=answers(Some[Refusal]))
def list_rejected(request: HttpRequest, sync_id: Number, which: Query[Which]) -> Any:
    """Refused rows of a sync, oldest first."""
    key = syncs.key_of(sync_id)
    found = rejections.refusals(key, group=which.group_id, muted=which.muted, after=which.after or 0)
    return some(found, lambda row: row)


@router.get(
    "/syncs/{sync_id}/rejected/export", auth=allowed(Deed.LOOK), response={200: None, **answers(None)}
)
def export_rejected(request: HttpRequest, sync_id: Number, which: Query[Which]) -> Any:
    """All open refused rows as CSV."""
    lines = rejections.refusals_as_csv(syncs.key_of(sync_id), group=which.group_id)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")


@router.get("/sync_runs/{sync_run_id}/rejected", auth=allowed(Deed.LOOK), response=answers(Some[Refusal]))
def list_rejected_of_run(request: HttpRequest, sync_run_id: Number, part: Query[After]) -> Any:
    """Everything one run was refused, whatever has become of it since."""
    runs.run(sync_run_id)
    return some(rejections.refusals_of_run(sync_run_id, after=part.after or 0), lambda row: row)


@router.get("/sync_runs/{sync_run_id}/invalid", auth=allowed(Deed.LOOK), response=answers(Some[NeverSent]))
def list_invalid_of_run(request: HttpRequest, sync_run_id: Number, part: Query[After]) -> Any:
    """Examples of the rows that a run did not send, and why; at most 1,000 are kept."""
    runs.run(sync_run_id)
    return some(rejections.never_sent(sync_run_id, after=part.after or 0), lambda row: row)
