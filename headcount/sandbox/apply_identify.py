"""Identify: whose profile a request means, and what becomes of each attribute.

The rules are the resolution table of Customer.io's Track API. Whatever cannot be done is no error for the
sender: the request was answered with 200, and only the activity log tells.
"""

from __future__ import annotations

from typing import Any

from headcount.sandbox import subscriptions
from headcount.sandbox.checks import ATTRIBUTES
from headcount.sandbox.people import Person, index_key
from headcount.sandbox.workspace import Workspace

MAX_UNIX = 100_000_000_000  # later than year 5000: milliseconds, or nonsense
SPECIAL = frozenset({"cio_id", "anonymous_id", "_update", "_timestamp", "_created_in_customerio_at"})
_MISSING = object()


def identify(workspace: Workspace, item: dict[str, Any], now: int) -> Person | None:
    """Returns the person whose profile took the attributes, None where nothing was done."""
    [(kind, value)] = item["identifiers"].items()
    given = item.get("attributes") or {}
    at = _time_of(item, given, now)
    if workspace.suppressed and is_suppressed(workspace, kind, value, given):
        workspace.log.add("skipped_update", "", now, {"reason": "suppressed", "identifiers": {kind: value}})
        return None
    # The operation is ours alone by now, so identifiers may be taken out of it.
    others = {other: given.pop(other) for other in workspace.kinds if other in given}
    count = len(workspace.people)
    person = _resolve(workspace, kind, value, others, _is_update_only(given), at, now)
    if person is None:
        return None
    if not SPECIAL.isdisjoint(given):
        _link_anonymous(workspace, person, given, now)
        given = {name: new for name, new in given.items() if name not in SPECIAL}
    if len(workspace.people) == count or not _fill(workspace, person, given, now):
        merge_attributes(workspace, person, given, at, now)
    return person


def _fill(workspace: Workspace, person: Person, given: dict[str, Any], now: int) -> bool:
    """Gives a new person plain attributes all at once; False where they must be merged one by one."""
    if None in given.values() or "." in "".join(given) or workspace.settings.empty_string_unsets:
        return False
    person.attributes.update(given)
    if given:
        _note(workspace, person, {}, given, now)
    return True


def _time_of(item: dict[str, Any], attributes: dict[str, Any], now: int) -> int:
    """The time the attributes were true: anything but unix seconds silently becomes now."""
    for given in (item.get("timestamp"), attributes.get("_timestamp")):
        if given.__class__ is int and 0 < given < MAX_UNIX:
            return int(given)
    return now


def unix_or(given: Any, now: int) -> int:
    return given if given.__class__ is int and 0 < given < MAX_UNIX else now


def is_suppressed(workspace: Workspace, kind: str, value: str, attributes: dict[str, Any]) -> bool:
    if not workspace.suppressed:
        return False
    named = {kind: value, **{other: attributes[other] for other in workspace.kinds if other in attributes}}
    return any(
        isinstance(text, str) and (other, index_key(other, text)) in workspace.suppressed
        for other, text in named.items()
    )


def _resolve(
    workspace: Workspace, kind: str, value: str, others: dict[str, Any], update_only: bool, at: int, now: int
) -> Person | None:
    """The person meant, with identifiers set as far as the rules allow; None when nothing may be done.

    others are the identifiers among the attributes; null takes one away, which only a cio_id may ask for.
    """
    found = workspace.people.find(kind, value)
    others = {other: None if text in (None, "") else str(text) for other, text in others.items()}
    if found is None and kind != "cio_id":
        others.pop(kind, None)
        found = _owner_of(workspace, others)
        others = {kind: value, **others} if found else others
    if found is None:
        if kind == "cio_id" or update_only:
            _failed(workspace, "", now, {"reason": "no such person", "identifiers": {kind: value}})
            return None
        return _create(workspace, {kind: value, **others}, at, now)
    for name, text in others.items():
        if name != kind or text is not None:
            set_identifier(workspace, found, name, text, at, now, by=kind)
    return found


def _owner_of(workspace: Workspace, others: dict[str, str | None]) -> Person | None:
    for kind, text in others.items():
        if text is not None and (person := workspace.people.find(kind, text)):
            return person
    return None


def _is_update_only(given: dict[str, Any]) -> bool:
    return given.get("_update") in (True, "true")


