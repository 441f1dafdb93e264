"""Customer.io's own fields, and what every field name must keep to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from headcount.destinations.base import Mistake
from headcount.destinations.customerio import limits
from headcount.model import Sync, ValueType

# Person attributes that mean something to Customer.io, with the type they must have to mean it.
PERSON_FIELDS = {
    "id": ValueType.TEXT,
    "email": ValueType.TEXT,
    "phone": ValueType.TEXT,
    "anonymous_id": ValueType.TEXT,
    "created_at": ValueType.TIMESTAMP,
    "unsubscribed": ValueType.BOOLEAN,  # "yes" would silently mean subscribed
    "timezone": ValueType.TEXT,
    "cio_subscription_preferences": ValueType.JSON,
}

# What is worth mapping first, and why; in the order in which forms show it.
PERSON_SUGGESTIONS = {
    "email": "where e-mail goes; may identify people too",
    "id": "your own id of the person",
    "created_at": "when the person became known to you; campaigns use it",
    "phone": "where text messages go",
    "unsubscribed": "true: no messages",
    "timezone": "such as Europe/Berlin; messages arrive at local time",
    "first_name": "for greetings",
    "last_name": "for greetings",
}

# Names that steer the request instead of describing the person.
STEERING_NAMES = ("_update", "_timestamp", "cio_relationships", "cio_id")

_TOPIC = "cio_subscription_preferences.topics."


def person_field_type(name: str) -> ValueType:
    if name.startswith(_TOPIC):
        return ValueType.BOOLEAN
    return PERSON_FIELDS.get(name, ValueType.AUTO)


def is_consent(name: str) -> bool:
    """Does the field say whether a person wants messages? Null there would be read as yes."""
    return name == "unsubscribed" or name.startswith(_TOPIC)


def name_mistakes(sync: Sync, *, limit: int | None) -> Iterator[Mistake]:
    """Field names that Customer.io would refuse or misread."""
    names = [mapping.to for mapping in sync.mappings if mapping.slot == "attributes"]
    counted = Counter(names)
    for name in counted:
        yield from _name_mistakes(name, sync.object)
    for name, times in counted.items():
        if times > 1:
            wrong = f"The field {name} is mapped more than once."
            yield Mistake(field=name, wrong=wrong, mend="Keep one mapping for each field.")
    if limit is not None and len(names) > limit:
        yield Mistake(
            wrong=f"{len(names)} attributes are mapped; Customer.io takes at most {limit} in one request.",
            mend="Map fewer columns, or bundle some into one JSON attribute.",
        )


def _name_mistakes(name: str, object_: str) -> Iterator[Mistake]:
    size = len(name.encode())
    if not name or "\x00" in name:
        wrong = "A field name is empty or holds a NUL byte."
        yield Mistake(field=name, wrong=wrong, mend="Give the field a name.")
    if size > limits.NAME_BYTES:
        wrong = f"The field name {name[:40]}… is {size} bytes long; Customer.io takes {limits.NAME_BYTES}."
        yield Mistake(field=name, wrong=wrong, mend="Choose a shorter name.")
    if object_ == "person" and name in STEERING_NAMES:
        wrong = f"{name} is not an attribute: Customer.io reads it as an instruction."
        yield Mistake(field=name, wrong=wrong, mend="Choose another name.")


def name_warnings(sync: Sync) -> tuple[str, ...]:
    """What is allowed and yet seldom meant, as sentences."""
    warnings = []
    for mapping in sync.mappings:
        if mapping.slot != "attributes":
            continue
        if mapping.to.startswith("_"):
            warnings.append(
                f"{mapping.to}: names that begin with _ are Customer.io's own; segments may not see the field."
            )
        if mapping.to == "cio_subscription_preferences":
            warnings.append(
                "cio_subscription_preferences replaces every topic at once; "
                f"map {_TOPIC}topic_<n> to change one topic and keep the others."
            )
    return tuple(warnings)
