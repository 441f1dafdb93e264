"""Delete, suppress, merge, and a person's devices."""

from __future__ import annotations

from typing import Any

from headcount.sandbox import apply_identify
from headcount.sandbox.people import Device, Person, index_key
from headcount.sandbox.workspace import Workspace


def named(item: dict[str, Any]) -> tuple[str, str]:
    [(kind, value)] = item["identifiers"].items()
    return kind, value


def delete(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    """Removes a person and all history; an unknown person is no error."""
    if person := workspace.people.find(*named(item)):
        remove(workspace, person, now)


def remove(workspace: Workspace, person: Person, now: int) -> None:
    workspace.people.remove(person)
    for event in workspace.events.remove_person(person.cio_id):
        workspace.journal.note("event", event.number)
    for segment in workspace.segments.of_person(person.cio_id):
        segment.members.discard(person.cio_id)
        workspace.journal.note("segment", segment.id)
    for thing in workspace.objects.forget_person(person.cio_id):
        workspace.journal.note("object", thing.cio_object_id)
    workspace.log.add("profile_delete", person.cio_id, now, person.identifiers())
    workspace.journal.note("person", person.cio_id)


def suppress(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    """Deletes, and blocks every identifier the person has; an unknown identifier is blocked as well."""
    kind, value = named(item)
    person = workspace.people.find(kind, value)
    blocked = {kind: value} if kind != "cio_id" else {}
    if person:
        theirs = {name: person.attributes.get(name) for name in workspace.kinds}
        blocked |= {name: text for name, text in theirs.items() if isinstance(text, str)}
        remove(workspace, person, now)
    for name, text in blocked.items():
        workspace.suppressed[name, index_key(name, text)] = now
    workspace.journal.note("suppressed", 0)


def unsuppress(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    kind, value = named(item)
    workspace.suppressed.pop((kind, index_key(kind, value)), None)
    workspace.journal.note("suppressed", 0)


def merge(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    """The secondary fills what the primary lacks, and is gone. Without both people nothing happens."""
    [(primary_kind, primary_value)] = item["primary"].items()
    [(secondary_kind, secondary_value)] = item["secondary"].items()
    primary = workspace.people.find(primary_kind, primary_value)
    secondary = workspace.people.find(secondary_kind, secondary_value)
    if primary is None or secondary is None or primary is secondary:
        return
    _move_history(workspace, secondary, primary, now)
    theirs = dict(secondary.attributes)
    remove(workspace, secondary, now)
    missing = {name: new for name, new in theirs.items() if primary.attributes.get(name) in (None, "")}
    for kind in workspace.kinds:
        if kind in missing:
            apply_identify.set_identifier(workspace, primary, kind, missing.pop(kind), now, now, by="cio_id")
    missing.pop("anonymous_id", None)
    apply_identify.merge_attributes(workspace, primary, missing, max(now, primary.born), now)
    workspace.log.add("profile_merge", primary.cio_id, now, {"secondary": secondary.identifiers()})
    workspace.journal.note("person", primary.cio_id)


def _move_history(workspace: Workspace, source: Person, target: Person, now: int) -> None:
    """Events of the last 30 days, manual segments, relationships and devices go to the primary."""
    for event in workspace.events.give(source.cio_id, target.cio_id, now - 30 * 86_400):
        workspace.journal.note("event", event.number)
    for segment in workspace.segments.of_person(source.cio_id):
        if segment.manual:
            segment.members.add(target.cio_id)
    for thing in workspace.objects.of_person(source.cio_id):
        thing.relationships.setdefault(target.cio_id, thing.relationships[source.cio_id])
    target.devices = {**source.devices, **target.devices}


def add_device(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    """Adds or replaces a device; like an event, it creates an unknown person."""
    kind, value = named(item)
    if apply_identify.is_suppressed(workspace, kind, value, {}):
        return
    person = find_or_create(workspace, kind, value, now)
    if person is None:
        return
    given = item["device"]
    used = given.get("last_used")
    device = Device(given["token"], given["platform"], used, given.get("attributes") or {})
    person.devices[device.token] = device
    workspace.log.add(
        "device_change", person.cio_id, now, {"token": device.token, "platform": device.platform}
    )
    workspace.journal.note("person", person.cio_id)


def delete_device(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    person = workspace.people.find(*named(item))
    if person and person.devices.pop(item["device"]["token"], None):
        workspace.log.add("device_delete", person.cio_id, now, {"token": item["device"]["token"]})
        workspace.journal.note("person", person.cio_id)


def find_or_create(workspace: Workspace, kind: str, value: str, now: int) -> Person | None:
    """None for an unknown cio_id or anonymous_id: those never create anyone."""
    person = workspace.people.find(kind, value)
    if person is None and kind not in ("cio_id", "anonymous_id"):
        item = {"identifiers": {kind: value}}
        apply_identify.identify(workspace, item, now)
        person = workspace.people.find(kind, value)
    return person
