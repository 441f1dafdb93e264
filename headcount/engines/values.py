"""Python values of a driver, one column at a time, as Arrow text."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from headcount.model import Kind

if TYPE_CHECKING:
    import pyarrow as pa

NEEDS_ESCAPING = r'["\\\x00-\x1f]'


def variant(values: Sequence[Any]) -> pa.Array:
    """One JSON value per row. Bytes become base64 text, infinities NULL.

    A column of one type needs no look at each value, which is several times as fast.
    """
    import pyarrow as pa

    types = set(map(type, values)) - {type(None)}
    if types <= {int}:
        return pa.array(values, pa.int64()).cast(pa.string())
    if types == {float}:
        return _floats(values)
    if types == {str} and (quick := _simple_texts(values)) is not None:
        return quick
    numbers = _floats([value if isinstance(value, float) else None for value in values]).to_pylist()
    pairs = zip(values, numbers, strict=True)
    return pa.array(
        [number if isinstance(value, float) else _json(value) for value, number in pairs], pa.string()
    )


def _floats(values: Sequence[float | None]) -> pa.Array:
    """Always by this one formatter: the same number must not be spelled differently from batch to batch."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pa.array(values, pa.float64())
    finite = pc.if_else(pc.is_finite(numbers), numbers, pa.scalar(None, pa.float64()))
    return finite.cast(pa.string())


def _simple_texts(values: Sequence[str | None]) -> pa.Array | None:
    """Quotes around each text, or None when one of them holds a character that JSON escapes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pa.array(values, pa.string())
    if pc.any(pc.match_substring_regex(texts, NEEDS_ESCAPING)).as_py():
        return None
    return pc.binary_join_element_wise('"', texts, '"', "")


def _json(value: int | str | bytes | None) -> bytes | None:
    if value is None:
        return None
    return orjson.dumps(base64.b64encode(value).decode() if isinstance(value, bytes) else value)


def declared(values: Sequence[Any], kind: Kind) -> pa.Array:
    """The values' own words, whether or not they fit ``kind``; for BINARY the bytes, or text in UTF-8."""
    import pyarrow as pa

    if kind is Kind.BINARY:
        return pa.array([_bytes(value) for value in values], pa.binary())
    return pa.array([_words(value) for value in values], pa.string())


def _words(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _bytes(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    return str(value).encode()
