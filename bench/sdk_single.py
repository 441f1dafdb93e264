"""The official Python client as most scripts use it: one ``identify`` a row, over one kept-alive connection.

It speaks https and nothing else, so its sandbox has TLS.
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
            for row in rows:
                client.identify(str(row.pop("id")), **row)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("table", type=Path)
    parser.add_argument("url")
    chosen = parser.parse_args()
    send(chosen.table, chosen.url)


if __name__ == "__main__":
    main()
