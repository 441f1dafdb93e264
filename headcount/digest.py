"""A row's wire values in 128 bits, so that unchanged rows are found without reading all that was acknowledged.

Two rows with the same digest are taken for the same; MD5 makes that a matter of 2**-128 for values nobody chose in
order to collide. A row whose digest differs is changed. Where digests cannot serve (rows may be silent about a field,
or the fields are others than before) rows are compared value by value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

# JSON text holds no control characters, so these cannot stand in a value.
_BETWEEN, _NEVER_SENT = "chr(31)", "chr(30)"


def row_digest(columns: Mapping[str, str], *, complete: bool = False) -> str:
    """SQL for the digest of a row. ``columns`` maps field ids to SQL for their wire values (NULL: never sent).

    ``complete`` vouches that none is NULL: the digest is the same and a little cheaper.
    """
    sent = [columns[id_] for id_ in sorted(columns)]
    values = sent if complete else [f"coalesce({value}, {_NEVER_SENT})" for value in sent]
    return f"md5_number(concat_ws({_BETWEEN}, {', '.join(values) or _NEVER_SENT}))"


def recipe(field_ids: Sequence[str]) -> str:
    """What a stored digest was made of. Digests of another recipe say nothing."""
    return json.dumps(sorted(field_ids))
