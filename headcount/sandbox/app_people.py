"""The App API's people: search, attributes, and what else is known of one person."""

from collections.abc import Callable
from typing import Any

from headcount.sandbox.account import Account
from headcount.sandbox.activity import Activity
from headcount.sandbox.app_errors import AppError, not_found
from headcount.sandbox.app_filter import matches
from headcount.sandbox.app_segments import segment_json
from headcount.sandbox.app_text import text
from headcount.sandbox.call import Answer, Call, answer
from headcount.sandbox.paging import page
from headcount.sandbox.people import Person
from headcount.sandbox.routes import Route
from headcount.sandbox.workspace import Workspace

MAX_BULK = 100


def customer_json(person: Person) -> dict[str, Any]:
    attributes = {"cio_id": person.cio_id, **person.attributes}
    return {
        "id": person.id or "",
        "identifiers": person.identifiers(),
        "attributes": {name: text(value) for name, value in attributes.items()},
        "timestamps": {name: person.time_of(name) for name in attributes},
        "unsubscribed": person.unsubscribed,
        "devices": [
            {"id": d.token, "platform": d.platform, "last_used": d.last_used, "attributes": d.attributes}
            for d in person.devices.values()
        ],
    }


def find(workspace: Workspace, call: Call, value: str) -> Person:
    """The person of a path; raises AppError (400 for an id_type that is not switched on, 404)."""
    kind = id_type(workspace, call)
    person = workspace.people.find(kind, value.removeprefix("cio_") if kind == "cio_id" else value)
    if person is None:
        raise not_found()
    return person


def id_type(workspace: Workspace, call: Call) -> str:
    kind = call.query.get("id_type", "id" if "id" in workspace.kinds else workspace.kinds[0])
    if kind not in (*workspace.kinds, "cio_id"):
        raise AppError(f"id_type {kind} is not enabled in this workspace")
    return kind


def by_email(account: Account, workspace: Workspace, call: Call) -> Answer:
    """Every person with this email: at most one where email identifies, perhaps several elsewhere."""
    email = call.query.get("email", "").lower()
    if "email" in workspace.kinds:
        person = workspace.people.find("email", email)
        found = [person] if person else []
    else:
        found = [person for person in workspace.people if str(person.email or "").lower() == email]
    return answer({"results": [person.identifiers() for person in found]})


def search(account: Account, workspace: Workspace, call: Call) -> Answer:
    given = call.json()
    wanted = given.get("filter") if isinstance(given, dict) else None
    if not isinstance(wanted, dict):
        raise AppError("filter is required")
    found = [person for person in workspace.people if matches(workspace, person, wanted)]
    people, next_ = page(found, call, default=50, most=1000)
    identifiers = [person.identifiers() for person in people]
    return answer({"identifiers": identifiers, "ids": [person.id for person in people], "next": next_})


def attributes(account: Account, workspace: Workspace, call: Call, value: str) -> Answer:
    return answer({"customer": customer_json(find(workspace, call, value))})


def bulk(account: Account, workspace: Workspace, call: Call) -> Answer:
    given = call.json()
    ids = given.get("ids") if isinstance(given, dict) else None
    if not isinstance(ids, list) or not 1 <= len(ids) <= MAX_BULK:
        raise AppError(f"ids must be an array of 1 to {MAX_BULK} values")
    kind = id_type(workspace, call)
    found = [workspace.people.find(kind, str(value)) for value in ids]
    return answer({"customers": [{"customer": customer_json(person)} for person in found if person]})


def segments(account: Account, workspace: Workspace, call: Call, value: str) -> Answer:
    theirs = workspace.segments.of_person(find(workspace, call, value).cio_id)
    return answer({"segments": [segment_json(segment) for segment in theirs]})


def activity_json(workspace: Workspace, entry: Activity) -> dict[str, Any]:
    person = workspace.people.by_cio_id.get(entry.cio_id)
    told: dict[str, Any] = {
        "id": entry.id,
        "type": entry.kind,
        "timestamp": entry.at,
        "data": _data(entry),
        "customer_id": person.id if person else None,
        "customer_identifiers": person.identifiers() if person else {"cio_id": entry.cio_id or None},
    }
    return told | ({"name": entry.name} if entry.name else {})


def _data(entry: Activity) -> Any:
    if entry.kind.endswith("attribute_change") and "failed" not in entry.kind:
        before, after = entry.data
        return {name: {"from": before.get(name), "to": new} for name, new in after.items()}
    return entry.data or {}


def activities(account: Account, workspace: Workspace, call: Call, value: str = "") -> Answer:
    """Newest first; of one person, or of the whole workspace."""
    cio_id = find(workspace, call, value).cio_id if value else None
    entries = list(workspace.log.newest(cio_id, call.query.get("type", ""), call.query.get("name", "")))
    shown, next_ = page(entries, call, default=10, most=100)
    return answer({"activities": [activity_json(workspace, entry) for entry in shown], "next": next_})


def relationships(account: Account, workspace: Workspace, call: Call, value: str) -> Answer:
    cio_id = find(workspace, call, value).cio_id
    found, next_ = page(workspace.objects.of_person(cio_id), call, default=50, most=100)
    rows = [
        {
            "object_type_id": thing.type_id,
            "identifiers": {"object_id": thing.object_id, "cio_object_id": thing.cio_object_id},
            "attributes": {name: text(value) for name, value in thing.relationships[cio_id].items()},
            "timestamps": {},
        }
        for thing in found
    ]
    return answer({"cio_relationships": rows, "next": next_})


def subscription_preferences(account: Account, workspace: Workspace, call: Call, value: str) -> Answer:
    person = find(workspace, call, value)
    given = person.attributes.get("cio_subscription_preferences") or {}
    chosen = given.get("topics", {}) if isinstance(given, dict) else {}
    topics = [{"id": int(name.removeprefix("topic_")), "subscribed": on} for name, on in chosen.items()]
    told = {"id": person.id, "unsubscribed": person.unsubscribed, "topics": topics}
    return answer({"customer": told})


def messages(account: Account, workspace: Workspace, call: Call, value: str) -> Answer:
    find(workspace, call, value)
    return answer({"messages": [], "next": ""})


Handler = Callable[..., Answer]
ROUTES = [
    Route[Handler]("GET", "/v1/customers", by_email),
    Route[Handler]("POST", "/v1/customers", search),
    Route[Handler]("POST", "/v1/customers/attributes", bulk),
    Route[Handler]("GET", "/v1/customers/*/attributes", attributes),
    Route[Handler]("GET", "/v1/customers/*/segments", segments),
    Route[Handler]("GET", "/v1/customers/*/activities", activities),
    Route[Handler]("GET", "/v1/customers/*/relationships", relationships),
    Route[Handler]("GET", "/v1/customers/*/subscription_preferences", subscription_preferences),
    Route[Handler]("GET", "/v1/customers/*/messages", messages),
    Route[Handler]("GET", "/v1/activities", activities),
]
