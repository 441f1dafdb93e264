"""Numbers with their nouns, as people say them."""

from __future__ import annotations


def amount(count: float, one: str, many: str = "") -> str:
    """``1 row``, ``1,234 rows``. ``many`` is for what takes more than an s, and for a verb that follows the noun.

    >>> amount(1, "entry", "entries")
    '1 entry'
    >>> amount(0, "row was sent", "rows were sent")
    '0 rows were sent'
    >>> amount(1.5, "minute")
    '1.5 minutes'
    """
    number = f"{count:,g}" if isinstance(count, float) else f"{count:,}"
    return f"{number} {one if count == 1 else many or one + 's'}"
