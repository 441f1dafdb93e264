"""What dbt says about its last run, in the file it writes at the end of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FAILED = ("error", "fail", "runtime error", "partial success")


@dataclass(frozen=True, kw_only=True)
class DbtRun:
    """One run of dbt: what tells it from others, and how many of its nodes failed."""

    id: str
    failed: int


def dbt_run(path: str | None) -> DbtRun | None:
    """The run that a ``run_results.json`` tells of.

    None while there is no such file, or it cannot be read as one: dbt may be writing it at this moment.
    """
    if path is None:
        return None
    try:
        file = Path(path).stat()
    except (OSError, ValueError):  # a path may hold what no path can
        return None
    return _read(path, (file.st_mtime_ns, file.st_size))


@lru_cache(maxsize=64)  # looked at every few seconds, and some megabytes long in a large project
def _read(path: str, _stamp: tuple[int, int]) -> DbtRun | None:
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        metadata, results = document["metadata"], document["results"]
        name = f"{metadata['generated_at']} {metadata.get('invocation_id', '')}"
        return DbtRun(id=name, failed=sum(result["status"] in FAILED for result in results))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
