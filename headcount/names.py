"""Field names made from column names, for Sync All Properties."""

from __future__ import annotations

import re
from collections.abc import Callable

from headcount.model import NameStyle

_RUN = re.compile(r"[^\W\d_]+|\d+")


def styled(column: str, style: NameStyle) -> str:
    """The field name for ``column``; a column without letters or digits keeps its own name."""
    words = [word for run in _RUN.findall(column) for word in _humps(run)]
    if style is NameStyle.MATCH_SOURCE or not words:
        return column
    return _STYLES[style](words)


def _humps(letters: str) -> list[str]:
    """``userID`` is user and ID, ``HTTPServer`` is HTTP and Server, in any alphabet."""
    words, start = [], 0
    for i in range(1, len(letters)):
        begins = letters[i].isupper() and not letters[i - 1].isupper()
        acronym_ends = letters[i - 1].isupper() and letters[i].isupper() and letters[i + 1 : i + 2].islower()
        if begins or acronym_ends:
            words.append(letters[start:i])
            start = i
    return [*words, letters[start:]]


_STYLES: dict[NameStyle, Callable[[list[str]], str]] = {
    NameStyle.SNAKE: lambda words: "_".join(word.lower() for word in words),
    NameStyle.LOWER: lambda words: " ".join(word.lower() for word in words),
    NameStyle.UPPER: lambda words: " ".join(word.upper() for word in words),
    NameStyle.START: lambda words: " ".join(word[:1].upper() + word[1:].lower() for word in words),
    NameStyle.CAMEL: lambda words: (
        words[0].lower() + "".join(word[:1].upper() + word[1:].lower() for word in words[1:])
    ),
}
