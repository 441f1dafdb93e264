"""What the admin endpoints show, as JSON values."""

import time
from collections.abc import Iterable
from itertools import islice
from typing import Any

from headcount.sandbox import wire
from headcount.sandbox.account import Account
from headcount.sandbox.app_people import activity_json
from headcount.sandbox.events import Event
from headcount.sandbox.people import Person
from headcount.sandbox.recording import Recording
from headcount.sandbox.segments import Segment
from headcount.sandbox.workspace import Workspace

Told = dict[str, Any]
Query = dict[str, str]


def now() -> float:
    return time.time()


def _some(rows: Iterable[Any], query: Query) -> list[Any]:
    """offset and limit of the query; without a limit, all."""
    start = int(query.get("offset", 0))
    return list(islice(rows, start, start + int(query["limit"]) if "limit" in query else None))


def workspace_json(workspace: Workspace) -> Told:
    profile = workspace.profile
    return {
        "environment_id": profile.id,
        "name": profile.name,
        "region": profile.region,
        "mode": profile.mode.value,
        "phone": profile.phone,
        "track_keys": [
            {"name": k.name, "site_id": k.site_id, "api_key": k.api_key} for k in workspace.track_keys
        ],
        "app_keys": [{"name": k.name, "token": k.token} for k in workspace.app_keys],
    }


def person_json(person: Person) -> Told:
    """attributes as JSON values, wire the same as JSON text to the letter, times in unix seconds."""
    return {
        **person.identifiers(),
        "attributes": person.attributes,
        "wire": {name: wire.text(value) for name, value in person.attributes.items()},
        "times": {name: person.time_of(name) for name in person.attributes},
        "unsubscribed": person.unsubscribed,
        "devices": [
            {"token": d.token, "platform": d.platform, "last_used": d.last_used, "attributes": d.attributes}
            for d in person.devices.values()
        ],
    }


def people(workspace: Workspace, query: Query) -> Told:
    """Everyone, or those that one id, email, phone or cio_id names."""
    for kind in ("cio_id", "id", "email", "phone"):
        if kind in query:
            found = _named(workspace, kind, query[kind])
            return {"total": len(found), "people": [person_json(person) for person in found]}
    return {
        "total": len(workspace.people),
        "people": [person_json(p) for p in _some(workspace.people, query)],
    }


def _named(workspace: Workspace, kind: str, value: str) -> list[Person]:
    if kind == "cio_id" or kind in workspace.kinds:
        person = workspace.people.find(kind, value)
        return [person] if person else []
    return [person for person in workspace.people if person.attributes.get(kind) == value]


def event_json(workspace: Workspace, event: Event) -> Told:
    """receipts: how many times this event's id has arrived; the event itself counts once."""
    person = workspace.people.by_cio_id.get(event.cio_id)
    return {
        "number": event.number,
        "id": event.id,
        "type": event.kind,
        "name": event.name,
        "person": person.identifiers() if person else None,
        "anonymous_id": event.anonymous_id or None,
        "timestamp": event.timestamp,
        "received": event.received,
        "data": event.data,
        "wire": {name: wire.text(value) for name, value in event.data.items()},
        "receipts": workspace.events.times_seen(event),
    }


def events(workspace: Workspace, query: Query) -> Told:
    rows = (event for event in workspace.events if query.get("name", event.name) == event.name)
    if "id" in query:
        rows = (event for event in rows if event.id == query["id"])
    seen = workspace.events.seen
    return {
        "total": len(workspace.events),
        "dropped_repeats": workspace.events.dropped,
        "most_receipts": max(seen.values(), default=0),
        "repeated_ids": {id_: count for id_, count in seen.items() if count > 1},
        "events": [event_json(workspace, event) for event in _some(rows, query)],
    }


def segment_json(workspace: Workspace, segment: Segment) -> Told:
    members = [workspace.people.by_cio_id[cio_id].identifiers() for cio_id in sorted(segment.members)]
    kind = "manual" if segment.manual else "dynamic"
    told = {"id": segment.id, "name": segment.name, "description": segment.description, "type": kind}
    return {**told, "count": len(members), "members": members}


