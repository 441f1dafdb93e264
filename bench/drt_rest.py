"""drt with its ``rest_api`` destination: 1,000 rows a request, its rate limit switched off.

It reads the Parquet file with its DuckDB source. Its batch template writes the request's JSON. A 207 counts as
success for it whatever stands in the body; the sandbox's counters show what arrived.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from drt.config.credentials import DuckDBProfile
from drt.config.models import SyncConfig
from drt.destinations.rest_api import RestApiDestination
from drt.engine.sync import run_sync
from drt.sources.duckdb import DuckDBSource

from bench.data import PEOPLE_FIELDS
from bench.rows import BATCH
from bench.sink import API_KEY, SITE_ID

# Times as unix seconds: a model is SQL, so that is where it is said.
QUERY = "SELECT * REPLACE (id::VARCHAR AS id, epoch(created_at)::BIGINT AS created_at) FROM '{table}'"

_ATTRIBUTES = ", ".join(f'"{name}": {{{{ row.{name} | tojson_safe }}}}' for name in PEOPLE_FIELDS)
TEMPLATE = (
    '{"batch": [{% for row in rows %}{"type": "person", "action": "identify", '
    '"identifiers": {"id": {{ row.id | tojson_safe }}}, "attributes": {'
    + _ATTRIBUTES
    + "}}{% if not loop.last %}, {% endif %}{% endfor %}]}"
)


def settings(table: Path, url: str) -> dict[str, Any]:
    """The sync as it would stand in drt's YAML file."""
    return {
        "name": "people",
        "model": QUERY.format(table=table),
        "destination": {
            "type": "rest_api",
            "url": f"{url}/api/v2/batch",
            "headers": {"Content-Type": "application/json"},
            "auth": {"type": "basic", "username_env": "BENCH_SITE_ID", "password_env": "BENCH_API_KEY"},
            "body_mode": "batch",
            "batch_template": TEMPLATE,
            "max_records_per_request": BATCH,
        },
        "sync": {"mode": "full", "batch_size": BATCH, "rate_limit": {"requests_per_second": 0}},
    }


def send(table: Path, url: str, folder: Path) -> None:
    os.environ["BENCH_SITE_ID"], os.environ["BENCH_API_KEY"] = SITE_ID, API_KEY
    profile = DuckDBProfile(type="duckdb", database=":memory:")
    config = SyncConfig.model_validate(settings(table, url))
    result = run_sync(config, DuckDBSource(), RestApiDestination(), profile, folder)
    if result.failed:
        raise SystemExit(f"drt: {result.failed} rows failed: {result.row_errors[:1]}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("table", type=Path)
    parser.add_argument("url")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.table.parent) as folder:
        send(chosen.table, chosen.url, Path(folder))


if __name__ == "__main__":
    main()
