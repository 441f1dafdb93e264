"""Customer.io's own fields, and what every field name must keep to."""

from __future__ import annotations

from headcount.destinations.customerio import limits
from headcount.errors import ConfigurationError
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


def check_names(sync: Sync, *, limit: int | None) -> None:
    """Raise ``ConfigurationError`` for field names that Customer.io would refuse or misread."""
    names = [mapping.to for mapping in sync.mappings if mapping.slot == "attributes"]
    for name in names:
        _check_name(name, sync.object)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ConfigurationError(
            f"The field {repeated[0]} is mapped more than once.", hint="Keep one mapping for each field."
        )
    if limit is not None and len(names) > limit:
        raise ConfigurationError(
            f"{len(names)} attributes are mapped; Customer.io takes at most {limit} in one request.",
            hint="Map fewer columns, or bundle some into one JSON attribute.",
        )


def _check_name(name: str, object_: str) -> None:
    if not name or "\x00" in name:
        raise ConfigurationError("A field name is empty or holds a NUL byte.", hint="Give the field a name.")
    if len(name.encode()) > limits.NAME_BYTES:
        raise ConfigurationError(
            f"The field name {name[:40]}… is {len(name.encode())} bytes long; Customer.io takes {limits.NAME_BYTES}.",
            hint="Choose a shorter name.",
        )
    if object_ == "person" and name in STEERING_NAMES:
        raise ConfigurationError(
            f"{name} is not an attribute: Customer.io reads it as an instruction.",
            hint="Choose another name.",
        )


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
