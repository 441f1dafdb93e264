"""Syncs: listed, fetched, made, changed, deleted."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status

from headcount.api.bearer import allowed
from headcount.api.envelope import Gone, Many, Number, One, Paging, answers, many
from headcount.api.shapes.sync import Sync
from headcount.api.shapes.sync import sync as shape
from headcount.api.shapes.sync_body import SyncBody, changed_entry, checked, new_entry
from headcount.api.trouble import as_conflict
from headcount.service.editing import delete_sync, free_key, open_sync, save_sync
from headcount.service.register import syncs as register
from headcount.service.roles import Deed

router = Router(tags=["Syncs"], by_alias=True)


class MadeSync(Schema):
    """A new sync. Both numbers are the same."""

    sync_id: int | None
    id: int | None
    key: str
    warnings: list[str]


@router.get("/syncs", auth=allowed(Deed.LOOK), response=answers(Many[Sync]))
def list_syncs(request: HttpRequest, paging: Query[Paging]) -> Any:
    """All syncs."""
    return many(request, register.syncs(paging.slice()), shape)


@router.get("/syncs/{sync_id}", auth=allowed(Deed.LOOK), response=answers(One[Sync]))
def fetch_sync(request: HttpRequest, sync_id: Number) -> Any:
    """One sync."""
    return {"data": shape(register.sync(sync_id))}


@router.post("/syncs", auth=allowed(Deed.EDIT), response={**answers(One[MadeSync]), 201: One[MadeSync]})
def create_sync(request: HttpRequest, body: SyncBody) -> Any:
    """Make a sync. With ``validate_only`` it is only checked."""
    entry = new_entry(body)
    key = body.key or free_key(str(entry.get("name") or "sync"))
    warnings = checked(key, entry, new=True)
    if body.validate_only:
        return {"data": MadeSync(sync_id=None, id=None, key=key, warnings=warnings)}
    save_sync(key, entry, version="")
    number = register.number_of(key)
    made = MadeSync(sync_id=number, id=number, key=key, warnings=warnings)
    return Status(201, {"status": "created", "data": made})


@router.patch("/syncs/{sync_id}", auth=allowed(Deed.EDIT), response=answers(One[Sync]))
def change_sync(request: HttpRequest, sync_id: Number, body: SyncBody) -> Any:
    """Change parts of a sync: what is given replaces what was there, null removes it, the rest stays.

    The key stays as it is.
    """
    key = register.key_of(sync_id)
    opened = open_sync(key)
    entry = changed_entry(opened.entry, body)
    checked(key, entry, new=False)
    if not body.validate_only:
        save_sync(key, entry, version=opened.version if body.version is None else body.version)
    return {"status": "success" if body.validate_only else "updated", "data": shape(register.sync(sync_id))}


@router.delete("/syncs/{sync_id}", auth=allowed(Deed.EDIT), response=answers(Gone))
def remove_sync(request: HttpRequest, sync_id: Number) -> Any:
    """Delete a sync with its runs and what it remembers. Nothing changes in the workspace."""
    key = register.key_of(sync_id)
    with as_conflict():
        delete_sync(key)
    return Gone()
