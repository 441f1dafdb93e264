"""ULIDs: the only event ids that Customer.io documents as deduplicated."""

import re

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}").fullmatch


def is_ulid(text: object) -> bool:
    return isinstance(text, str) and _ULID(text) is not None
