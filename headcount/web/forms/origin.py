"""Where a value comes from, as a form has it: a kind and one text."""

from __future__ import annotations

import json
from typing import Any

KINDS = (
    ("column", "Column"),
    ("text", "Constant text"),
    ("value", "Constant (JSON)"),
    ("template", "Template"),
    ("metadata", "Run metadata"),
    ("nothing", "Nothing (unset)"),
)
METADATA = ("run_id", "run_started_at", "sync_name")

_EMPTY = {
    "column": "Choose a column.",
    "value": "Write a number, true, false, or any JSON.",
    "template": "Write a template, such as {{ first_name }}.",
    "metadata": f"Choose one of {', '.join(METADATA)}.",
}
_NOT_USED = '"Nothing" is chosen, so this would not be used. Empty this input, or choose what it is.'


class Unreadable(ValueError):
    """What was typed cannot be what its kind says; the message is for people."""


def shown(origin: Any) -> tuple[str, str]:
    """Kind and text of an origin.

    >>> shown({"constant": 42})
    ('value', '42')
    """
    if isinstance(origin, str):
        return "column", origin
    ((kind, value),) = origin.items()
    if kind != "constant":
        return kind, str(value)
    if value is None:
        return "nothing", ""
    if isinstance(value, str) and _survives(value):
        return "text", value
    return "value", json.dumps(value, ensure_ascii=isinstance(value, str))


def origin(kind: str, text: str) -> Any:
    """The origin that kind and text mean. Raises ``Unreadable`` for JSON that is none, for what is missing, and for
    what is typed beside "Nothing".

    >>> origin("text", "42")
    {'constant': '42'}
    """
    if not text and kind in _EMPTY:
        raise Unreadable(_EMPTY[kind])
    if kind == "column":
        return text
    if kind == "nothing":
        if text.strip():
            raise Unreadable(_NOT_USED)
        return {"constant": None}
    if kind == "text":
        return {"constant": text}
    if kind == "value":
        return {"constant": _parsed(text)}
    return {kind: text}


def needs_lines(kind: str, text: str) -> bool:
    """Does the text want an input of several lines?"""
    return kind == "template" or "\n" in text


def _survives(text: str) -> bool:
    """Browsers change line ends, and have no way to type control characters."""
    return all(character.isprintable() or character == "\n" for character in text)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise Unreadable('This is not JSON. Put text in double quotes, or choose "Constant text".') from None


def _refused(word: str) -> Any:
    raise ValueError(word)