def segments(workspace: Workspace, query: Query) -> Told:
    return {"segments": [segment_json(workspace, segment) for segment in workspace.segments.by_id.values()]}


def objects(workspace: Workspace, query: Query) -> Told:
    things = workspace.objects.by_cio_id
    rows = [
        {
            "object_type_id": thing.type_id,
            "object_id": thing.object_id,
            "cio_object_id": thing.cio_object_id,
            "attributes": thing.attributes,
            "wire": {name: wire.text(value) for name, value in thing.attributes.items()},
            "times": {name: thing.time_of(name) for name in thing.attributes},
        }
        for thing in _some(things.values(), query)
    ]
    types = [{"id": t.id, "name": t.name, "singular": t.singular} for t in workspace.objects.types.values()]
    return {"total": len(things), "types": types, "objects": rows}


def relationships(workspace: Workspace, query: Query) -> Told:
    rows = [
        {
            "object_type_id": thing.type_id,
            "object_id": thing.object_id,
            "person": person.identifiers() if (person := workspace.people.by_cio_id.get(holder)) else None,
            "anonymous_id": None if person else holder.removeprefix("anonymous:"),
            "attributes": attributes,
        }
        for thing in workspace.objects.by_cio_id.values()
        for holder, attributes in thing.relationships.items()
    ]
    return {"total": len(rows), "relationships": _some(rows, query)}


def suppressed(workspace: Workspace, query: Query) -> Told:
    rows = [{"kind": kind, "value": value, "at": at} for (kind, value), at in workspace.suppressed.items()]
    return {"total": len(rows), "suppressed": _some(rows, query)}


def activities(workspace: Workspace, query: Query) -> Told:
    """Newest first; type and name choose, as in the App API, but no page is too long."""
    entries = workspace.log.newest(query.get("cio_id"), query.get("type", ""), query.get("name", ""))
    return {"activities": [activity_json(workspace, entry) for entry in _some(entries, query)]}


def forms(workspace: Workspace, query: Query) -> Told:
    return {"forms": _some(workspace.forms, query)}


def collections(workspace: Workspace, query: Query) -> Told:
    return {"collections": list(workspace.collections.values())}


def requests(recording: Recording, query: Query) -> Told:
    """Oldest first. path and workspace choose, after skips up to a number, bodies=0 leaves bodies out."""
    chosen = (
        entry
        for entry in recording
        if entry.path.startswith(query.get("path", ""))
        and query.get("workspace", str(entry.workspace)) == str(entry.workspace)
        and entry.number > int(query.get("after", 0))
    )
    bodies = query.get("bodies", "1") != "0"
    return {
        "in_flight": recording.in_flight,
        "max_in_flight": recording.max_in_flight,
        "requests": [entry.as_json(bodies=bodies) for entry in _some(chosen, query)],
    }


def counts(workspace: Workspace) -> Told:
    return {
        "people": len(workspace.people),
        "events": len(workspace.events),
        "dropped_repeats": workspace.events.dropped,
        "segments": len(workspace.segments.by_id),
        "objects": len(workspace.objects.by_cio_id),
        "relationships": sum(len(thing.relationships) for thing in workspace.objects.by_cio_id.values()),
        "suppressed": len(workspace.suppressed),
        "waiting": workspace.waiting,
        "track_requests": workspace.track_arrivals.total,
        "app_requests": workspace.app_arrivals.total,
    }


def rates(account: Account, recording: Recording) -> Told:
    """max_per_second: the most requests that arrived in any window of one second."""
    told: Told = {"max_in_flight": recording.max_in_flight, "workspaces": {}}
    for number, workspace in account.workspaces.items():
        told["workspaces"][str(number)] = {
            api: {
                "requests": rate.total,
                "max_per_second": rate.max_per_second,
                "first": rate.first,
                "last": rate.last,
            }
            for api, rate in (("track", workspace.track_arrivals), ("app", workspace.app_arrivals))
        }
    return told
