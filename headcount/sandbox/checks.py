"""What Customer.io refuses before it accepts: the documented limits of one operation, in both APIs' words.

An operation is checked in its Track v2 shape; Track v1 requests are brought into that shape first. This runs
for every row of every benchmark, so the common case, a person with small attributes, takes one short path.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from headcount.sandbox import wire

ID_BYTES = 150
NAME_BYTES = 150
VALUE_BYTES = 1000
ATTRIBUTES = 300
ALL_ATTRIBUTES_BYTES = 100_000  # of an object or a relationship
EVENT_NAME_BYTES = 100
EVENT_DATA_BYTES = 100_000

# 20 attributes of the greatest length, with their names: a person of fewer cannot reach a higher limit.
SMALL_BYTES = 25_000

Item = dict[str, Any]
_KNOWN_NAMES: set[str] = set()
_LONG_KINDS = frozenset({str, dict, list})


@dataclass(frozen=True, slots=True)
class Problem:
    """reason, field and message are v2's; v1 is the sentence of Track v1."""

    reason: str
    field: str
    message: str
    v1: str = ""

    def as_json(self) -> dict[str, str]:
        return {"reason": self.reason, "field": self.field, "message": self.message}


Problems = Sequence[Problem]
FINE: Problems = ()

PERSON_KINDS = frozenset({"id", "email", "phone", "cio_id"})
EVENT_KINDS = PERSON_KINDS | {"anonymous_id"}
EVENTS = frozenset({"event", "page", "screen"})
LINKS = frozenset({"add_relationships", "delete_relationships"})
ACTIONS = {
    "person": EVENTS
    | LINKS
    | {"identify", "delete", "add_device", "delete_device"}
    | {"merge", "suppress", "unsuppress"},
    "object": LINKS | {"identify", "identify_anonymous", "delete"},
    "delivery": frozenset({"event"}),
}


def problems(item: Any, entity_bytes: int, kinds: Sequence[str] = ("id", "email", "phone")) -> Problems:
    """Everything wrong with one operation; kinds are the identifiers this workspace has switched on."""
    if entity_bytes >= SMALL_BYTES and usual_person(item, kinds) and _are_values_short(item["attributes"]):
        return FINE
    if not isinstance(item, dict):
        return (Problem("invalid", "body", "must be an object"),)
    type_ = item.get("type")
    if not isinstance(type_, str) or type_ not in ACTIONS:
        return (Problem("required", "type", "must be one of delivery, object or person"),)
    action = item.get("action")
    # The recorded answer says "required" to a wrong action as well as to a missing one.
    if not isinstance(action, str) or action not in ACTIONS[type_]:
        return (Problem("required", "action", f"must be one of {_words(ACTIONS[type_])}"),)
    found = list(_CHECKS[type_](item, action, kinds))
    if not found and _is_too_long(item, entity_bytes):
        found.append(Problem("invalid", "body", f"cannot be longer than {entity_bytes} bytes"))
    return found


