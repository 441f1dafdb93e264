"""The App API's objects and their types."""

from collections.abc import Callable
from typing import Any

from headcount.sandbox.account import Account
from headcount.sandbox.app_errors import AppError, not_found
from headcount.sandbox.app_filter import attribute_matches
from headcount.sandbox.app_text import text
from headcount.sandbox.call import Answer, Call, answer
from headcount.sandbox.objects import ObjectType, Thing
from headcount.sandbox.paging import page
from headcount.sandbox.routes import Route
from headcount.sandbox.workspace import Workspace


def type_json(kind: ObjectType) -> dict[str, Any]:
    return {
        "id": kind.id,
        "name": kind.name,
        "singular_name": kind.singular,
        "slug": kind.slug,
        "singular_slug": kind.singular.lower().replace(" ", "_"),
        "enabled": True,
        "icon": "box",
    }


def types(account: Account, workspace: Workspace, call: Call) -> Answer:
    return answer({"types": [type_json(kind) for kind in workspace.objects.types.values()]})


def search(account: Account, workspace: Workspace, call: Call) -> Answer:
    given = call.json()
    type_id = str(given.get("object_type_id", "")) if isinstance(given, dict) else ""
    if type_id not in workspace.objects.types:
        raise AppError("object_type_id is required")
    wanted = given.get("filter")
    things = [thing for thing in workspace.objects.by_cio_id.values() if thing.type_id == type_id]
    found = [thing for thing in things if wanted is None or _matches(thing, wanted)]
    shown, next_ = page(found, call, default=50, most=1000)
    identifiers = [{"cio_object_id": thing.cio_object_id, "object_id": thing.object_id} for thing in shown]
    return answer({"identifiers": identifiers, "ids": [thing.object_id for thing in shown], "next": next_})


def _matches(thing: Thing, wanted: Any) -> bool:
    try:
        [(kind, inside)] = wanted.items()
        if kind in ("and", "or"):
            parts = [_matches(thing, part) for part in inside]
            return all(parts) if kind == "and" else any(parts)
        if kind == "not":
            return not _matches(thing, inside)
        return attribute_matches(
            {**thing.attributes, "object_id": thing.object_id}, inside.get("attribute", inside)
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise AppError("invalid filter") from None


def find(workspace: Workspace, call: Call, type_id: str, value: str) -> Thing:
    if call.query.get("id_type", "object_id") == "cio_object_id":
        thing = workspace.objects.by_cio_id.get(value)
    else:
        thing = workspace.objects.by_key.get((type_id, value))
    if thing is None:
        raise not_found()
    return thing


def attributes(account: Account, workspace: Workspace, call: Call, type_id: str, value: str) -> Answer:
    thing = find(workspace, call, type_id, value)
    told = {
        "object_type_id": thing.type_id,
        "identifiers": {"object_id": thing.object_id, "cio_object_id": thing.cio_object_id},
        "attributes": {name: text(value) for name, value in thing.attributes.items()},
        "timestamps": {name: thing.time_of(name) for name in thing.attributes},
    }
    return answer({"object": told})


def relationships(account: Account, workspace: Workspace, call: Call, type_id: str, value: str) -> Answer:
    thing = find(workspace, call, type_id, value)
    shown, next_ = page(sorted(thing.relationships), call, default=50, most=100)
    rows = [
        {
            "object_type_id": "0",
            "identifiers": _holder(workspace, holder),
            "attributes": {name: text(value) for name, value in thing.relationships[holder].items()},
            "timestamps": {},
        }
        for holder in shown
    ]
    return answer({"cio_relationships": rows, "next": next_})


def _holder(workspace: Workspace, holder: str) -> dict[str, str | None]:
    person = workspace.people.by_cio_id.get(holder)
    return person.identifiers() if person else {"anonymous_id": holder.removeprefix("anonymous:")}


Handler = Callable[..., Answer]
ROUTES = [
    Route[Handler]("GET", "/v1/object_types", types),
    Route[Handler]("POST", "/v1/objects", search),
    Route[Handler]("GET", "/v1/objects/*/*/attributes", attributes),
    Route[Handler]("GET", "/v1/objects/*/*/relationships", relationships),
]
