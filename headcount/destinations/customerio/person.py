"""People: who they are, what is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from headcount.destinations.base import Check, Mistake, Placed, PlanWarning
from headcount.destinations.customerio import limits
from headcount.destinations.customerio.fields import (
    PERSON_SUGGESTIONS,
    is_consent,
    name_mistakes,
    person_field_type,
)
from headcount.destinations.customerio.payload import members, sql_text
from headcount.model import Behavior, Sync, ValueType


class Person:
    """A Customer.io person, identified by id, email or cio_id; every other field is an attribute."""

    name = "person"
    label = "Person"
    behaviors = (Behavior.UPDATE_OR_CREATE, Behavior.UPDATE_ONLY, Behavior.MIRROR)
    identifiers = ("id", "email", "cio_id")
    item_bytes = limits.ITEM_BYTES
    optional_slots = ()
    suggested_fields: Mapping[str, str] = PERSON_SUGGESTIONS

    def declared_type(self, slot: str, to: str) -> ValueType:
        return person_field_type(to)

    def takes_null(self, slot: str, to: str) -> bool:
        return not is_consent(to)

    def mistakes(self, sync: Sync) -> Iterator[Mistake]:
        # That nobody may be created is said among the attributes, and counts as one.
        said = 1 if sync.behavior is Behavior.UPDATE_ONLY else 0
        yield from name_mistakes(sync, limit=limits.ATTRIBUTES - said)
        if any(mapping.to == sync.identifier for mapping in sync.mappings):
            yield Mistake(
                field=sync.identifier,
                wrong=f"The field {sync.identifier} is this sync's identifier and is mapped a second time.",
                mend="Remove the mapping: the identifier is always sent.",
            )

    def key_checks(self, sync: Sync) -> tuple[Check, ...]:
        if sync.identifier == "email":
            return (limits.KEY_BYTES, limits.KEY_EMAIL)
        if sync.identifier == "cio_id":
            return (limits.CIO_ID,)
        return (limits.KEY_BYTES, limits.ID_LIKE_CIO_ID, limits.KEY_BLANKS)

    def field_checks(self, slot: str, to: str) -> tuple[Check, ...]:
        if to == "email":
            return (limits.PERSON_ID, limits.EMAIL)
        if to == "id":
            return (limits.PERSON_ID, limits.PERSON_BLANKS)
        return (limits.VALUE,)

    def plan_warnings(self, sync: Sync, fields: Sequence[Placed]) -> tuple[PlanWarning, ...]:
        """A second identifier that several rows share makes one person of them, or fails behind a 200."""
        return tuple(
            PlanWarning(
                field=placed.field.to,
                reason="the same value stands in an earlier row of this plan, and it identifies one person only",
                count=f"count({_known(placed.sql)}) - count(DISTINCT {_alike(placed.sql)})",
                alike=_alike(placed.sql),
                value=placed.sql,
            )
            for placed in fields
            if placed.field.to in self.identifiers
        )

    def operation(self, sync: Sync, key: str, fields: Sequence[Placed]) -> str:
        inside = members(fields)
        if sync.behavior is Behavior.UPDATE_ONLY:
            inside = f"'\"_update\":true' || coalesce(',' || nullif({inside}, ''), '')"
        head = sql_text('{"type":"person","action":"identify","identifiers":' + f'{{"{sync.identifier}":')
        return f"{head} || to_json({key})::VARCHAR || '}},\"attributes\":{{' || {inside} || '}}}}'"

    def removal(self, sync: Sync, key: str) -> str:
        head = sql_text('{"type":"person","action":"delete","identifiers":' + f'{{"{sync.identifier}":')
        return f"{head} || to_json({key})::VARCHAR || '}}}}'"


def _known(wire: str) -> str:
    """The value, where it says who somebody is."""
    return f"nullif(nullif({wire}, 'null'), '\"\"')"


def _alike(wire: str) -> str:
    """Equal for one person. Hashes are compared: this is a warning, and cheap."""
    value = _known(wire)
    return f"CASE WHEN {value} IS NOT NULL THEN hash(lower({value})) END"  # the hash of NULL is a number
