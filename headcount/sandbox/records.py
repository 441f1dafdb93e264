"""Records of a workspace as JSON values for the state file, and back."""

from dataclasses import asdict
from typing import Any

from headcount.sandbox.activity import Activity
from headcount.sandbox.events import Event
from headcount.sandbox.identity import IdentityMode
from headcount.sandbox.objects import ObjectType, Thing
from headcount.sandbox.people import Device, Person
from headcount.sandbox.segments import Segment
from headcount.sandbox.workspace import AppKey, Profile, TrackKey, Workspace

Record = Any


def read(workspace: Workspace, kind: str, key: Any) -> Record | None:
    """The record as it is now; None when it is gone."""
    if kind == "person":
        person = workspace.people.by_cio_id.get(key)
        return person and _person(person)
    if kind == "event":
        event = workspace.events.by_number.get(key)
        return event and _fields(event)
    if kind == "segment":
        segment = workspace.segments.by_id.get(key)
        return segment and {**_fields(segment), "members": sorted(segment.members)}
    if kind == "object":
        thing = workspace.objects.by_cio_id.get(key)
        return thing and _fields(thing)
    if kind == "collection":
        return workspace.collections.get(key)
    if kind == "seen":
        return workspace.events.seen.get(key)
    return _whole(workspace, kind)


def _whole(workspace: Workspace, kind: str) -> Record:
    """Small parts that are written as one record."""
    if kind == "suppressed":
        return [[name, value, at] for (name, value), at in workspace.suppressed.items()]
    if kind == "object_types":
        return [asdict(each) for each in workspace.objects.types.values()]
    raise KeyError(kind)


def put(workspace: Workspace, kind: str, key: str, record: Record) -> None:
    """Puts a record back into an empty workspace."""
    if kind == "person":
        devices = {each["token"]: Device(**each) for each in record.pop("devices")}
        workspace.people.restore(Person(**record, devices=devices))
    elif kind == "event":
        workspace.events.restore(Event(**record))
    elif kind == "segment":
        workspace.segments.by_id[record["id"]] = Segment(**{**record, "members": set(record["members"])})
    elif kind == "object":
        workspace.objects.restore(Thing(**record))
    elif kind == "collection":
        workspace.collections[record["id"]] = record
    elif kind == "seen":
        workspace.events.seen[key] = record
    elif kind == "suppressed":
        workspace.suppressed = {(name, value): at for name, value, at in record}
    elif kind == "object_types":
        workspace.objects.types = {each["id"]: ObjectType(**each) for each in record}
    elif kind == "activity":
        workspace.log.restore(Activity(**record))


def _fields(thing: Any) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in thing.__dataclass_fields__}


def _person(person: Person) -> dict[str, Any]:
    return {**_fields(person), "devices": [asdict(device) for device in person.devices.values()]}


def activity(entry: Activity) -> Record:
    return entry._asdict()


def profile(workspace: Workspace) -> Record:
    told = asdict(workspace.profile)
    return {
        "profile": {**told, "mode": workspace.profile.mode.value},
        "settings": asdict(workspace.settings),
        "track_keys": [asdict(key) for key in workspace.track_keys],
        "app_keys": [asdict(key) for key in workspace.app_keys],
        "dropped": workspace.events.dropped,
    }


def open_profile(record: Record) -> tuple[Workspace, list[TrackKey], list[AppKey]]:
    values = record["profile"]
    workspace = Workspace(Profile(**{**values, "mode": IdentityMode(values["mode"])}))
    workspace.settings = workspace.settings.changed(record["settings"])
    workspace.events.dropped = record["dropped"]
    track_keys = [TrackKey(**key) for key in record["track_keys"]]
    return workspace, track_keys, [AppKey(**key) for key in record["app_keys"]]
