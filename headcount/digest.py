"""A row's values in 128 bits, so that unchanged rows are found without working out what would be sent of them.

A digest is made of what the source says, before it is turned into wire values, wherever two different values of the
source always are two different values on the wire; of the others it is made of the wire values. So two rows of one sync
have the same digest exactly if the same would be sent. It speaks only of the mappings, column types and engine that
made it: that is its recipe.

The engine's own hash is taken, two times 64 bits over the values in both directions. A change of a single value could
hide behind it with a probability of 2**-64, for values that nobody chose in order to collide. Numbers of 128 bits must
not be among the values: the engine hashes their halves and mixes the two so that 0 and -1 are the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256

import duckdb

_HALF = "18446744073709551616::UHUGEINT"


def row_digest(values: Sequence[str]) -> str:
    """SQL (UHUGEINT) for the digest of a row with these values, of whatever types."""
    forward, backward = ", ".join(values) or "0", ", ".join(reversed(values)) or "0"
    return f"(hash({forward})::UHUGEINT * {_HALF} + hash({backward})::UHUGEINT)"


def recipe(made_of: Sequence[object]) -> str:
    """What a stored digest was made of; ``made_of`` is whatever JSON can say. Digests of another recipe say nothing."""
    method = row_digest(["a", "b"])
    return sha256(json.dumps([duckdb.__version__, method, *made_of]).encode()).hexdigest()
