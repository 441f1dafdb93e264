"""The control store as an older release left it, and what this one makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrated(*names: str) -> Any:
    """Bring the store to these migrations, or to the newest; return its models as they are there."""
    executor = MigrationExecutor(connection)
    targets = [("control", name) for name in names] or executor.loader.graph.leaf_nodes("control")
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


@contextmanager
def as_of(name: str) -> Iterator[Any]:
    """The models of the store right after this migration; at the end it is of today again."""
    try:
        yield migrated(name)
    finally:
        migrated()
