"""Ranges of a plan's changes, both ends included: ``(0, 99)`` is the first hundred."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Range = tuple[int, int]


def merged(ranges: Iterable[Range]) -> Iterator[Range]:
    """The same changes in as few ranges as possible. ``ranges`` must come sorted by where they begin."""
    current: Range | None = None
    for first, last in ranges:
        if current is None:
            current = (first, last)
        elif first <= current[1] + 1:
            current = (current[0], max(current[1], last))
        else:
            yield current
            current = (first, last)
    if current is not None:
        yield current


def without(ranges: Iterable[Range], taken: Iterable[Range]) -> Iterator[Range]:
    """What of ``ranges`` is not in ``taken``. Both must come sorted; the answer is merged."""
    away = list(merged(taken))
    position = 0
    for first, last in merged(ranges):
        while position < len(away) and away[position][1] < first:
            position += 1
        start, look = first, position
        while look < len(away) and away[look][0] <= last:
            if away[look][0] > start:
                yield (start, away[look][0] - 1)
            start = max(start, away[look][1] + 1)
            look += 1
        if start <= last:
            yield (start, last)
