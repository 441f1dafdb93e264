"""The official Python client's ``batch()``: 1,000 people a request, one request after the other.

It speaks https and nothing else, so its sandbox has TLS. It turns times into unix seconds by itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from urllib.parse import urlsplit

from customerio import CustomerIO

from bench.rows import read_batches
from bench.sink import API_KEY, SITE_ID


def send(table: Path, url: str) -> None:
    where = urlsplit(url)
    with CustomerIO(SITE_ID, API_KEY, host=where.hostname, port=where.port) as client:
        for rows in read_batches(table):
            client.batch(
                [
                    {
                        "type": "person",
                        "action": "identify",
                        "identifiers": {"id": str(row.pop("id"))},
                        "attributes": row,
                    }
                    for row in rows
                ]
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("table", type=Path)
    parser.add_argument("url")
    chosen = parser.parse_args()
    send(chosen.table, chosen.url)


if __name__ == "__main__":
    main()
