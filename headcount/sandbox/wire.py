"""JSON that keeps every number as it was written, so that tests can compare wire values to the letter."""

import json
from typing import Any

import orjson

Json = Any


class WireNumber(float):
    """A fractional number that remembers its text: 10.50 stays 10.50, and 30 digits stay 30 digits."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> "WireNumber":
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __reduce__(self) -> tuple[type["WireNumber"], tuple[str]]:
        return (WireNumber, (self.text,))


def _refuse_constant(text: str) -> Json:
    raise ValueError(f"{text} is not JSON")


_decoder = json.JSONDecoder(parse_float=WireNumber, parse_constant=_refuse_constant)


def parse(body: bytes) -> Json:
    """Raises ValueError when body is not UTF-8 JSON, half of a surrogate pair included."""
    try:
        value = _decoder.decode(body.decode())
        if b"\\ud" in body or b"\\uD" in body:
            text(value).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def text(value: Json) -> str:
    """One value exactly as it came, without spaces: the text that acknowledged state is compared with."""
    if isinstance(value, WireNumber):
        return value.text
    if isinstance(value, dict):
        inside = ",".join(
            f"{json.dumps(name, ensure_ascii=False)}:{text(item)}" for name, item in value.items()
        )
        return "{" + inside + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _fragment(value: object) -> orjson.Fragment:
    if isinstance(value, WireNumber):
        return orjson.Fragment(value.text)
    raise TypeError(type(value).__name__)


def dump(value: Json, option: int | None = None) -> bytes:
    """JSON bytes with numbers as they came; orjson where it can, the slow way for integers past 64 bits."""
    try:
        return orjson.dumps(value, default=_fragment, option=option)
    except TypeError:
        return text(value).encode()


def pretty(value: Json) -> bytes:
    """The way Customer.io prints errors: indented, with a line end."""
    return dump(value, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
