"""Field names made from column names, for Sync All Properties."""

from __future__ import annotations

import re
from collections.abc import Callable

from headcount.model import NameStyle

_RUN = re.compile(r"[^\W\d_]+|\d+")  # letters of any alphabet, or digits


def styled(column: str, style: NameStyle) -> str:
    """The field name for ``column``; a column without letters or digits keeps its own name."""
    words = [word for run in _RUN.findall(column) for word in _words(run)]
    if style is NameStyle.MATCH_SOURCE or not words:
        return column
    return _STYLES[style](words)


def bare(name: str) -> str:
    """What all names have in common that the styles can make of one column, however it is spelled."""
    return "".join(_RUN.findall(name)).casefold() or name


def _words(run: str) -> list[str]:
    """A capital after a small letter begins a word, and so does the last of several before a small one."""
    starts = [
        i
        for i in range(1, len(run))
        if run[i].isupper() and (not run[i - 1].isupper() or run[i + 1 : i + 2].islower())
    ]
    return [run[a:b] for a, b in zip([0, *starts], [*starts, len(run)], strict=True)]


_STYLES: dict[NameStyle, Callable[[list[str]], str]] = {
    NameStyle.SNAKE: lambda words: "_".join(word.lower() for word in words),
    NameStyle.LOWER: lambda words: " ".join(word.lower() for word in words),
    NameStyle.UPPER: lambda words: " ".join(word.upper() for word in words),
    NameStyle.START: lambda words: " ".join(word[:1].upper() + word[1:].lower() for word in words),
    NameStyle.CAMEL: lambda words: (
        words[0].lower() + "".join(w[:1].upper() + w[1:].lower() for w in words[1:])
    ),
}