def usual_person(item: Any, kinds: Sequence[str]) -> tuple[str, str] | None:
    """The identifier of an identify whose shape and names are fine: the usual row, at full speed.

    None means that the row must be looked at closely. Its values are not looked at.
    """
    try:
        if item["action"] != "identify" or item["type"] != "person" or "cio_relationships" in item:
            return None
        identifiers, attributes = item["identifiers"], item["attributes"]
        if len(attributes) > 20 or not (attributes.keys() <= _KNOWN_NAMES or _are_names_fine(attributes)):
            return None
        [named] = identifiers.items()
        return (
            named
            if named[0] in kinds and 0 < len(named[1]) <= ID_BYTES // 4 and named[1].__class__ is str
            else None
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def _are_values_short(attributes: dict[str, Any]) -> bool:
    for value in attributes.values():
        # A character is at most four bytes of UTF-8, so short strings need no encoding.
        if value.__class__ in _LONG_KINDS and (value.__class__ is not str or len(value) > VALUE_BYTES // 4):
            return False
    return True


def _are_names_fine(attributes: dict[str, Any]) -> bool:
    """Whether no name is too long; names once seen are remembered, because tables repeat them."""
    if any(_is_long(name, NAME_BYTES) for name in attributes):
        return False
    if len(_KNOWN_NAMES) < 10_000:
        _KNOWN_NAMES.update(attributes)
    return True


def _person(item: Item, action: str, kinds: Sequence[str]) -> Problems:
    if action == "merge":
        return [*_merge_side(item, "primary", kinds), *_merge_side(item, "secondary", kinds)]
    found = _person_identifier(
        item.get("identifiers"), EVENT_KINDS if action in EVENTS else PERSON_KINDS, kinds
    )
    if action in EVENTS:
        return [*found, *_event(item)]
    if action == "identify":
        attributes = _attributes(item.get("attributes", {}), "attributes")
        links = _relationships(item, required=False) if "cio_relationships" in item else FINE
        return [*found, *attributes, *links] if found or attributes or links else FINE
    return [*found, *_BY_ACTION.get(action, _nothing)(item)]


def _person_identifier(
    given: Any, allowed: frozenset[str], kinds: Sequence[str], path: str = "identifiers"
) -> Problems:
    if not isinstance(given, dict) or len(given) != 1:
        return (Problem("required", path, "must contain exactly one of id, email, phone or cio_id"),)
    [(kind, value)] = given.items()
    field = f"{path}.{kind}"
    if kind not in allowed:
        return (Problem("invalid", field, "must be one of cio_id, email, id or phone"),)
    if not isinstance(value, str):
        return (Problem("invalid", field, "must be a string", f"{kind} attribute must be a string value"),)
    if not value:
        return (Problem("required", field, "cannot be empty", f"{kind} attribute cannot be an empty string"),)
    if _is_long(value, ID_BYTES):
        text = f"cannot be longer than {ID_BYTES} bytes"
        return (Problem("invalid", field, text, f"{kind} attribute {text}"),)
    if kind not in kinds and kind not in ("cio_id", "anonymous_id"):
        return (Problem("invalid", field, "is not an identifier of this workspace"),)
    return FINE


def _attributes(given: Any, path: str) -> Problems:
    """Counts, names and values of a set of attributes."""
    if not isinstance(given, dict):
        return (Problem("invalid", path, "must be an object", "attributes must be a hash"),)
    found: list[Problem] = []
    if len(given) > ATTRIBUTES:
        text = f"cannot contain more than {ATTRIBUTES} attributes"
        found.append(
            Problem(
                "invalid", path, text, f"cannot identify more than {ATTRIBUTES} attributes in one request"
            )
        )
    for name, value in given.items():
        if _is_long(name, NAME_BYTES):
            text = f"cannot be longer than {NAME_BYTES} bytes"
            found.append(
                Problem("invalid", f"{path}.{name}", f"property name {text}", f"attribute name {text}")
            )
        if value.__class__ is str:
            if _is_long(value, VALUE_BYTES):
                found.append(_long_value(path, name))
        elif (value.__class__ is dict or value.__class__ is list) and _is_long_json(name, value):
            found.append(_long_value(path, name))
    return found


def _is_long_json(name: str, value: Any) -> bool:
    exempt = name in ("cio_relationships", "cio_subscription_preferences")
    return not exempt and _size(value) > VALUE_BYTES


def _long_value(path: str, name: str) -> Problem:
    text = f"cannot be longer than {VALUE_BYTES} bytes"
    return Problem(
        "invalid", f"{path}.{name}", f"property value {text}", f"value for attribute '{name}' {text}"
    )


def _event(item: Item) -> Problems:
    name = item.get("name")
    found: list[Problem] = []
    if not isinstance(name, str) or not name.strip():
        found.append(Problem("required", "name", "cannot be blank", "event name must not be blank"))
    elif _is_long(name.strip(), EVENT_NAME_BYTES):
        text = f"cannot be longer than {EVENT_NAME_BYTES} bytes"
        found.append(Problem("invalid", "name", text, f"event name {text}"))
    data = item.get("attributes", {})
    if data is not None and not isinstance(data, dict):
        found.append(Problem("invalid", "attributes", "must be an object", "event data must be a hash"))
    elif data and _size(data) > EVENT_DATA_BYTES:
        text = f"cannot be longer than {EVENT_DATA_BYTES} bytes"
        found.append(Problem("invalid", "attributes", text, f"event data {text}"))
    return found


def _merge_side(item: Item, side: str, kinds: Sequence[str]) -> Problems:
    if side not in item:
        return (Problem("required", side, "must contain exactly one of id, email or cio_id"),)
    return _person_identifier(item[side], PERSON_KINDS - {"phone"}, kinds, side)


def _device(item: Item, *, full: bool) -> Problems:
    device = item.get("device")
    if not isinstance(device, dict):
        return (Problem("required", "device", "must be an object", "device is required"),)
    found: list[Problem] = []
    if not isinstance(device.get("token"), str) or not device["token"]:
        found.append(Problem("required", "device.token", "cannot be empty", "device id is required"))
    if full and device.get("platform") not in ("ios", "android"):
        text = "must be one of android or ios"
        found.append(Problem("invalid", "device.platform", text, f"device platform {text}"))
    return found


def _relationships(item: Item, *, required: bool) -> Problems:
    given = item.get("cio_relationships")
    if not isinstance(given, list) or (required and not given):
        return (Problem("required" if given is None else "invalid", "cio_relationships", "must be an array"),)
    found: list[Problem] = []
    for place, link in enumerate(given):
        path = f"cio_relationships.{place}"
        if not isinstance(link, dict) or not _are_identifiers(link.get("identifiers")):
            found.append(Problem("required", f"{path}.identifiers", "must be an object of strings"))
            continue
        found += _sized_attributes(
            link.get("relationship_attributes") or {}, f"{path}.relationship_attributes"
        )
    return found


def _are_identifiers(given: Any) -> bool:
    return isinstance(given, dict) and bool(given) and all(isinstance(v, str) and v for v in given.values())


def _sized_attributes(given: Any, path: str) -> Problems:
    found = [*_attributes(given, path)]
    if not found and len(given) > 80 and _size(given) > ALL_ATTRIBUTES_BYTES:
        found.append(Problem("invalid", path, f"cannot be longer than {ALL_ATTRIBUTES_BYTES} bytes"))
    return found


def _object(item: Item, action: str, kinds: Sequence[str]) -> Problems:
    found = [*object_identifier(item.get("identifiers"))]
    if action in ("identify", "identify_anonymous"):
        found += _sized_attributes(item.get("attributes") or {}, "attributes")
    needs_links = action in LINKS
    if needs_links or "cio_relationships" in item:
        found += _relationships(item, required=needs_links)
    return found


def object_identifier(given: Any, path: str = "identifiers") -> Problems:
    """{"object_type_id", "object_id"} or {"cio_object_id"}; a type id is a string that holds an integer."""
    if not isinstance(given, dict) or set(given) not in ({"object_type_id", "object_id"}, {"cio_object_id"}):
        return (Problem("required", path, "must contain object_type_id and object_id, or cio_object_id"),)
    found: list[Problem] = []
    for kind, value in given.items():
        if not isinstance(value, str) or not value:
            found.append(Problem("invalid", f"{path}.{kind}", "must be a string that is not empty"))
        elif kind == "object_type_id" and not value.isdecimal():
            found.append(Problem("invalid", f"{path}.{kind}", "must be a string that holds an integer"))
        elif _is_long(value, ID_BYTES):
            found.append(Problem("invalid", f"{path}.{kind}", f"cannot be longer than {ID_BYTES} bytes"))
    return found


def _delivery(item: Item, action: str, kinds: Sequence[str]) -> Problems:
    given = item.get("identifiers")
    if not isinstance(given, dict) or not isinstance(given.get("id"), str):
        return (Problem("required", "identifiers.id", "must be a string"),)
    return _event(item)


def _nothing(item: Item) -> Problems:
    return FINE


def _words(names: frozenset[str]) -> str:
    *front, last = sorted(names)
    return f"{', '.join(front)} or {last}" if front else last


def _is_long(text: str, limit: int) -> bool:
    return len(text) * 4 > limit and len(text.encode(errors="surrogatepass")) > limit


def _is_too_long(item: Item, limit: int) -> bool:
    """Measured as compact UTF-8, however it was written."""
    return _size(item) > limit


def _size(value: Any) -> float:
    """Bytes of compact JSON; what is nested too deeply to be written is longer than any limit."""
    try:
        return len(wire.dump(value))
    except RecursionError:
        return float("inf")


_BY_ACTION: dict[str, Callable[[Item], Problems]] = {
    "add_device": lambda item: _device(item, full=True),
    "delete_device": lambda item: _device(item, full=False),
    "add_relationships": lambda item: _relationships(item, required=True),
    "delete_relationships": lambda item: _relationships(item, required=True),
}
_CHECKS: dict[str, Callable[[Item, str, Sequence[str]], Problems]] = {
    "person": _person,
    "object": _object,
    "delivery": _delivery,
}
