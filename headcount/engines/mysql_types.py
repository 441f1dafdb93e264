"""How each MySQL type is read: the kind it has, and the Arrow column that the protocol's text becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headcount.model import Kind

if TYPE_CHECKING:
    import pyarrow as pa

Values = Sequence[bytes | None]
UNSIGNED = 32  # a flag of a field in the protocol
BINARY_CHARSET = 63


@dataclass(frozen=True, kw_only=True)
class Reading:
    """``convert`` makes one column of a batch."""

    kind: Kind
    declared: str
    convert: Callable[[Values], pa.Array]


# By the protocol's number of a field's type.
INTEGERS = {1: "tinyint", 2: "smallint", 3: "int", 8: "bigint", 9: "mediumint", 13: "year"}
OTHERS: dict[int, tuple[Kind, str]] = {
    0: (Kind.DECIMAL, "decimal"),
    4: (Kind.FLOAT, "float"),
    5: (Kind.FLOAT, "double"),
    6: (Kind.TEXT, "null"),
    7: (Kind.TIMESTAMPTZ, "timestamp"),
    10: (Kind.DATE, "date"),
    11: (Kind.TIME, "time"),
    12: (Kind.TIMESTAMP, "datetime"),
    245: (Kind.JSON, "json"),
    246: (Kind.DECIMAL, "decimal"),
    255: (Kind.BINARY, "geometry"),
}


def reading(field: Any) -> Reading:
    """For a field as the driver describes it: type, length, flags and character set."""
    number = field.type_code
    if number == 1 and field.length == 1:
        return Reading(kind=Kind.BOOLEAN, declared="tinyint(1)", convert=_boolean)
    if number in INTEGERS:
        unsigned = bool(field.flags & UNSIGNED)
        name = INTEGERS[number] + (" unsigned" if unsigned and number != 13 else "")
        return Reading(kind=Kind.INTEGER, declared=name, convert=_unsigned if unsigned else _integer)
    if number == 16:
        if field.length == 1:
            return Reading(kind=Kind.BOOLEAN, declared="bit(1)", convert=_bit_boolean)
        return Reading(kind=Kind.INTEGER, declared=f"bit({field.length})", convert=_bits)
    kind, name = OTHERS.get(number) or _string(field)
    return Reading(kind=kind, declared=name, convert=CONVERT.get(kind, _text))


def _string(field: Any) -> tuple[Kind, str]:
    """Strings differ from bytes in their character set alone."""
    return (Kind.BINARY, "binary") if field.charsetnr == BINARY_CHARSET else (Kind.TEXT, "text")


def _text(values: Values) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, pa.string())


def _binary(values: Values) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, pa.binary())


def _integer(values: Values) -> pa.Array:
    return _text(values).cast("int64")


def _unsigned(values: Values) -> pa.Array:
    return _text(values).cast("uint64")


def _float(values: Values) -> pa.Array:
    return _text(values).cast("float64")


def _boolean(values: Values) -> pa.Array:
    import pyarrow.compute as pc

    return pc.not_equal(_integer(values), 0)


def _bit_boolean(values: Values) -> pa.Array:
    import pyarrow as pa

    return pa.array([None if value is None else value != b"\0" for value in values], pa.bool_())


def _bits(values: Values) -> pa.Array:
    import pyarrow as pa

    return pa.array(
        [None if value is None else int.from_bytes(value, "big") for value in values], pa.uint64()
    )


def _days(values: Values) -> pa.Array:
    """Text of dates, NULL where month or day is zero: no calendar has such a day."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = _text(values)
    return pc.if_else(pc.match_substring(text, "-00"), pa.scalar(None, pa.string()), text)


def _date(values: Values) -> pa.Array:
    return _days(values).cast("date32")


def _timestamp(values: Values) -> pa.Array:
    import pyarrow as pa

    return _days(values).cast(pa.timestamp("us"))


def _timestamptz(values: Values) -> pa.Array:
    import pyarrow as pa

    return _timestamp(values).cast(pa.timestamp("us", "UTC"))  # the session's time zone is UTC


CONVERT: dict[Kind, Callable[[Values], Any]] = {
    Kind.BINARY: _binary,
    Kind.FLOAT: _float,
    Kind.DATE: _date,
    Kind.TIMESTAMP: _timestamp,
    Kind.TIMESTAMPTZ: _timestamptz,
}
