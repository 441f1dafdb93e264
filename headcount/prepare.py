"""What SQL cannot do to a row: Liquid templates and JSON documents, worked out while the rows stream by.

This is the slow path, taken only for the columns that need it. Each prepared column joins the batch as JSON text: a
wire value, SQL NULL, or a refusal as ``wire`` defines it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa

from headcount.model import Column, Kind

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_ESCAPES = {
    **{code: f"\\u{code:04X}" for code in range(32)},
    **{ord(character): f"\\{letter}" for character, letter in zip('\b\f\n\r\t"\\', 'bfnrt"\\', strict=True)},
}
LONGEST_EXPONENT = 999  # a larger one would be written out as that many zeros


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One column to add: made from the named source columns of each row."""

    name: str
    inputs: tuple[str, ...]
    make: Callable[[dict[str, Any]], str | None]


def prepare(reader: pa.RecordBatchReader, steps: Sequence[Prepared]) -> pa.RecordBatchReader:
    """The same rows with the prepared columns after their own."""
    if not steps:
        return reader
    schema = pa.schema([*reader.schema, *(pa.field(step.name, pa.string()) for step in steps)])

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            added = [pa.array(_column(batch, step), pa.string()) for step in steps]
            yield pa.RecordBatch.from_arrays([*batch.columns, *added], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _column(batch: pa.RecordBatch, step: Prepared) -> list[str | None]:
    columns = [batch.column(name).to_pylist() for name in step.inputs]
    make, names = step.make, step.inputs
    return [make(dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)]


def json_column(name: str, column: Column) -> Prepared:
    """A column of JSON documents in canonical form: sorted keys, numbers as ``wire`` writes them."""
    nested = column.kind is Kind.NESTED

    def make(row: dict[str, Any]) -> str | None:
        value = row[column.name]
        if value is None:
            return None
        return canonical(value) if nested else canonical_json(value)

    return Prepared(name=name, inputs=(column.name,), make=make)


def parsed_column(name: str, column: Column) -> Prepared:
    """A column of JSON values whose strings hold JSON documents themselves."""
    return parsed(variant_column(name, column))


def parsed(step: Prepared) -> Prepared:
    """The same column, with the content of its JSON strings read as JSON."""

    def make(row: dict[str, Any]) -> str | None:
        value = step.make(row)
        if value is None or value.startswith("!"):
            return value
        return canonical_json(json.loads(value)) if value.startswith('"') else canonical_json(value)

    return Prepared(name=step.name, inputs=step.inputs, make=make)


def variant_column(name: str, column: Column) -> Prepared:
    """A column of JSON values: only documents are rewritten, scalars pass as they are."""

    def make(row: dict[str, Any]) -> str | None:
        value = row[column.name]
        return canonical_json(value) if value is not None and value[:1] in ("{", "[") else value

    return Prepared(name=name, inputs=(column.name,), make=make)


def wire_column(name: str, column: Column) -> Prepared:
    """A column of JSON values as wire values, ready to be sent: what ``wire`` makes of them, worked out here.

    Three hundred columns without a type would take the SQL engine seconds to compile, before the first row.
    """

    def make(row: dict[str, Any]) -> str | None:
        value = row[column.name]
        return None if value is None else wire_of(value)

    return Prepared(name=name, inputs=(column.name,), make=make)


def wire_of(value: str) -> str | None:
    """The wire value of one JSON value; None where it says nothing. The twin in SQL is ``wire.wire_value``."""
    if value[:1] == '"':
        return _string(value) if "\\" in value else value
    if value[:1] in ("{", "["):
        return canonical_json(value)
    if value in ("null", "true", "false"):
        return None if value == "null" else value
    if value.isascii() and value.isdigit() and value[0] != "0":
        return value
    return _positional(Decimal(value)) if _NUMBER.fullmatch(value) else value


def _string(value: str) -> str:
    """A JSON string with escapes, in the one way ``wire`` writes them."""
    try:
        text = orjson.loads(value)
    except orjson.JSONDecodeError:
        return "!json"
    return "!nul" if "\0" in text else f'"{text.translate(_ESCAPES)}"'


def canonical_json(text: str) -> str:
    """JSON text in canonical form, or a refusal."""
    try:
        value = json.loads(text, parse_float=_exact, parse_int=_exact, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return "!json"
    return canonical(value)


def canonical(value: Any) -> str:
    """Canonical JSON text of a Python value, or a refusal: sorted keys, no spaces, numbers as ``wire`` writes them.

    Numbers keep every digit. What has no JSON (bytes, half a surrogate pair, endless depth) is refused.
    """
    try:
        text = orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS).decode()
    except (TypeError, ValueError, RecursionError):
        return "!json"
    return "!nul" if "\\u0000" in text.replace("\\\\", "") else text


def _exact(number: str) -> orjson.Fragment | int | None:
    """A JSON number to the last digit: small whole ones as themselves, the others as finished text."""
    if len(number) < 16 and number.lstrip("-").isdigit():
        return int(number)
    value = Decimal(number)
    if not value.is_finite() or abs(value.adjusted()) > LONGEST_EXPONENT:
        return None
    return orjson.Fragment(_positional(value))


def _positional(number: Decimal) -> str:
    """Without exponent and without needless zeros; the twin in SQL is ``canonical_number``."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _plain(value: Any) -> Any:
    """Python's and Arrow's values as JSON's: times as ISO text, what has no JSON as None."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, bool, orjson.Fragment)):
        return value
    if isinstance(value, (int, float, Decimal)):
        return _exact(repr(value) if isinstance(value, float) else str(value))
    if isinstance(value, (bytes, bytearray)):
        raise TypeError("bytes have no JSON form")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
