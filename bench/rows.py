"""Rows for the peers that are Python libraries: read as one would, turned into operations as one would."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

BATCH = 1_000


def read_batches(table: Path, rows: int = BATCH) -> Iterator[list[dict[str, Any]]]:
    """The rows of a Parquet file as dictionaries, a batch at a time."""
    with pq.ParquetFile(table) as file:
        for batch in file.iter_batches(batch_size=rows):
            yield batch.to_pylist()


def person(row: dict[str, Any]) -> dict[str, Any]:
    """The Track v2 operation for one row. Times become unix seconds, as Customer.io wants them."""
    attributes = {name: unix_seconds(value) for name, value in row.items() if name != "id"}
    return {
        "type": "person",
        "action": "identify",
        "identifiers": {"id": str(row["id"])},
        "attributes": attributes,
    }


def unix_seconds(value: Any) -> Any:
    """A time as unix seconds; every other value as it is. A time without a zone is UTC."""
    if isinstance(value, datetime):
        return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
    return value
