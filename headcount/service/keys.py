"""Keys: as people type those of records, and as entries get them from their names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from itertools import count

from headcount.project.keys import RESERVED

LONGEST = 100


def canonical(identifier: str, key: str) -> str:
    """A key as a person types it, in the form the state knows it by."""
    return key.strip().lower() if identifier == "email" else key


def key_for(name: str, taken: Container[str] = ()) -> str:
    """A key for an entry of this name that none of ``taken`` has: lower case, words joined by ``-``.

    >>> key_for("Büro EU (Test)", {"buro-eu-test"})
    'buro-eu-test-2'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain))[: LONGEST - 6].strip("-") or "unnamed"
    if slug not in taken and slug not in RESERVED:
        return slug
    return next(key for n in count(2) if (key := f"{slug}-{n}") not in taken)
