"""What the entries of a project file must agree on with each other, and with what a destination declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from headcount.destinations.base import DestinationObject, Mistake
from headcount.destinations.customerio.event import PERSON_IDENTIFIERS
from headcount.destinations.customerio.objects import OBJECTS
from headcount.errors import ConfigurationError
from headcount.model import Model, Sync
from headcount.project.kinds import KINDS
from headcount.project.lines import Document
from headcount.project.model_entry import ModelEntry
from headcount.project.problems import Path, Problem, did_you_mean, one_of
from headcount.project.sync_entry import SyncEntry
from headcount.project.triggers import trigger_problems
from headcount.project.values import sync_value
from headcount.templates import check_syntax

WAYS = ("table", "query", "path")
EVENT_KEYS = ("unique_id", "first_run", "event")

Kinds = Mapping[str, str]  # type by key of connection; keys whose entry is broken are there with ""


def model_problems(document: Document, path: Path, entry: ModelEntry, kinds: Kinds) -> Iterator[Problem]:
    """Does the model name its rows in one way, and one its source has?"""
    given = [way for way in WAYS if getattr(entry, way) is not None]
    if len(given) != 1:
        found = "names none of them" if not given else f"has {' and '.join(given)}"
        wrong = f"A model has exactly one of table, query and path; this one {found}."
        yield document.problem(path, wrong, "Keep the one that is meant." if given else "Add one.")
    yield from _connection_problems(document, (*path, "connection"), entry.connection, kinds, "source")
    kind = KINDS.get(kinds.get(entry.connection, ""))
    if kind and kind.models and len(given) == 1 and given[0] not in kind.models:
        wrong = f"A {kind.name} connection has no {given[0]}."
        yield document.problem((*path, given[0]), wrong, f"Use {one_of(kind.models)}.")


def _connection_problems(
    document: Document, path: Path, key: str, kinds: Kinds, role: str
) -> Iterator[Problem]:
    usable = [name for name, type_ in kinds.items() if type_ in KINDS and KINDS[type_].role == role]
    if key not in kinds:
        wrong = f"There is no connection {key}."
        mend = _known(key, dict.fromkeys(usable), "Add it under connections, also if it was applied before.")
        yield document.problem(path, wrong, mend)
    elif (kind := KINDS.get(kinds[key])) and kind.role != role:
        wrong = f"{key} is a {kind.role}, and a {role} is needed here."
        yield document.problem(path, wrong, f"Use {one_of(usable)}." if usable else f"Add a {role}.")


def _known(word: str, known: Mapping[str, Any], otherwise: str) -> str:
    return did_you_mean(word, sorted(known)) or otherwise


def sync_problems(
    document: Document,
    path: Path,
    entry: SyncEntry,
    models: Mapping[str, Any],
    kinds: Kinds,
) -> Iterator[Problem]:
    """Does what the sync names exist, and does the destination offer what it wants?"""
    if entry.source.model not in models:
        wrong = f"There is no model {entry.source.model}."
        mend = _known(entry.source.model, models, "Add it under models.")
        yield document.problem((*path, "source", "model"), wrong, mend)
    target = entry.destination
    where = (*path, "destination", "connection")
    yield from _connection_problems(document, where, target.connection, kinds, "destination")
    yield from trigger_problems(document, path, entry.triggers)
    if target.object in OBJECTS:
        yield from _object_problems(document, path, entry, OBJECTS[target.object])
    else:
        wrong = f"Customer.io has no object {target.object}."
        mend = did_you_mean(target.object, list(OBJECTS))
        yield document.problem((*path, "destination", "object"), wrong, mend)
        yield from _mapping_problems(document, path, entry)
    yield from _template_problems(document, path, entry)


def _object_problems(
    document: Document, path: Path, entry: SyncEntry, thing: DestinationObject
) -> Iterator[Problem]:
    """Does the destination's object take what the sync wants to send?"""
    sync = sync_value(str(path[-1]), entry.document(), Model(key=entry.source.model, name="", connection=""))
    found = [
        *_behavior_problems(document, path, entry, thing),
        *_part_problems(document, path, entry),
        *_check_problems(document, path, entry, sync, thing),
    ]
    yield from found
    yield from _declared_problems(document, path, entry, thing.mistakes(sync), whole=not found)


def _mapping_problems(document: Document, path: Path, entry: SyncEntry) -> Iterator[Problem]:
    """What is wrong with the mappings, whatever object was meant."""
    meant = "event" if any(getattr(entry, name) is not None for name in EVENT_KEYS) else "person"
    model = Model(key=entry.source.model, name="", connection="")
    sync = replace(sync_value(str(path[-1]), entry.document(), model), object=meant)
    yield from _declared_problems(document, path, entry, OBJECTS[meant].mistakes(sync), whole=False)


