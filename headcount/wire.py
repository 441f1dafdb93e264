"""Wire values: each source value as the exact JSON text that will be sent.

Every function returns DuckDB SQL for one column reference ``x``. The result is JSON text, SQL NULL where the source
says nothing (the null rule decides later), or a refusal: ``!`` and a word from ``REFUSALS``. No JSON text begins
with ``!``, so the two cannot be confused.
"""

from __future__ import annotations

from collections.abc import Callable

from headcount.errors import ConfigurationError
from headcount.model import Kind, ValueType

REFUSALS = {
    "nul": "the text contains a NUL byte",
    "number": "the value is not a number",
    "boolean": "the value is not a boolean (true/false, yes/no, 1/0)",
    "time": "the value is not a date or time",
    "milliseconds": "the time is in milliseconds; unix seconds are needed",
    "json": "the text is not valid JSON",
    "integral": "the key has a fractional part",
    "template": "the template could not be rendered",
}

# Beyond this many seconds (the year 5138) a number is taken for milliseconds.
_MILLISECONDS = "100000000000"


def wire_value(x: str, kind: Kind, type_: ValueType) -> str:
    """SQL for the wire value of column reference ``x``.

    Raises ``ConfigurationError`` where a type can never be read from this kind of column.
    """
    if kind in _FAMILIES:
        return _FAMILIES[kind](x, type_)
    raise ConfigurationError(f"Columns of kind {kind.value} cannot be mapped.")


def text(x: str) -> str:
    """JSON string of a text."""
    return f"CASE WHEN contains({x}, chr(0)) THEN '!nul' ELSE to_json({x})::VARCHAR END"


def _quoted(x: str) -> str:
    """JSON string of a text that is known to need no escaping."""
    return f"'\"' || {x} || '\"'"


def _quoted_unless_refused(wire: str) -> str:
    return f"CASE WHEN starts_with({wire}, '!') THEN {wire} ELSE {_quoted(f'({wire})')} END"


def _from_text(x: str, type_: ValueType) -> str:
    if type_ in (ValueType.AUTO, ValueType.TEXT):
        return text(x)
    trimmed = f"nullif(trim({x}), '')"
    if type_ is ValueType.NUMBER:
        return number_text(trimmed)
    if type_ is ValueType.BOOLEAN:
        return _boolean_text(trimmed)
    if type_ is ValueType.TIMESTAMP:
        return _time_text(trimmed)
    if type_ is ValueType.BASE64:
        return _quoted(f"to_base64(encode({x}))")
    raise ConfigurationError("A time or UUID column cannot be read as JSON.", hint="Choose the type text.")


def number_text(x: str) -> str:
    """The canonical number in a text; NaN and infinities say nothing."""
    return (
        f"CASE WHEN lower(ltrim({x}, '+-')) IN ('nan', 'inf', 'infinity') THEN NULL "
        f"WHEN is_number({x}) THEN canonical_number({x}) WHEN {x} IS NULL THEN NULL ELSE '!number' END"
    )


def _boolean_text(x: str) -> str:
    return (
        f"CASE WHEN {x} IS NULL THEN NULL WHEN lower({x}) IN ('true', 't', 'yes', 'y', 'on', '1') THEN 'true' "
        f"WHEN lower({x}) IN ('false', 'f', 'no', 'n', 'off', '0') THEN 'false' ELSE '!boolean' END"
    )


def _time_text(x: str) -> str:
    cast = f"TRY_CAST({x} AS TIMESTAMPTZ)"
    return (
        f"CASE WHEN {x} IS NULL THEN NULL WHEN is_number({x}) THEN {_seconds(f'TRY_CAST({x} AS DOUBLE)')} "
        f"WHEN regexp_matches({x}, '^[0-9]') AND {cast} IS NOT NULL THEN {_epoch(cast)} ELSE '!time' END"
    )


def _seconds(number: str) -> str:
    return (
        f"CASE WHEN abs({number}) > {_MILLISECONDS} THEN '!milliseconds' "
        f"ELSE CAST(floor({number}) AS BIGINT)::VARCHAR END"
    )


def _epoch(x: str) -> str:
    """Whole unix seconds, rounded towards the past; infinite times are refused."""
    seconds = f"CAST(floor(epoch_us({x}) / 1000000.0) AS BIGINT)::VARCHAR"
    return f"CASE WHEN isfinite({x}) THEN {seconds} ELSE '!time' END"


# Kinds that a source may deliver as text because it cannot vouch for every value.
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT)
_TIMES = {
    Kind.DATE: ("DATE", "%Y-%m-%d"),
    Kind.TIMESTAMP: ("TIMESTAMPTZ", "%Y-%m-%dT%H:%M:%SZ"),
    Kind.TIMESTAMPTZ: ("TIMESTAMPTZ", "%Y-%m-%dT%H:%M:%SZ"),
}
AS_WORDS = (*_NUMBERS, Kind.BOOLEAN, *_TIMES)


