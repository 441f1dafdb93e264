"""Field names made from column names, for Sync All Properties."""

from __future__ import annotations

import re
from collections.abc import Callable

from headcount.model import NameStyle

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W\d_A-Za-z]+")


def styled(column: str, style: NameStyle) -> str:
    """The field name for ``column``; a column without letters or digits keeps its own name."""
    words = _WORD.findall(column)
    if style is NameStyle.MATCH_SOURCE or not words:
        return column
    return _STYLES[style](words)


_STYLES: dict[NameStyle, Callable[[list[str]], str]] = {
    NameStyle.SNAKE: lambda words: "_".join(word.lower() for word in words),
    NameStyle.LOWER: lambda words: " ".join(word.lower() for word in words),
    NameStyle.UPPER: lambda words: " ".join(word.upper() for word in words),
    NameStyle.START: lambda words: " ".join(word[:1].upper() + word[1:].lower() for word in words),
    NameStyle.CAMEL: lambda words: (
        words[0].lower() + "".join(w[:1].upper() + w[1:].lower() for w in words[1:])
    ),
}
