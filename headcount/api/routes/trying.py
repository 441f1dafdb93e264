"""What a sync would do, without doing it: a change checked, rows as they would travel."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from headcount.api.bearer import allowed
from headcount.api.envelope import Number, One, answers
from headcount.api.shapes.how_many import HowMany
from headcount.api.shapes.preview import Payload, payload
from headcount.api.shapes.sync_body import SyncBody, changed_entry, checked
from headcount.service.drafting import resend_of
from headcount.service.editing import edits_of, open_sync
from headcount.service.planning import Forecast, preview_sync
from headcount.service.register import syncs
from headcount.service.roles import Deed

router = Router(tags=["Syncs"], by_alias=True)


class Edit(Schema):
    """One part of an entry, before and after."""

    path: str
    old: Any = None
    new: Any = None


class Checked(Schema):
    """What saving would change, and what is worth a word."""

    changes: list[Edit]
    warnings: list[str]


class Cause(Schema):
    """Why rows would go again; ``why`` is empty when the source changed, and says so when that is saved already."""

    field: str
    why: str
    rows: int


class Estimate(Schema):
    """What the run after saving would send; ``because`` of those are records that go again because of the change.
    ``causes`` says which parts of it, in words; ``new_generation`` what a new key means, if there is one.
    """

    acknowledged: int
    planned: int
    because: int
    causes: str
    reasons: list[Cause]
    forecast: Forecast
    new_generation: str


class Identifier(Schema):
    """One record."""

    identifier: str = Field(min_length=1, max_length=1000)


@router.post("/syncs/{sync_id}/check", auth=allowed(Deed.EDIT), response=answers(One[Checked]))
def check_changes(request: HttpRequest, sync_id: Number, body: SyncBody) -> Any:
    """What a change would do. Saves nothing."""
    key = syncs.key_of(sync_id)
    entry = changed_entry(open_sync(key).entry, body)
    warnings = checked(key, entry, new=False)
    changes = [Edit(path=edit.path, old=edit.old, new=edit.new) for edit in edits_of(key, entry)]
    return {"data": Checked(changes=changes, warnings=warnings)}


@router.post("/syncs/{sync_id}/estimate", auth=allowed(Deed.EDIT), response=answers(One[Estimate]))
def estimate_changes(request: HttpRequest, sync_id: Number, body: SyncBody) -> Any:
    """How many records a change would send again, and why. Reads the source; sends and saves nothing."""
    key = syncs.key_of(sync_id)
    entry = changed_entry(open_sync(key).entry, body)
    checked(key, entry, new=False)
    return {"data": resend_of(key, entry)}


@router.get("/syncs/{sync_id}/preview", auth=allowed(Deed.LOOK), response=answers(One[list[Payload]]))
def preview(request: HttpRequest, sync_id: Number, rows: Query[HowMany]) -> Any:
    """The first rows as they would travel. Reads the source; compares and sends nothing."""
    found = preview_sync(syncs.key_of(sync_id), rows=rows.rows, veiled=True)
    return {"data": [payload(row) for row in found]}


@router.post("/syncs/{sync_id}/payload", auth=allowed(Deed.LOOK), response=answers(One[list[Payload]]))
def preview_record(request: HttpRequest, sync_id: Number, record: Identifier) -> Any:
    """One record as it would travel; several when its key stands in the source several times."""
    key = syncs.key_of(sync_id)
    found = preview_sync(key, rows=10, record=record.identifier, veiled=True)
    return {"data": [payload(row) for row in found]}
