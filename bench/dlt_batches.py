"""dlt with a custom destination: batches of 1,000 rows are posted to Customer.io's batch endpoint.

Everything is as dlt sets it: rows are dictionaries and travel as JSON lines inside it. With ``--arrow`` they are Arrow
tables and travel as Parquet, which nobody has to know of but which takes a third of the time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# dlt reads its settings when it is imported: no telemetry, no progress files outside the work folder.
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt
import pyarrow.parquet as pq
from dlt.sources.helpers import requests

from bench.rows import BATCH, person, read_batches
from bench.sink import API_KEY, SITE_ID

READ = 50_000  # rows of an Arrow table
ARROW: dict[str, Any] = {"loader_file_format": "parquet"}


def send(table: Path, url: str, folder: Path, *, arrow: bool = False) -> None:
    @dlt.destination(batch_size=BATCH, name="customerio", **(ARROW if arrow else {}))
    def customerio(items: Any, table: Any) -> None:
        rows = items.to_pylist() if arrow else items
        operations = [person(row) for row in rows]
        answer = requests.post(f"{url}/api/v2/batch", json={"batch": operations}, auth=(SITE_ID, API_KEY))
        answer.raise_for_status()

    @dlt.resource(name="people")
    def people() -> Iterator[Any]:
        yield from _tables(table) if arrow else read_batches(table)

    pipeline = dlt.pipeline("bench", destination=customerio, pipelines_dir=str(folder))
    pipeline.run(people()).raise_on_failed_jobs()


def _tables(table: Path) -> Iterator[Any]:
    with pq.ParquetFile(table) as file:
        yield from file.iter_batches(batch_size=READ)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("table", type=Path)
    parser.add_argument("url")
    parser.add_argument("--arrow", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.table.parent) as folder:
        send(chosen.table, chosen.url, Path(folder), arrow=chosen.arrow)


if __name__ == "__main__":
    main()
