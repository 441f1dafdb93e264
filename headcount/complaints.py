"""What is wrong with a row before it is sent, as SQL: complaints that stop it, and complaints that only warn.

All of it is said over ``key`` and one column per field, which are named after their positions: ``f000`` … are values to
send, ``w000`` … those before their null rule. For a check both are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headcount.destinations.base import Check
from headcount.mapped import Mapped
from headcount.model import FromColumn, Kind, Mapping, ValueType
from headcount.wire import REFUSALS
from headcount.workbench import quote_text

# Between the parts of one complaint, and between complaints, in the columns ``invalid`` and ``warned``.
PART = "\x1f"
COMPLAINT = "\x1e"


@dataclass(frozen=True)
class Complaint:
    field: str
    fails: str  # SQL condition
    reason: str  # SQL text
    warns: bool = False
    gate: str = ""  # a cheaper condition that holds wherever ``fails`` may hold

    @property
    def sql(self) -> str:
        return f"CASE WHEN {self.fails} THEN {quote_text(self.field + PART)} || {self.reason} END"


def complaint_columns(mapped: Mapped) -> tuple[str, str]:
    """SQL for ``invalid`` and ``warned``; NULL: nothing is wrong.

    The words of all fields take long to compile and much memory, also where no row needs them: ask ``suspicions`` first
    where there are many rows.
    """
    found = row_complaints(mapped, "f")
    return _joined([c for c in found if not c.warns]), _joined([c for c in found if c.warns])


def suspicions(mapped: Mapped, letter: str = "f") -> tuple[str, str]:
    """SQL conditions that every invalid row meets, and every row that is warned about; few others do."""
    found = row_complaints(mapped, letter)
    return _any([c for c in found if not c.warns]), _any([c for c in found if c.warns])


def row_complaints(mapped: Mapped, letter: str) -> list[Complaint]:
    """Every check of a row: of its key, of its fields, of its size."""
    found = _key_complaints(mapped)
    columns = [f"{letter}{i:03d}" for i in range(len(mapped.fields))]
    for column, mapping in zip(columns, mapped.fields, strict=True):
        found += _field_complaints(mapped, mapping, column)
    limit = mapped.object.item_bytes
    too_long = _longer_than(mapped, columns, limit)
    found.append(Complaint("", too_long, f"'the row is larger than {limit} bytes'"))
    return found


def _key_complaints(mapped: Mapped) -> list[Complaint]:
    sync = mapped.sync
    words = f"CASE key {_reasons('chr(0) || ', REFUSALS)} ELSE {quote_text(REFUSALS['nul'])} END"
    return [
        Complaint(sync.identifier, "key IS NULL", "'the key is empty'"),
        Complaint(sync.identifier, "contains(key, chr(0))", words),
        *(_checked(mapped, sync.identifier, check, "key") for check in mapped.object.key_checks(sync)),
    ]


def _field_complaints(mapped: Mapped, mapping: Mapping, wire: str) -> list[Complaint]:
    reason = f"CASE {wire} {_reasons('', {'!' + word: why for word, why in REFUSALS.items()})} END"
    found = [Complaint(mapping.to, f"starts_with({wire}, '!')", reason)]
    if mapping.slot != "attributes":
        # Without a part that the operation is built around there is nothing to send, and no warning helps.
        optional = mapping.slot in mapped.object.optional_slots
        warns = optional and f"{mapping.slot}_missing" in mapped.sync.warn_only
        found.append(Complaint(mapping.to, f"{wire} IS NULL", f"'there is no {mapping.slot}'", warns))
    if _becomes_time(mapped, mapping):
        found.append(_date_as_number(mapping.to, wire))
    checks = mapped.object.field_checks(mapping.slot, mapping.to)
    return found + [_checked(mapped, mapping.to, check, wire) for check in checks]


# Unix seconds with the digits of a date, such as 20240131, lie in August 1970. Nobody can tell which of the two is
# meant, so they are sent as they are and told.
_DATE_AS_NUMBER = (
    "'a date written as a number, such as 20240131, is read as unix seconds and becomes a day in 1970; if that is not "
    "meant, make it a date in the query'"
)
_TIME_KINDS = (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ)


def _becomes_time(mapped: Mapped, mapping: Mapping) -> bool:
    """Does a value of the mapping become unix seconds?"""
    type_, source = mapped.type_of(mapping), mapping.source
    if type_ is not ValueType.AUTO or not isinstance(source, FromColumn):
        return type_ is ValueType.TIMESTAMP
    return any(column.name == source.name and column.kind in _TIME_KINDS for column in mapped.columns)


def _date_as_number(field: str, wire: str) -> Complaint:
    near = f"(strlen({wire}) = 8 AND {wire} BETWEEN '19000101' AND '21001231')"
    fails = f"CASE WHEN {near} THEN try_strptime({wire}, '%Y%m%d') IS NOT NULL ELSE false END"
    return Complaint(field, fails, _DATE_AS_NUMBER, warns=True, gate=near)


def _checked(mapped: Mapped, field: str, check: Check, value: str) -> Complaint:
    fails = check.fails.replace("{w}", value)
    gate = check.gate.replace("{w}", value)
    usable = "NOT contains(key, chr(0))" if value == "key" else f"NOT starts_with({value}, '!')"
    warns = check.warns or check.name in mapped.sync.warn_only
    # CASE, because AND would evaluate the check for refused values too, and some checks read JSON.
    guarded = f"CASE WHEN {usable} THEN {fails} ELSE false END"
    return Complaint(field, guarded, check.reason.replace("{w}", value), warns, gate)


def _longer_than(mapped: Mapped, columns: Sequence[str], limit: int) -> str:
    """Is the operation this row becomes longer than that? Metadata is known only later: 200 bytes each."""
    names = sum(len(mapping.to.encode()) + 8 for mapping in (*mapped.fields, *mapped.metadata))
    envelope = 300 + names + 200 * len(mapped.metadata)
    lengths = [f"coalesce(strlen({column}), 4)" for column in columns]
    return f"{' + '.join([str(envelope), 'coalesce(strlen(key), 0) * 2', *lengths])} > {limit}"


def _reasons(prefix: str, words: dict[str, str]) -> str:
    return " ".join(f"WHEN {prefix}{quote_text(word)} THEN {quote_text(why)}" for word, why in words.items())


def _joined(complaints: Sequence[Complaint]) -> str:
    """All complaints of a row in one text, or NULL. Their words are only put together for rows that have any."""
    if not complaints:
        return "NULL::VARCHAR"
    words = f"nullif(concat_ws(chr(30), {', '.join(complaint.sql for complaint in complaints)}), '')"
    return f"CASE WHEN {_any(complaints)} THEN {words} END"


def _any(complaints: Sequence[Complaint]) -> str:
    gates = " OR ".join(f"({complaint.gate or complaint.fails})" for complaint in complaints)
    return f"coalesce({gates}, false)" if gates else "false"
