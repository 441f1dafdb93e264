"""Wire values, which are JSON, as cells of a CSV file."""

from __future__ import annotations

import json
import re

# What a text must not look like to stand plainly. "123" would read as a number; a spreadsheet takes =1+1 for a formula.
_ELSE = re.compile(r"""[\s"\[{=+\-@].*|[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|true|false|null|""", re.DOTALL)


def cell(wire: str | None) -> str:
    """A text plainly, unless it would read as something else: then in its quotes, as JSON. Nothing else has quotes.
    Empty for no value at all.

    >>> [cell(wire) for wire in ('"free"', "12", '"12"', "null", '"null"', None, '""')]
    ['free', '12', '"12"', 'null', '"null"', '', '""']
    """
    if wire is None or not wire.startswith('"'):
        return wire or ""
    text: str = json.loads(wire)
    return wire if _ELSE.fullmatch(text) else text