def wire_words(x: str, kind: Kind, type_: ValueType) -> str:
    """As ``wire_value``, for a column of one of the kinds ``AS_WORDS`` that arrives as text.

    The same number, boolean or time has the same wire value in both forms; malformed text is refused.
    """
    trimmed = f"nullif(trim({x}), '')"
    if kind in _NUMBERS:
        return _number_words(trimmed, type_)
    if kind is Kind.BOOLEAN:
        return _boolean_words(_boolean_text(trimmed), type_)
    return _time_words(trimmed, *_TIMES[kind], type_)


def _number_words(x: str, type_: ValueType) -> str:
    if type_ is ValueType.TIMESTAMP:
        return _time_text(x)
    return _from_number(number_text(x), f"TRY_CAST({x} AS DOUBLE)", type_)


def _boolean_words(wire: str, type_: ValueType) -> str:
    if type_ is ValueType.NUMBER:
        return f"CASE {wire} WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE {wire} END"
    if type_ is ValueType.TEXT:
        return _quoted_unless_refused(wire)
    if type_ in (ValueType.AUTO, ValueType.BOOLEAN, ValueType.JSON):
        return wire
    raise _no_boolean(type_)


def _time_words(x: str, target: str, written: str, type_: ValueType) -> str:
    if type_ in (ValueType.AUTO, ValueType.TIMESTAMP, ValueType.NUMBER):
        return _time_text(x)
    cast = f"TRY_CAST({x} AS {target})"
    if type_ in (ValueType.TEXT, ValueType.JSON):
        words = _quoted(f"strftime({cast}, '{written}')")
        return f"CASE WHEN {x} IS NULL THEN NULL WHEN isfinite({cast}) THEN {words} ELSE '!time' END"
    raise _no_time(type_)


def _from_integer(x: str, type_: ValueType) -> str:
    return _from_number(f"{x}::VARCHAR", f"{x}::DOUBLE", type_)


def _from_decimal(x: str, type_: ValueType) -> str:
    """Arrow decimals; a decimal that a source delivers as text is read as text of type number."""
    return _from_number(f"decimal_number({x}::VARCHAR)", f"{x}::DOUBLE", type_)


def spelled(x: str) -> str:
    """A float as its shortest exact text; NaN and infinities say nothing."""
    return f"CASE WHEN isfinite({x}) THEN {x}::VARCHAR END"


def float_value(x: str, text: str, type_: ValueType) -> str:
    """As ``wire_value``, for a float whose ``spelled`` text is ``text``: a column of its own, for it is named often."""
    return _from_number(f"float_number({text})", f"CASE WHEN isfinite({x}) THEN {x}::DOUBLE END", type_)


def _from_float(x: str, type_: ValueType) -> str:
    return float_value(x, f"({spelled(x)})", type_)


def _from_number(wire: str, double: str, type_: ValueType) -> str:
    if type_ in (ValueType.AUTO, ValueType.NUMBER, ValueType.JSON):
        return wire
    if type_ is ValueType.TEXT:
        return _quoted_unless_refused(wire)
    if type_ is ValueType.BOOLEAN:
        refused = f"CASE WHEN {wire} IS NOT NULL THEN '!boolean' END"
        return f"CASE {wire} WHEN '1' THEN 'true' WHEN '0' THEN 'false' ELSE {refused} END"
    if type_ is ValueType.TIMESTAMP:
        return _seconds(double)
    raise ConfigurationError("A number cannot be sent as base64.", hint="Choose the type number or text.")


def _from_boolean(x: str, type_: ValueType) -> str:
    if type_ is ValueType.NUMBER:
        return f"CASE WHEN {x} THEN '1' WHEN NOT {x} THEN '0' END"
    wire = f"CASE WHEN {x} THEN 'true' WHEN NOT {x} THEN 'false' END"
    if type_ is ValueType.TEXT:
        return _quoted(f"({wire})")
    if type_ in (ValueType.AUTO, ValueType.BOOLEAN, ValueType.JSON):
        return wire
    raise _no_boolean(type_)


def _from_time(x: str, type_: ValueType, written: str) -> str:
    if type_ in (ValueType.AUTO, ValueType.TIMESTAMP, ValueType.NUMBER):
        return f"CASE WHEN {x} IS NOT NULL THEN {_epoch(x)} END"
    if type_ in (ValueType.TEXT, ValueType.JSON):
        return f"CASE WHEN {x} IS NULL THEN NULL WHEN isfinite({x}) THEN {_quoted(written)} ELSE '!time' END"
    raise _no_time(type_)


