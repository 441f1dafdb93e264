"""Databases behind another machine: the way leads through a real SSH server that alone knows them by name."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from headcount.engines import open_source
from headcount.errors import ConfigurationError, SourceError, SourceUnavailable
from headcount.model import Model

INSIDE = "db.internal"  # a name that nobody but the SSH server knows


@dataclass
class Bastion:
    """An SSH server. ``ways`` says where a name inside leads: a port of this machine, or a socket's path."""

    folder: Path
    ways: dict[str, int | str] = field(default_factory=dict)
    forwarded: list[str] = field(default_factory=list)
    port: int = 0

    def start(self) -> None:
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        (self.folder / "authorized").write_bytes(self.key.export_public_key())
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(self._listen(), self.loop).result(10)
        self.port = self.server.get_port()
        public = self.host_key.export_public_key().decode().strip()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {public}\n")

    async def _listen(self) -> asyncssh.SSHAcceptor:
        bastion = self

        class Server(asyncssh.SSHServer):
            def connection_made(self, connection: asyncssh.SSHServerConnection) -> None:
                self.connection = connection

            def connection_requested(self, host: str, port: int, *_: Any) -> Any:
                bastion.forwarded.append(f"{host}:{port}")
                way = bastion.ways.get(host)
                if way is None:
                    return False
                if isinstance(way, str):
                    return self.connection.forward_unix_connection(way)
                return self.connection.forward_connection("127.0.0.1", way)

        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Server,
            server_host_keys=[self.host_key],
            authorized_client_keys=str(self.folder / "authorized"),
        )

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    async def _close(self) -> None:
        self.server.close()  # in its loop, which may be letting go of a connection
        await self.server.wait_closed()

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "ssh_host": "127.0.0.1",
            "ssh_port": self.port,
            "ssh_user": "headcount",
            "ssh_key": self.key.export_private_key().decode(),
            "ssh_known_hosts": str(self.folder / "known_hosts"),
        }


@pytest.fixture
def bastion(tmp_path: Path) -> Iterator[Bastion]:
    made = Bastion(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def postgresql(bastion: Bastion, postgresql_address: dict[str, Any]) -> dict[str, Any]:
    bastion.ways[INSIDE] = f"{postgresql_address['host']}/.s.PGSQL.5432"
    return {
        "host": INSIDE,
        "port": 5432,
        "database": "postgres",
        "user": "postgres",
        "sslmode": "disable",
        **bastion.settings,
    }


def rows(kind: str, settings: dict[str, Any], sql: str) -> list[Any]:
    model = Model(key="m", name="m", connection="c", query=sql)
    source = open_source(kind, settings)
    try:
        names = [column.name for column in source.columns(model)]
        with source.read(model, names) as reader:
            return [list(row.values()) for batch in reader for row in batch.to_pylist()]
    finally:
        source.close()


def test_postgresql_is_read_through_ssh_by_the_name_it_has_inside(
    bastion: Bastion, postgresql: dict[str, Any]
) -> None:
    found = rows("postgresql", postgresql, "SELECT n FROM generate_series(1, 50000) AS n")
    assert len(found) == 50_000
    assert set(bastion.forwarded) == {f"{INSIDE}:5432"}


@pytest.mark.needs_mysql
def test_mysql_is_read_through_ssh(bastion: Bastion, mysql_address: dict[str, Any]) -> None:
    bastion.ways[INSIDE] = int(mysql_address.get("port", 3306))
    settings = {**mysql_address, "host": INSIDE, "database": "mysql", **bastion.settings}
    settings.pop("ca", None)
    assert rows("mysql", settings, "SELECT 41 + 1 AS n") == [[42]]
    assert bastion.forwarded[0].startswith(INSIDE)


def test_no_thread_is_left_when_the_source_is_closed(postgresql: dict[str, Any]) -> None:
    rows("postgresql", postgresql, "SELECT 1 AS n")
    assert not [t for t in threading.enumerate() if t.name == "headcount-tunnel"]


def test_an_unknown_machine_is_not_trusted(
    postgresql: dict[str, Any], bastion: Bastion, tmp_path: Path
) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{bastion.port} {other}")
    with pytest.raises(SourceError, match="another key"):
        rows("postgresql", postgresql, "SELECT 1 AS n")
    assert bastion.forwarded == []
    with pytest.raises(ConfigurationError, match="ssh_known_hosts"):
        rows("postgresql", {**postgresql, "ssh_known_hosts": ""}, "SELECT 1 AS n")


def test_a_refused_login_says_so_and_never_shows_the_key(postgresql: dict[str, Any]) -> None:
    wrong = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    with pytest.raises(SourceError, match="refused the login") as refused:
        rows("postgresql", {**postgresql, "ssh_key": wrong}, "SELECT 1 AS n")
    assert "PRIVATE" not in str(refused.value)
    with pytest.raises(ConfigurationError, match="no private key") as refused_text:
        rows("postgresql", {**postgresql, "ssh_key": "hunter2"}, "SELECT 1 AS n")
    assert "hunter2" not in str(refused_text.value)


def test_a_machine_that_does_not_answer_is_named(postgresql: dict[str, Any], bastion: Bastion) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be reached") as unreachable:
        rows("postgresql", {**postgresql, "ssh_port": 1}, "SELECT 1 AS n")
    assert "ssh_host" in unreachable.value.hint


def test_a_database_that_the_machine_does_not_know_is_an_error_of_the_database(
    postgresql: dict[str, Any],
) -> None:
    with pytest.raises(SourceError):
        rows("postgresql", {**postgresql, "host": "elsewhere.internal"}, "SELECT 1 AS n")
    assert not [t for t in threading.enumerate() if t.name == "headcount-tunnel"]


def test_a_url_cannot_lead_through_ssh(postgresql: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="not by a URL"):
        rows("postgresql", {**postgresql, "url": "postgresql://x@y/z"}, "SELECT 1 AS n")