def _behavior_problems(
    document: Document, path: Path, entry: SyncEntry, thing: DestinationObject
) -> Iterator[Problem]:
    offered = [behavior.value for behavior in thing.behaviors]
    if entry.behavior not in offered:
        wrong = f"{thing.label} offers {one_of(offered)}, not {entry.behavior}."
        if len(offered) == 1:
            wrong = f"{thing.label} offers {offered[0]} and nothing else."
        yield document.problem((*path, "behavior"), wrong, f"Write {one_of(offered)}.")


def _part_problems(document: Document, path: Path, entry: SyncEntry) -> Iterator[Problem]:
    if entry.destination.object == "event":
        yield from _event_problems(document, path, entry)
    else:
        yield from _person_problems(document, path, entry)


def _person_problems(document: Document, path: Path, entry: SyncEntry) -> Iterator[Problem]:
    for name in EVENT_KEYS:
        if getattr(entry, name) is not None:
            wrong = f"{name} belongs to events, and this sync makes people."
            yield document.problem((*path, name), wrong, "Remove it, or write object: event.")
    identifiers = OBJECTS[entry.destination.object].identifiers
    if entry.identifier is None:
        wrong = "identifier is missing: by what are people known?"
        mend = "For example: identifier: {from: id, to: id}."
        yield document.problem((*path, "identifier"), wrong, mend)
    elif entry.identifier.to not in identifiers:
        wrong = f"People cannot be known by {entry.identifier.to}."
        yield document.problem((*path, "identifier", "to"), wrong, f"Use {one_of(identifiers)}.")


def _event_problems(document: Document, path: Path, entry: SyncEntry) -> Iterator[Problem]:
    mends = {
        "unique_id": "Name the column that makes an event unique for ever, such as order_id.",
        "first_run": "Write backfill to send the rows that are there, or record_as_seen to only note them.",
        "event": "For example: event: {name: {constant: Order Placed}, person: {from: customer_id, to: id}}.",
    }
    for name, mend in mends.items():
        if getattr(entry, name) is None:
            yield document.problem((*path, name), f"{name} is missing.", mend)
    for name in ("identifier", "changed_fields_only"):
        if name in entry.model_fields_set and getattr(entry, name):
            wrong = f"{name} belongs to people, and this sync makes events."
            mend = "Use unique_id, and person under event." if name == "identifier" else "Remove it."
            yield document.problem((*path, name), wrong, mend)
    if entry.event and entry.event.person.to not in PERSON_IDENTIFIERS:
        wrong = f"An event cannot name its person by {entry.event.person.to}."
        yield document.problem((*path, "event", "person", "to"), wrong, f"Use {one_of(PERSON_IDENTIFIERS)}.")


def _check_problems(
    document: Document, path: Path, entry: SyncEntry, sync: Sync, thing: DestinationObject
) -> Iterator[Problem]:
    known = check_names(sync, thing)
    for number, name in enumerate(entry.checks.warn):
        if name not in known:
            wrong = f"{thing.label} has no check {name}."
            yield document.problem((*path, "checks", "warn", number), wrong, did_you_mean(name, known))


def _template_problems(document: Document, path: Path, entry: SyncEntry) -> Iterator[Problem]:
    """Templates are parsed here; which columns they read is only known when the model is."""
    for number, item in enumerate(entry.mappings):
        if item.origin.template is None:
            continue
        try:
            check_syntax(item.origin.template)
        except ConfigurationError as error:
            yield document.problem((*path, "mappings", number, "from"), error.message, error.hint)


def check_names(sync: Sync, thing: DestinationObject) -> list[str]:
    """The checks an object's rows go through, by the names the project file uses."""
    fields = [("attributes", "a custom field"), ("attributes", "email"), ("attributes", "id")]
    slots = [mapping.slot for mapping in sync.mappings if mapping.slot != "attributes"]
    fields += [(slot, to) for slot in slots for to in ("id", "email")]
    checks = [check for slot, to in fields for check in thing.field_checks(slot, to)]
    for identifier in thing.identifiers:
        checks += thing.key_checks(replace(sync, identifier=identifier))
    return sorted({check.name for check in checks} | {f"{slot}_missing" for slot in thing.optional_slots})


def _declared_problems(
    document: Document, path: Path, entry: SyncEntry, mistakes: Iterable[Mistake], *, whole: bool
) -> Iterator[Problem]:
    """What the object itself says about names and numbers of fields; about the sync as a whole only if that is wanted,
    for it may come from what was complained about before.
    """
    for mistake in mistakes:
        named = [number for number, item in enumerate(entry.mappings) if item.to == mistake.field]
        if named or whole:
            where: Path = (*path, "mappings", named[-1], "to") if named else path
            yield document.problem(where, mistake.wrong, mistake.mend)
