"""Syncs: listed, fetched, made, changed, deleted."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body, Query, Router, Schema, Status
from pydantic import Field

from headcount.api.bearer import allowed
from headcount.api.envelope import LARGEST, Gone, Many, Number, One, Paging, answers, many
from headcount.api.shapes.strict import Strict
from headcount.api.shapes.sync import Sync
from headcount.api.shapes.sync import sync as shape
from headcount.api.shapes.sync_body import SyncBody, changed_entry, checked, new_entry, said_of_pause
from headcount.api.trouble import as_conflict
from headcount.service.editing import copy_of, delete_sync, free_key, open_sync, save_sync
from headcount.service.register import connections
from headcount.service.register import syncs as register
from headcount.service.register.connections import DESTINATION
from headcount.service.roles import Deed

router = Router(tags=["Syncs"], by_alias=True)


class MadeSync(Schema):
    """A new sync. Both numbers are the same."""

    sync_id: int | None
    id: int | None
    key: str
    warnings: list[str]


class CopyWish(Strict):
    """What differs from the sync that is copied: a name, a key, a connection to another workspace."""

    name: str | None = Field(None, min_length=1, max_length=200)
    key: str | None = Field(None, max_length=100)
    destination_id: int | None = Field(None, ge=1, le=LARGEST)


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
    if not body.validate_only:
        return _made(key, entry)
    warnings = checked(key, entry, new=True)
    return {"data": MadeSync(sync_id=None, id=None, key=key, warnings=warnings)}


@router.post(
    "/syncs/{sync_id}/copy", auth=allowed(Deed.EDIT), response={**answers(One[MadeSync]), 201: One[MadeSync]}
)
def copy_sync(request: HttpRequest, sync_id: Number, wish: Body[CopyWish | None] = None) -> Any:
    """Make a second sync like this one, perhaps into another workspace. Its triggers are not copied."""
    wish = wish or CopyWish.model_validate({})
    target = connections.connection(wish.destination_id, DESTINATION).key if wish.destination_id else ""
    key, entry = copy_of(register.key_of(sync_id), connection=target, name=wish.name or "")
    return _made(wish.key or key, entry)


def _made(key: str, entry: dict[str, Any]) -> Any:
    warnings = checked(key, entry, new=True)
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
        version = opened.version if body.version is None else body.version
        save_sync(key, entry, version=version, paused=said_of_pause(body))
    return {"status": "success" if body.validate_only else "updated", "data": shape(register.sync(sync_id))}


@router.delete("/syncs/{sync_id}", auth=allowed(Deed.EDIT), response=answers(Gone))
def remove_sync(request: HttpRequest, sync_id: Number) -> Any:
    """Delete a sync with its runs and what it remembers. Nothing changes in the workspace."""
    key = register.key_of(sync_id)
    with as_conflict():
        delete_sync(key)
    return Gone()
