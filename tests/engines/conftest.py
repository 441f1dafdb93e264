"""Real databases for the contract suite: PostgreSQL from a wheel, MariaDB from the system."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.engines.worlds import DuckDBWorld, FilesWorld, MySQLWorld, PostgreSQLWorld, SQLiteWorld, World
from tests.postgresql.server import Server

WORLDS = ("duckdb", "sqlite", "csv", "json", "parquet", "postgresql", "mysql")


def missing(what: str) -> None:
    """A test that lacks something fails in CI and is skipped, with the reason, elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def postgresql_address(postgresql_server: Server) -> dict[str, Any]:
    """Connection settings of a superuser of a PostgreSQL, for the whole session."""
    return {"host": str(postgresql_server.folder), "database": "postgres", "user": "postgres"}


@pytest.fixture(scope="session")
def mysql_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Connection settings of an administrator: of HEADCOUNT_TEST_MYSQL_URL, or of a MariaDB of our own."""
    if url := os.environ.get("HEADCOUNT_TEST_MYSQL_URL"):
        parts = urlsplit(url)
        yield {
            "host": parts.hostname or "127.0.0.1",
            "port": parts.port or 3306,
            "user": unquote(parts.username or "root"),
            "password": unquote(parts.password or ""),
        }
        return
    if not (shutil.which("mariadbd") and shutil.which("mariadb-install-db")):
        missing("mariadbd is not installed: apt-get install mariadb-server, or set HEADCOUNT_TEST_MYSQL_URL")
    yield from _own_mariadb(tmp_path_factory.mktemp("my"))


def _own_mariadb(folder: Path) -> Iterator[dict[str, Any]]:
    base = ["--no-defaults", f"--datadir={folder}/data"]
    if os.geteuid() == 0:
        base.append("--user=root")
    install = ["mariadb-install-db", *base, "--auth-root-authentication-method=normal", "--skip-test-db"]
    done = subprocess.run(install, capture_output=True, text=True)
    if done.returncode:  # on a machine that is busy with everything else it may not begin
        shutil.rmtree(folder / "data", ignore_errors=True)
        again = subprocess.run(install, capture_output=True, text=True)
        assert not again.returncode, f"{done.stdout}{done.stderr}\n\nand again:\n{again.stdout}{again.stderr}"
    port = free_port()
    certificates(folder)
    options = [
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={folder}/s",
        f"--pid-file={folder}/pid",
    ]
    tls = [f"--ssl-ca={folder}/ca.pem", f"--ssl-cert={folder}/server.pem", f"--ssl-key={folder}/server.key"]
    small = ["--innodb-buffer-pool-size=32M", "--skip-name-resolve"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(["mariadbd", *base, *options, *tls, *small], stdout=log, stderr=log)
    try:
        wait_for(port, server, folder / "log")
        root = "root@'127.0.0.1'"
        setup = f"CREATE OR REPLACE USER {root} IDENTIFIED BY 'root';"
        setup += f"GRANT ALL ON *.* TO {root} WITH GRANT OPTION"
        client = ["mariadb", "--no-defaults", "-uroot", f"--socket={folder}/s"]
        subprocess.run(client, input=setup.encode(), check=True, capture_output=True)
        ca = str(folder / "ca.pem")
        yield {"host": "127.0.0.1", "port": port, "user": "root", "password": "root", "ca": ca}
    finally:
        server.terminate()
        server.wait(30)


def certificates(folder: Path) -> None:
    """A certificate authority, and a server certificate for localhost only."""
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    server = authority.issue_cert("localhost")
    server.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    server.private_key_pem.write_to_path(str(folder / "server.key"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            pytest.fail(f"mariadbd did not start: {log.read_text()[-2000:]}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("mariadbd did not start within 30 seconds")


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Every engine in turn, with a place to put tables."""
    name = request.param
    made: World
    if name == "duckdb":
        made = DuckDBWorld(tmp_path)
    elif name == "sqlite":
        made = SQLiteWorld(tmp_path)
    elif name == "postgresql":
        made = PostgreSQLWorld(request.getfixturevalue("postgresql_address"))
    elif name == "mysql":
        made = MySQLWorld(request.getfixturevalue("mysql_address"))
    else:
        made = FilesWorld(tmp_path, name)
    yield made
    made.close()
