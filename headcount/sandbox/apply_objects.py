"""Objects and relationships, from either side."""

from __future__ import annotations

from typing import Any

from headcount.sandbox import apply_people
from headcount.sandbox.apply_identify import unix_or
from headcount.sandbox.objects import Thing
from headcount.sandbox.people import Person
from headcount.sandbox.workspace import Workspace

Links = list[dict[str, Any]]


def identify(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    """Creates or updates an object; null and "" remove an attribute."""
    at = unix_or(item.get("timestamp"), now)
    thing = workspace.objects.find_or_new(item["identifiers"], at)
    if thing is None:
        return _failed(workspace, item, now)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name, new in (item.get("attributes") or {}).items():
        old = thing.attributes.get(name)
        if old == new or (name in thing.attributes and at < thing.time_of(name)):
            continue
        if new is None or new == "":
            thing.attributes.pop(name, None)
            thing.times.pop(name, None)
        else:
            thing.attributes[name] = new
            thing.times[name] = at
        before[name], after[name] = old, new
    if after:
        kind = f"_o:{thing.type_id}:attribute_change"
        workspace.log.changed(kind, "", now, before, after, thing.object_id)
    workspace.journal.note("object", thing.cio_object_id)
    link_object(workspace, thing, item.get("cio_relationships") or [], now)
    return None


def delete(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    if thing := workspace.objects.find(item["identifiers"]):
        workspace.objects.remove(thing)
        workspace.log.add(f"_o:{thing.type_id}:delete", "", now, {}, thing.object_id)
        workspace.journal.note("object", thing.cio_object_id)


def add_of_object(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    thing = workspace.objects.find_or_new(item["identifiers"], now)
    if thing is None:
        return _failed(workspace, item, now)
    return link_object(workspace, thing, item["cio_relationships"], now)


def delete_of_object(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    thing = workspace.objects.find(item["identifiers"])
    for link in item["cio_relationships"] if thing else ():
        person = _person_of(workspace, link["identifiers"], now, create=False)
        if thing and person:
            _unlink(workspace, thing, person, now)


def add_of_person(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    """Like an event, relationships create an unknown person."""
    if person := apply_people.find_or_create(workspace, *apply_people.named(item), now):
        link_person(workspace, person, item["cio_relationships"], now)


def delete_of_person(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    if person := workspace.people.find(*apply_people.named(item)):
        unlink_person(workspace, person, item["cio_relationships"], now)


def link_object(workspace: Workspace, thing: Thing, links: Links, now: int) -> None:
    for link in links:
        if holder := _person_of(workspace, link["identifiers"], now, create=True):
            _link(workspace, thing, holder, link.get("relationship_attributes") or {}, now)


def link_person(workspace: Workspace, person: Person, links: Links, now: int) -> None:
    for link in links:
        identifiers = link["identifiers"]
        known = set(identifiers) in ({"object_type_id", "object_id"}, {"cio_object_id"})
        if known and (thing := workspace.objects.find_or_new(identifiers, now)):
            _link(workspace, thing, person.cio_id, link.get("relationship_attributes") or {}, now)
        else:
            data = {"reason": "no such object or type", "identifiers": identifiers}
            workspace.log.add("failed_relationship_change", person.cio_id, now, data)


def unlink_person(workspace: Workspace, person: Person, links: Links, now: int) -> None:
    for link in links:
        known = set(link["identifiers"]) in ({"object_type_id", "object_id"}, {"cio_object_id"})
        if known and (thing := workspace.objects.find(link["identifiers"])):
            _unlink(workspace, thing, person.cio_id, now)


def _person_of(workspace: Workspace, identifiers: dict[str, str], now: int, *, create: bool) -> str | None:
    """The holder's key in relationships: a cio_id, or "anonymous:" and the anonymous id."""
    [(kind, value), *_] = identifiers.items()
    person = workspace.people.find(kind, value)
    if person is None and create:
        person = apply_people.find_or_create(workspace, kind, value, now)
    if person is None:
        return f"anonymous:{value}" if kind == "anonymous_id" else None
    return person.cio_id


def _link(workspace: Workspace, thing: Thing, holder: str, attributes: dict[str, Any], now: int) -> None:
    have = thing.relationships.setdefault(holder, {})
    for name, new in attributes.items():
        if new is None or new == "":
            have.pop(name, None)
        else:
            have[name] = new
    data = {"object_type_id": thing.type_id, "object_id": thing.object_id}
    workspace.log.add("relationship_change", holder, now, data)
    workspace.journal.note("object", thing.cio_object_id)


def _unlink(workspace: Workspace, thing: Thing, holder: str, now: int) -> None:
    if thing.relationships.pop(holder, None) is not None:
        data = {"object_type_id": thing.type_id, "object_id": thing.object_id}
        workspace.log.add("relationship_delete", holder, now, data)
        workspace.journal.note("object", thing.cio_object_id)


def _failed(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    type_id = item["identifiers"].get("object_type_id", "")
    data = {"reason": "no such object or type", "identifiers": item["identifiers"]}
    workspace.log.add(f"_o:{type_id}:failed_attribute_change", "", now, data)
