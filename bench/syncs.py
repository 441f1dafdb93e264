"""The two syncs of the benchmark, as the project file they are applied from."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.data import EVENT_FIELDS, EVENT_NAME, PEOPLE_FIELDS, WIDE_FIELDS
from bench.sink import API_KEY, SITE_ID

KEY_VARIABLE = "BENCH_API_KEY"
ENVIRONMENT = {KEY_VARIABLE: API_KEY}

# As fast as it goes: no limit of items a request, and none of requests a second that could ever be met.
BUDGET = {"requests_per_second": 1_000_000, "max_items": 0, "max_bytes": 500_000, "senders": 3}


def project(kind: str, table: Path, url: str) -> dict[str, Any]:
    """A project file with one sync, whose key is the kind of its rows: people, events or wide."""
    destination = {
        "type": "customerio",
        "site_id": SITE_ID,
        "api_key": f"env:{KEY_VARIABLE}",
        "base_url": url,
        "budget": BUDGET,
    }
    sync = {
        "source": {"model": kind},
        "destination": {"connection": "sandbox", "object": "event" if kind == "events" else "person"},
    }
    return {
        "version": 1,
        "connections": {"files": {"type": "files", "folders": [str(table.parent)]}, "sandbox": destination},
        "models": {kind: {"connection": "files", "path": table.name}},
        "syncs": {kind: {**sync, **_SYNCS[kind]()}},
    }


def write_project(file: Path, kind: str, table: Path, url: str) -> None:
    """JSON is YAML, as far as this file goes."""
    file.write_text(json.dumps(project(kind, table, url), indent=1))


def _people(fields: Sequence[str] = PEOPLE_FIELDS) -> dict[str, Any]:
    return {
        "behavior": "update_or_create",
        "identifier": {"from": "id", "to": "id"},
        "mappings": [{"from": name, "to": name} for name in fields],
    }


def _events() -> dict[str, Any]:
    return {
        "behavior": "append_only",
        "unique_id": "order_id",
        "first_run": "backfill",
        "event": {
            "name": {"constant": EVENT_NAME},
            "person": {"from": "customer_id", "to": "id"},
            "timestamp": "ordered_at",
        },
        "mappings": [{"from": name, "to": name} for name in EVENT_FIELDS],
    }


_SYNCS: dict[str, Callable[[], dict[str, Any]]] = {
    "people": _people,
    "events": _events,
    "wide": lambda: _people(WIDE_FIELDS),
}
