"""Events: whom they belong to, and which of them count."""

from __future__ import annotations

from typing import Any

from headcount.sandbox import apply_identify, apply_people
from headcount.sandbox.events import seen_key
from headcount.sandbox.workspace import Workspace


def event(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    """Adds an event unless its id was seen; an unknown person is created by it."""
    if _is_repeat(workspace, item):
        return
    kind, value = apply_people.named(item)
    name = item["name"].strip()
    if apply_identify.is_suppressed(workspace, kind, value, {}):
        workspace.log.add(
            "failed_event", "", now, {"reason": "suppressed", "identifiers": {kind: value}}, name
        )
        return
    person = apply_people.find_or_create(workspace, kind, value, now)
    if person is None and kind != "anonymous_id":
        workspace.log.add(
            "failed_event", "", now, {"reason": "no such person", "identifiers": {kind: value}}, name
        )
        return
    _add(workspace, item, person.cio_id if person else "", value if kind == "anonymous_id" else "", now)


def _is_repeat(workspace: Workspace, item: dict[str, Any]) -> bool:
    id_ = item.get("id")
    if isinstance(id_, str):
        workspace.journal.note("seen", seen_key(id_))
    return workspace.events.is_repeat(id_, any_id=workspace.settings.dedupe_any_id)


def _add(workspace: Workspace, item: dict[str, Any], cio_id: str, anonymous_id: str, now: int) -> None:
    given_id = item.get("id")
    new = workspace.events.add(
        id=given_id if isinstance(given_id, str) else None,
        kind=item["action"],
        name=item["name"].strip(),
        cio_id=cio_id,
        anonymous_id=anonymous_id,
        timestamp=apply_identify.unix_or(item.get("timestamp"), now),
        received=now,
        data=item.get("attributes") or {},
    )
    workspace.log.add(new.kind, cio_id, now, new.data, new.name)
    workspace.journal.note("event", new.number)


def anonymous(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    """An event that names nobody: an invite, to the recipient in its data."""
    if not _is_repeat(workspace, item):
        _add(workspace, item, "", "", now)


def delivery(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    workspace.log.add(f"delivery_{item['name'].strip()}", "", now, item["identifiers"])
