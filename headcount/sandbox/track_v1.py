"""Track v1: brought into the v2 shape, checked by the same rules, answered in v1's words."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from headcount.sandbox import apply_events, checks, identity
from headcount.sandbox.call import NO_CONTENT, OK, Answer, Call, answer, refusal
from headcount.sandbox.operations import accept
from headcount.sandbox.routes import Route, Routes
from headcount.sandbox.track_v1_segments import add_customers, remove_customers
from headcount.sandbox.workspace import Workspace

Handler = Callable[..., Answer]
Item = dict[str, Any]
NOT_FOUND = refusal({"meta": {"error": "not found"}}, 404)
NOT_JSON = refusal({"meta": {"errors": ["body must be valid JSON"]}})


def handle(workspace: Workspace, call: Call) -> Answer:
    found = ROUTES.find(call.method, call.parts)
    if found is None:
        return NOT_FOUND
    handler, arguments = found
    try:
        return handler(workspace, call, *arguments)
    except ValueError:
        return NOT_JSON


def without_credentials(call: Call) -> Answer | None:
    """Deliveries report back without credentials; everything else needs them."""
    if call.method != "POST":
        return None
    if call.parts[0] == "unsubscribe" and len(call.parts) == 2:
        is_json = "json" in call.headers.get("content-type", "")
        return OK if is_json else refusal({"meta": {"error": "the content type must be application/json"}})
    return OK if call.parts in (("api", "v1", "metrics"), ("api", "v1", "push", "events")) else None


def region(workspace: Workspace, call: Call) -> Answer:
    """Where the credentials belong; url is this sandbox, so that a client that follows it stays here."""
    profile = workspace.profile
    return answer({"url": call.base_url, "region": profile.region, "environment_id": profile.id})


def person_item(workspace: Workspace, identifier: str, action: str, **values: Any) -> Item:
    named = identity.from_path(identifier, workspace.profile.mode)
    return {"type": "person", "identifiers": {named.kind: named.value}, "action": action, **values}


def body(call: Call) -> Item:
    """Raises ValueError unless the body is an object; an empty one is {}."""
    given = call.json()
    if not isinstance(given, dict):
        raise ValueError("not an object")
    return given


def refused(problems: checks.Problems) -> Answer:
    return refusal(
        {"meta": {"errors": [problem.v1 or f"{problem.field} {problem.message}" for problem in problems]}}
    )


def take(workspace: Workspace, call: Call, item: Item) -> Answer:
    if problems := workspace.problems(item):
        return refused(problems)
    accept(workspace, item, call.received)
    return OK


def identify_items(workspace: Workspace, identifier: str, given: Item) -> list[Item]:
    """An identify and, where the body asks for it, a change of relationships."""
    attributes = {name: value for name, value in given.items() if name != "cio_relationships"}
    items = [person_item(workspace, identifier, "identify", attributes=attributes)]
    links = given.get("cio_relationships")
    if isinstance(links, dict):
        action = (
            "delete_relationships" if links.get("action") == "delete_relationships" else "add_relationships"
        )
        relationships = links.get("relationships")
        items.append(person_item(workspace, identifier, action, cio_relationships=relationships))
    return items


def contradiction(workspace: Workspace, item: Item) -> str:
    """What the live service says when path and body name the person differently; empty when they agree."""
    [(kind, value)] = item["identifiers"].items()
    given = item["attributes"].get(kind, value)
    if kind not in workspace.kinds or given is None:
        return ""
    same = str(given).lower() == value.lower() if kind == "email" else str(given) == value
    return "" if same else f"{kind} attribute and identifier are not the same value"


def identify(workspace: Workspace, call: Call, identifier: str) -> Answer:
    items = identify_items(workspace, identifier, body(call))
    problems = [problem for item in items for problem in workspace.problems(item)]
    if problems:
        return refused(problems)
    if message := contradiction(workspace, items[0]):
        return refusal({"meta": {"errors": [message]}})
    for item in items:
        accept(workspace, item, call.received)
    return OK


def simple(action: str, workspace: Workspace, call: Call, identifier: str) -> Answer:
    return take(workspace, call, person_item(workspace, identifier, action))


def device_item(workspace: Workspace, identifier: str, given: Item) -> Item:
    device = given.get("device")
    if isinstance(device, dict):
        device = {"token" if name == "id" else name: value for name, value in device.items()}
    return person_item(workspace, identifier, "add_device", device=device)


def add_device(workspace: Workspace, call: Call, identifier: str) -> Answer:
    return take(workspace, call, device_item(workspace, identifier, body(call)))


def delete_device(workspace: Workspace, call: Call, identifier: str, token: str) -> Answer:
    item = person_item(workspace, identifier, "delete_device", device={"token": token})
    return take(workspace, call, item)


def event_values(given: Item) -> Item:
    """v1 says data where v2 says attributes; an unknown type is an event."""
    kind = given.get("type")
    values = {
        "action": kind if isinstance(kind, str) and kind in checks.EVENTS else "event",
        "name": given.get("name"),
    }
    values["attributes"] = given.get("data", {})
    return values | {name: given[name] for name in ("id", "timestamp") if name in given}


def event_item(workspace: Workspace, identifier: str, given: Item) -> Item:
    return {**person_item(workspace, identifier, "event"), **event_values(given)}


def event(workspace: Workspace, call: Call, identifier: str) -> Answer:
    return take(workspace, call, event_item(workspace, identifier, body(call)))


def anonymous_event_item(given: Item) -> Item:
    named = {"anonymous_id": str(given.get("anonymous_id") or "anonymous")}
    return {"type": "person", "identifiers": named, **event_values(given)}


def anonymous_event(workspace: Workspace, call: Call) -> Answer:
    given = body(call)
    item = anonymous_event_item(given)
    if given.get("anonymous_id"):
        return take(workspace, call, item)
    if problems := workspace.problems(item):
        return refused(problems)
    workspace.later(call.received, partial(apply_events.anonymous, workspace, item, call.now))
    return OK


def merge(workspace: Workspace, call: Call) -> Answer:
    given = body(call)
    item = {
        "type": "person",
        "action": "merge",
        **{side: given.get(side) for side in ("primary", "secondary")},
    }
    if problems := workspace.problems(item):
        return refusal({"meta": {"error": f"{problems[0].field} {problems[0].message}"}})
    accept(workspace, item, call.received)
    return OK


def form(workspace: Workspace, call: Call, form_id: str) -> Answer:
    """A form names its person by email or id, and creates whoever is unknown."""
    data = body(call).get("data")
    named: Mapping[str, Any] = data if isinstance(data, dict) else {}
    kinds = [kind for kind in ("email", "id") if named.get(kind)]
    if len(kinds) != 1 or not isinstance(data, dict):
        return refusal({"meta": {"errors": ["data must contain either email or id"]}})
    item = {
        "type": "person",
        "identifiers": {kinds[0]: named[kinds[0]]},
        "action": "identify",
        "attributes": data,
    }
    if problems := workspace.problems(item):
        return refused(problems)
    accept(workspace, item, call.received)
    workspace.forms.append({"form_id": form_id, "data": data, "at": call.now})
    return NO_CONTENT


def report(workspace: Workspace, call: Call) -> Answer:
    body(call)
    return OK


PERSON = "/api/v1/customers/*"
ROUTES: Routes[Handler] = Routes(
    [
        Route[Handler]("GET", "/api/v1/accounts/region", region),
        Route[Handler]("PUT", PERSON, identify),
        Route[Handler]("DELETE", PERSON, partial(simple, "delete")),
        Route[Handler]("PUT", f"{PERSON}/devices", add_device),
        Route[Handler]("DELETE", f"{PERSON}/devices/*", delete_device),
        Route[Handler]("POST", f"{PERSON}/suppress", partial(simple, "suppress")),
        Route[Handler]("POST", f"{PERSON}/unsuppress", partial(simple, "unsuppress")),
        Route[Handler]("POST", f"{PERSON}/events", event),
        Route[Handler]("POST", "/api/v1/events", anonymous_event),
        Route[Handler]("POST", "/api/v1/merge_customers", merge),
        Route[Handler]("POST", "/api/v1/segments/*/add_customers", add_customers),
        Route[Handler]("POST", "/api/v1/segments/*/remove_customers", remove_customers),
        Route[Handler]("POST", "/api/v1/forms/*/submit", form),
        Route[Handler]("POST", "/api/v1/metrics", report),
        Route[Handler]("POST", "/api/v1/push/events", report),
        Route[Handler]("POST", "/unsubscribe/*", report),
    ]
)