def _no_boolean(type_: ValueType) -> ConfigurationError:
    words = f"A boolean column cannot be sent as {type_.value}."
    return ConfigurationError(words, hint="Choose boolean, number or text.")


def _no_time(type_: ValueType) -> ConfigurationError:
    words = f"A date or time column cannot be sent as {type_.value}."
    return ConfigurationError(words, hint="Choose timestamp or text.")


def _from_date(x: str, type_: ValueType) -> str:
    return _from_time(f"{x}::TIMESTAMP", type_, f"strftime({x}, '%Y-%m-%d')")


def _from_timestamp(x: str, type_: ValueType) -> str:
    return _from_time(x, type_, f"strftime({x}, '%Y-%m-%dT%H:%M:%SZ')")


def _from_binary(x: str, type_: ValueType) -> str:
    if type_ is ValueType.BASE64:
        return _quoted(f"to_base64({x})")
    raise ConfigurationError(
        "A binary column cannot be sent as it is.",
        hint="Map it with type: base64, convert it in the query, or leave it out there.",
    )


def _from_json(x: str, type_: ValueType) -> str:
    """``x`` is canonical JSON text already (see ``prepare``), or a refusal."""
    if type_ in (ValueType.AUTO, ValueType.JSON):
        return f"CASE WHEN {x} <> 'null' THEN {x} END"
    plain = f"CASE WHEN is_number({x}) THEN canonical_number({x}) ELSE {as_text(x)} END"
    return f"CASE WHEN starts_with({x}, '!') THEN {x} ELSE {_from_text(f'({plain})', type_)} END"


def _from_variant(x: str, type_: ValueType) -> str:
    if type_ not in (ValueType.AUTO, ValueType.JSON):
        return _from_json(x, type_)
    return (
        f"CASE WHEN starts_with({x}, '\"') THEN {text(as_text(x))} "
        f"WHEN {x} IN ('null', 'true', 'false') THEN nullif({x}, 'null') "
        f"WHEN is_number({x}) THEN canonical_number({x}) ELSE {x} END"
    )


def as_text(x: str) -> str:
    """The plain text of a JSON value: a string's content, else the JSON itself; null says nothing."""
    return (
        f"CASE WHEN starts_with({x}, '\"') THEN json_extract_string({x}, '$') WHEN {x} <> 'null' THEN {x} END"
    )


_FAMILIES: dict[Kind, Callable[[str, ValueType], str]] = {
    Kind.TEXT: _from_text,
    Kind.TIME: _from_text,
    Kind.UUID: lambda x, type_: _from_text(f"lower({x})", type_),
    Kind.INTEGER: _from_integer,
    Kind.DECIMAL: _from_decimal,
    Kind.FLOAT: _from_float,
    Kind.BOOLEAN: _from_boolean,
    Kind.DATE: _from_date,
    Kind.TIMESTAMP: _from_timestamp,
    Kind.TIMESTAMPTZ: _from_timestamp,
    Kind.BINARY: _from_binary,
    Kind.NESTED: _from_json,
    Kind.JSON: _from_json,
    Kind.VARIANT: _from_variant,
}


def canonical_key(x: str, kind: Kind) -> str:
    """SQL for the key in canonical text; NULL says that the row has none.

    A key is plain text, so a refusal is a NUL byte and a word from ``REFUSALS``: no valid key holds a NUL.
    """
    if kind in (Kind.TEXT, Kind.TIME):
        return f"nullif({x}, '')"
    if kind is Kind.UUID:
        return f"lower(nullif({x}, ''))"
    if kind is Kind.INTEGER:
        return f"{x}::VARCHAR"
    if kind is Kind.DECIMAL:
        return _integral(number_text(f"nullif(trim({x}::VARCHAR), '')"))
    if kind is Kind.FLOAT:
        return _integral(f"CASE WHEN isfinite({x}) THEN float_number({x}::VARCHAR) END")
    if kind in (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ):
        wire = wire_value(x, kind, ValueType.TEXT)
        return f"trim({wire}, '\"')"
    if kind is Kind.VARIANT:
        number = _integral(f"canonical_number({x})")
        return f"CASE WHEN is_number({x}) THEN {number} ELSE nullif({as_text(x)}, '') END"
    raise ConfigurationError(
        f"A column of kind {kind.value} cannot be a key.",
        hint="Choose a column of numbers or text that is unique for every row.",
    )


def _integral(number: str) -> str:
    return (
        f"CASE WHEN contains({number}, '.') THEN chr(0) || 'integral' "
        f"WHEN starts_with({number}, '!') THEN chr(0) || 'number' ELSE {number} END"
    )