def _create(workspace: Workspace, identifiers: dict[str, str | None], at: int, now: int) -> Person:
    person = workspace.people.new(at)
    for kind, text in identifiers.items():
        if text is not None:
            person.attributes[kind] = text
            workspace.people.index(person, kind)
    person.attributes["_created_in_customerio_at"] = now
    workspace.log.add("profile_create", person.cio_id, now, identifiers)
    workspace.journal.note("person", person.cio_id)
    return person


def set_identifier(
    workspace: Workspace, person: Person, kind: str, text: str | None, at: int, now: int, *, by: str
) -> None:
    """Sets, changes or removes one identifier of a known person, or logs why it stays as it is."""
    have = person.attributes.get(kind)
    if have == text:
        return
    owner = None if text is None else workspace.people.find(kind, text)
    may_change = (
        have is None or by == "cio_id" or _same_email(kind, have, text) or _email_by_id(workspace, kind, by)
    )
    if (owner is not None and owner is not person) or not may_change:
        _failed(
            workspace, person.cio_id, now, {"reason": "identifier conflict", kind: {"from": have, "to": text}}
        )
        return
    workspace.people.unindex(person, kind)
    if text is None:
        del person.attributes[kind]
        person.times.pop(kind, None)
    else:
        person.attributes[kind] = text
        person.times[kind] = at
        workspace.people.index(person, kind)
    workspace.log.changed("attribute_change", person.cio_id, now, {kind: have}, {kind: text})
    workspace.journal.note("person", person.cio_id)


def _same_email(kind: str, have: str, text: str | None) -> bool:
    return kind == "email" and text is not None and have.lower() == text.lower()


def _email_by_id(workspace: Workspace, kind: str, by: str) -> bool:
    return kind == "email" and by == "id" and workspace.settings.email_by_id


def _link_anonymous(workspace: Workspace, person: Person, given: dict[str, Any], now: int) -> None:
    """Gives the person the anonymous events of the last 30 days; an anonymous_id can be used once."""
    anonymous = given.get("anonymous_id")
    if not isinstance(anonymous, str) or not anonymous or workspace.people.find("anonymous_id", anonymous):
        return
    workspace.people.unindex(person, "anonymous_id")
    person.attributes["anonymous_id"] = anonymous
    workspace.people.index(person, "anonymous_id")
    for event in workspace.events.give(f"anonymous:{anonymous}", person.cio_id, now - 30 * 86_400):
        workspace.journal.note("event", event.number)
    workspace.journal.note("person", person.cio_id)


def merge_attributes(workspace: Workspace, person: Person, given: dict[str, Any], at: int, now: int) -> None:
    """Sets, keeps and removes attributes one by one; what is older than the stored value is dropped."""
    have, times, born = person.attributes, person.times, person.born
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    stale: list[str] = []
    empty = "" if workspace.settings.empty_string_unsets else None
    for name, new in given.items():
        old = have.get(name, _MISSING)
        if old is _MISSING:
            if new is None or new == empty:
                continue
            if name.startswith(subscriptions.DOTTED):
                name, new = subscriptions.updated(have, name, new)
        elif old == new and old.__class__ is new.__class__:
            continue
        elif at < times.get(name, born):
            stale.append(name)
            continue
        else:
            before[name] = old
        after[name] = new
        if new is None or new == empty:
            del have[name]
            times.pop(name, None)
        else:
            have[name] = new
            if at != born or name in times:
                times[name] = at
    if after:
        _note(workspace, person, before, after, now)
    if stale:
        reason = {"reason": "older than the stored value", "attributes": stale}
        workspace.log.add("skipped_update", person.cio_id, now, reason)


def _note(
    workspace: Workspace, person: Person, before: dict[str, Any], after: dict[str, Any], now: int
) -> None:
    if len(person.attributes) > ATTRIBUTES:
        _drop_excess(workspace, person, after, now)
    workspace.log.changed("attribute_change", person.cio_id, now, before, after)
    workspace.journal.note("person", person.cio_id)


def _drop_excess(workspace: Workspace, person: Person, after: dict[str, Any], now: int) -> None:
    excess = list(person.attributes)[ATTRIBUTES:]
    for name in excess:
        del person.attributes[name]
        person.times.pop(name, None)
        after.pop(name, None)
    _failed(
        workspace, person.cio_id, now, {"reason": f"more than {ATTRIBUTES} attributes", "attributes": excess}
    )


def _failed(workspace: Workspace, cio_id: str, now: int, data: dict[str, Any]) -> None:
    workspace.log.add("failed_attribute_change", cio_id, now, data)
