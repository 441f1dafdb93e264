"""What a sync can be made of: models, destinations, objects, and what each choice means in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from headcount.control.models import Connection
from headcount.control.models import Model as ModelRow
from headcount.control.models import Sync as SyncRow
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.destinations.base import DestinationObject
from headcount.destinations.customerio.event import PERSON_IDENTIFIERS
from headcount.destinations.customerio.objects import OBJECTS
from headcount.model import Behavior, Constant, Mapping, Sync
from headcount.model import Model as ModelValue
from headcount.project.checks import check_names
from headcount.project.kinds import KINDS


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One thing to choose. ``why`` says in a sentence what choosing it means."""

    value: str
    label: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class ObjectChoices:
    """What one object of a destination leaves to choose. ``stream``: its rows are sent once each and never changed."""

    name: str
    label: str
    stream: bool
    behaviors: tuple[Choice, ...]
    identifiers: tuple[Choice, ...]
    checks: tuple[Choice, ...]


_OBJECT_WHY = {
    "person": "People and their attributes.",
    "event": "What somebody did: an order, a visit. Each row is sent once.",
}
_BEHAVIOR_WORDS = {
    Behavior.UPDATE_OR_CREATE: (
        "Update or Create",
        "New people are created and known ones updated; who vanishes from the model is left alone.",
    ),
    Behavior.UPDATE_ONLY: ("Update Only", "People the workspace knows are updated; nobody is created."),
    Behavior.MIRROR: (
        "Mirror",
        "As Update or Create, and who vanishes from the model is deleted from the workspace.",
    ),
    Behavior.APPEND_ONLY: (
        "Append Only",
        "Each row is sent once, when it is new. Nothing that was sent is changed or taken back.",
    ),
}
_ANYWAY = "Such rows are sent and counted in any case."
_CHECK_WORDS = {
    "attribute_value_bytes": ("A value is longer than 1,000 bytes", ""),
    "cio_id_form": ("A cio_id is not lower-case hexadecimal", ""),
    "email_form": ("An email does not look like one", ""),
    "event_name_blank": ("The event name is blank", ""),
    "event_name_bytes": ("The event name is longer than 100 bytes", ""),
    "id_bytes": ("An identifier is longer than 150 bytes", ""),
    "id_like_cio_id": ("An id begins with cio_", _ANYWAY),
    "key_blanks": ("An identifier begins or ends with a blank", _ANYWAY),
    "person_missing": ("The event belongs to nobody", "Of a NULL nothing can be sent all the same."),
    "timestamp_missing": ("There is no timestamp", "It is left out, and the time of arrival counts."),
}
_IDENTIFIER_WHY = {
    "id": "Recommended: your own internal id. It stays the same when an address changes.",
    "email": "For prospects who have no id yet. Somebody whose address changes becomes another person.",
    "cio_id": "Customer.io's own id, for people who are there already. Nobody can be created by it.",
    "anonymous_id": "For what visitors did before you knew them.",
}


@told()
def models_to_choose() -> tuple[Choice, ...]:
    """All models, by name, with the connection each reads."""
    setup()
    rows = ModelRow.objects.select_related("connection").order_by("name")
    return tuple(Choice(value=row.key, label=f"{row.name} ({row.connection.name})") for row in rows)


@told()
def destinations_to_choose() -> tuple[Choice, ...]:
    """All destinations, by name, with the workspace each leads to."""
    setup()
    kinds = [kind.name for kind in KINDS.values() if kind.role == "destination"]
    rows = Connection.objects.filter(type__in=kinds).order_by("name")
    return tuple(Choice(value=row.key, label=_destination_label(row)) for row in rows)


@told()
def syncs_to_choose(*, but: str = "") -> tuple[Choice, ...]:
    """All syncs by name, without one."""
    setup()
    rows = SyncRow.objects.exclude(key=but).order_by("name", "key").values_list("key", "name")
    return tuple(Choice(value=key, label=name) for key, name in rows)


def _destination_label(row: Connection) -> str:
    if row.environment_id is None:
        return row.name
    return f"{row.name} (workspace {row.environment_id}{', ' + row.region.upper() if row.region else ''})"


def objects_to_choose() -> tuple[Choice, ...]:
    """What a destination can receive."""
    return tuple(
        Choice(value=one.name, label=one.label, why=_OBJECT_WHY.get(one.name, "")) for one in OBJECTS.values()
    )


def choices_of(object_: str) -> ObjectChoices | None:
    """What an object leaves to choose; None for one that does not exist."""
    thing = OBJECTS.get(object_)
    if thing is None:
        return None
    stream = thing.behaviors == (Behavior.APPEND_ONLY,)
    identifiers = PERSON_IDENTIFIERS if stream else thing.identifiers
    return ObjectChoices(
        name=thing.name,
        label=thing.label,
        stream=stream,
        behaviors=tuple(_behavior(behavior) for behavior in thing.behaviors),
        identifiers=tuple(Choice(value=i, label=i, why=_IDENTIFIER_WHY.get(i, "")) for i in identifiers),
        checks=tuple(_check(name) for name in _checks(thing)),
    )


def _behavior(behavior: Behavior) -> Choice:
    label, why = _BEHAVIOR_WORDS.get(behavior, (behavior.value.replace("_", " ").capitalize(), ""))
    return Choice(value=behavior.value, label=label, why=why)


def _check(name: str) -> Choice:
    label, why = _CHECK_WORDS.get(name, (name.replace("_", " ").capitalize(), ""))
    return Choice(value=name, label=label, why=why)


def _checks(thing: DestinationObject) -> list[str]:
    """The checks an object's rows may go through, whichever of its places are mapped."""
    slots = ("name", "person", *thing.optional_slots) if thing.behaviors == (Behavior.APPEND_ONLY,) else ()
    sync = Sync(
        key="",
        name="",
        model=ModelValue(key="", name="", connection=""),
        destination="",
        object=thing.name,
        behavior=thing.behaviors[0],
        identifier=thing.identifiers[0],
        key_column="",
        mappings=tuple(Mapping(to=slot, source=Constant(None), slot=slot) for slot in slots),
    )
    return check_names(sync, thing)
