"""dlt with a custom destination: batches of 1,000 rows are posted to Customer.io's batch endpoint.

The rows come as Arrow tables and travel as Parquet files inside dlt, which is its fastest way; everything else is
as dlt sets it.
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

from bench.rows import BATCH, person
from bench.sink import API_KEY, SITE_ID

READ = 50_000  # rows of an Arrow table


def send(table: Path, url: str, folder: Path) -> None:
    @dlt.destination(batch_size=BATCH, loader_file_format="parquet", name="customerio")
    def customerio(items: Any, table: Any) -> None:
        operations = [person(row) for row in items.to_pylist()]
        answer = requests.post(f"{url}/api/v2/batch", json={"batch": operations}, auth=(SITE_ID, API_KEY))
        answer.raise_for_status()

    @dlt.resource(name="people")
    def people() -> Iterator[Any]:
        with pq.ParquetFile(table) as file:
            yield from file.iter_batches(batch_size=READ)

    pipeline = dlt.pipeline("bench", destination=customerio, pipelines_dir=str(folder))
    pipeline.run(people()).raise_on_failed_jobs()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("table", type=Path)
    parser.add_argument("url")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.table.parent) as folder:
        send(chosen.table, chosen.url, Path(folder))


if __name__ == "__main__":
    main()
