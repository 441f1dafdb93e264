"""Events: what somebody did, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from headcount.destinations.base import Check, Mistake, Placed, PlanWarning
from headcount.destinations.customerio import limits
from headcount.destinations.customerio.fields import name_mistakes
from headcount.destinations.customerio.payload import members, sql_text
from headcount.errors import ConfigurationError
from headcount.model import Behavior, Sync, ValueType

PERSON_IDENTIFIERS = ("id", "email", "cio_id", "anonymous_id")
TYPES = ("event", "page", "screen")

# The id by which Customer.io knows a repeated event is a ULID. Its 48 bits of time are constant, so that a corrected
# timestamp does not make a new event; its 80 bits of chance are the beginning of a SHA-256 of the stream and the key.
_ULID_TIME = "01GA0Y6000"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Ten bits as two digits, at twice their number: looking digits up is ten times as fast as translating them.
_TEN_BITS = "".join(high + low for high in _CROCKFORD for low in _CROCKFORD)


def event_id(stream_id: str, key: str) -> str:
    """SQL for an event's ULID: the same for the same stream and key, for ever."""
    digest = f"sha256({sql_text(stream_id + chr(31))} || {key})"

    def forty_bits(start: int) -> str:
        number = f"('0x' || substr({digest}, {start}, 10))::BIGINT"
        pairs = (f"(({number} >> {shift}) & 1023)::INTEGER" for shift in (30, 20, 10, 0))
        return " || ".join(f"substr('{_TEN_BITS}', {pair} * 2 + 1, 2)" for pair in pairs)

    return f"'{_ULID_TIME}' || {forty_bits(1)} || {forty_bits(11)}"


_AS_OF_NOW = (
    "there is none, and the first run sends what is there already: Customer.io takes each of these events for one that "
    "happens as it arrives, and campaigns may start for it"
)


def counts_as_now(sync: Sync) -> bool:
    """Would the first run of a sync send what happened long ago as if it happened on arrival?"""
    timed = any(mapping.slot == "timestamp" for mapping in sync.mappings)
    return sync.behavior is Behavior.APPEND_ONLY and sync.backfill and not timed


class Event:
    """A Customer.io event, page or screen view. Append Only: it is sent once and never changed or removed."""

    name = "event"
    label = "Event"
    behaviors = (Behavior.APPEND_ONLY,)
    identifiers = ("unique_id",)
    item_bytes = limits.ITEM_BYTES
    optional_slots = ("timestamp",)
    suggested_fields: Mapping[str, str] = {}

    def declared_type(self, slot: str, to: str) -> ValueType:
        if slot == "timestamp":
            return ValueType.TIMESTAMP
        return ValueType.TEXT if slot in ("name", "person") else ValueType.AUTO

    def takes_null(self, slot: str, to: str) -> bool:
        return slot == "attributes"  # what an event cannot do without is missed where it says nothing

    def mistakes(self, sync: Sync) -> Iterator[Mistake]:
        yield from name_mistakes(sync, limit=None)
        if sync.event_type not in TYPES:
            yield Mistake(
                wrong=f"An event cannot be of type {sync.event_type}.", mend=f"Choose one of {TYPES}."
            )
        for slot in ("name", "person"):
            if not any(mapping.slot == slot for mapping in sync.mappings):
                yield Mistake(wrong=f"The event's {slot} is not mapped.", mend=f"Add {slot} to the event.")
        for mapping in sync.mappings:
            if mapping.slot == "person" and mapping.to not in PERSON_IDENTIFIERS:
                wrong = f"An event cannot name its person by {mapping.to}."
                yield Mistake(wrong=wrong, mend=f"Choose one of {PERSON_IDENTIFIERS}.")

    def key_checks(self, sync: Sync) -> tuple[Check, ...]:
        return (limits.KEY_BLANKS,)

    def field_checks(self, slot: str, to: str) -> tuple[Check, ...]:
        if slot == "name":
            return (limits.BLANK_EVENT_NAME, limits.EVENT_NAME)
        if slot == "person":
            form = limits.EMAIL if to == "email" else limits.PERSON_BLANKS
            return (limits.EMPTY_PERSON, limits.PERSON_ID, form)
        return ()

    def plan_warnings(self, sync: Sync, fields: Sequence[Placed]) -> tuple[PlanWarning, ...]:
        if counts_as_now(sync):
            return (PlanWarning(field="timestamp", reason=_AS_OF_NOW, count="count(*)", first=True),)
        return tuple(
            PlanWarning(
                field=placed.field.to,
                reason="the event is more than 72 hours old and will trigger no campaigns",
                count=f"count(*) FILTER (TRY_CAST({placed.sql} AS BIGINT) < epoch(now()) - {limits.CAMPAIGN_SECONDS})",
            )
            for placed in fields
            if placed.field.slot == "timestamp"
        )

    def operation(self, sync: Sync, key: str, fields: Sequence[Placed]) -> str:
        placed = {item.field.slot: item for item in fields if item.field.slot != "attributes"}
        person = placed["person"]
        head = sql_text(
            f'{{"type":"person","action":"{sync.event_type}","identifiers":{{"{person.field.to}":',
        )
        parts = [
            f'{head} || {person.sql} || \'}},"id":"\' || {event_id(sync.stream_id, key)} || \'","name":\'',
            placed["name"].sql,
        ]
        if "timestamp" in placed:
            parts.append(f"coalesce(',\"timestamp\":' || {placed['timestamp'].sql}, '')")
        attributes = members([item for item in fields if item.field.slot == "attributes"])
        return " || ".join([*parts, f"',\"attributes\":{{' || {attributes} || '}}}}'"])

    def removal(self, sync: Sync, key: str) -> str:
        raise ConfigurationError("An event that was sent cannot be taken back.")
