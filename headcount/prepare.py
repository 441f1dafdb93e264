"""What SQL cannot do to a row: Liquid templates and JSON documents, worked out while the rows stream by.

This is the slow path, taken only for the columns that need it. Each prepared column joins the batch as JSON text: a
wire value, SQL NULL, or a refusal as ``wire`` defines it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from headcount.model import Column, Kind


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


def variant_column(name: str, column: Column) -> Prepared:
    """A column of JSON values: only documents are rewritten, scalars pass as they are."""

    def make(row: dict[str, Any]) -> str | None:
        value = row[column.name]
        return canonical_json(value) if value is not None and value[:1] in ("{", "[") else value

    return Prepared(name=name, inputs=(column.name,), make=make)


def has_documents(column: pa.Array) -> bool:
    """Does any JSON value in the column hold members of its own?"""
    return bool(pc.any(pc.match_substring_regex(column, r"^\s*[\[{]")).as_py())


def canonical_json(text: str) -> str:
    """JSON text in canonical form, or a refusal."""
    try:
        value = json.loads(text, parse_float=_Number, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return "!json"
    return canonical(value)


def canonical(value: Any) -> str:
    """Canonical JSON text of a Python value, or a refusal."""
    try:
        text = json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return "!json"
    return "!nul" if "\\u0000" in text.replace("\\\\", "") else text


class _Number(float):
    """A JSON number with a fraction or exponent: whole ones are written without."""

    def __new__(cls, text: str) -> Any:
        number = float(text)
        if not math.isfinite(number):
            return None
        return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _plain(value: Any) -> Any:
    """Arrow's values as JSON's: times as ISO text, decimals as numbers, what has no JSON as None."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return _Number(repr(value)) if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (bytes, bytearray)):
        raise TypeError("bytes have no JSON form")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return _Number(str(value)) if hasattr(value, "as_tuple") else str(value)
