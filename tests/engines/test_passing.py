"""Troubles of a source that may be over soon are told apart from those that a person must mend."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from headcount.engines import mysql as mysql_engine
from headcount.engines import open_source
from headcount.errors import NoSuchRelation, SourceError, SourceUnavailable
from headcount.model import Model
from tests.engines.worlds import MySQLWorld, PostgreSQLWorld


@pytest.fixture
def postgresql(postgresql_address: dict[str, Any]) -> Iterator[PostgreSQLWorld]:
    world = PostgreSQLWorld(postgresql_address)
    yield world
    world.close()


@pytest.fixture
def mysql(mysql_address: dict[str, Any]) -> Iterator[MySQLWorld]:
    world = MySQLWorld(mysql_address)
    yield world
    world.close()


def long(sql: str) -> Model:
    return Model(key="m", name="m", connection="c", query=sql)


@pytest.mark.parametrize(
    ("kind", "host"),
    [("postgresql", "127.0.0.1"), ("postgresql", "/tmp/nobody-there"), ("mysql", "127.0.0.1")],
)
def test_a_server_that_does_not_listen_may_be_there_soon(kind: str, host: str) -> None:
    with pytest.raises(SourceUnavailable):
        open_source(kind, {"host": host, "port": 1, "database": "x", "user": "u"})


def test_a_table_that_postgresql_does_not_have_is_told_from_other_refusals(
    postgresql: PostgreSQLWorld, postgresql_address: dict[str, Any]
) -> None:
    source = open_source("postgresql", postgresql_address)
    for missing in (
        long("SELECT id FROM nowhere.users"),
        Model(key="m", name="m", connection="c", table="no"),
    ):
        with pytest.raises(NoSuchRelation, match="does not exist"):
            source.columns(missing)
    with pytest.raises(SourceError, match="does not exist") as caught:
        source.columns(long("SELECT nope FROM (SELECT 1 AS id) q"))
    assert not isinstance(caught.value, NoSuchRelation)
    source.close()


@pytest.mark.parametrize("greeting", [b"", b"\x4a\0\0\0"])
def test_a_server_that_accepts_and_says_nothing_whole_may_answer_soon(
    greeting: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql_engine, "PATIENCE", 1.0)
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        dribbling = threading.Thread(target=_dribble, args=(server, greeting), daemon=True)
        dribbling.start()
        with pytest.raises(SourceUnavailable):
            open_source("mysql", {"host": "127.0.0.1", "port": port, "database": "x", "user": "u"})
        dribbling.join(10)
    assert time.monotonic() - began < 5


def _dribble(server: socket.socket, what: bytes) -> None:
    """To one who comes, and until he goes."""
    visitor, _ = server.accept()
    with visitor, suppress(OSError):
        visitor.settimeout(0.3)
        visitor.sendall(what)
        while True:
            visitor.sendall(what[:1])
            with suppress(TimeoutError):
                if not visitor.recv(1):
                    return


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_host_that_nobody_knows_is_for_a_person(kind: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(kind, {"host": "nowhere.invalid", "database": "x", "user": "u"})
    no_name_server = "Temporary failure" in caught.value.message  # then the machine cannot tell
    assert isinstance(caught.value, SourceUnavailable) is no_name_server


def test_too_many_connections_to_postgresql_may_be_fewer_soon(postgresql: PostgreSQLWorld) -> None:
    postgresql.execute(f"ALTER ROLE {postgresql.name} CONNECTION LIMIT 0")
    with pytest.raises(SourceUnavailable, match="too many connections"):
        postgresql.open()


def test_too_many_connections_to_mysql_may_be_fewer_soon(mysql: MySQLWorld) -> None:
    mysql.execute(f"ALTER USER {mysql.name} WITH MAX_USER_CONNECTIONS 1")
    source = mysql.open()
    try:
        with pytest.raises(SourceUnavailable):
            mysql.open()
    finally:
        source.close()


def test_a_postgresql_that_lets_go_of_a_read_may_be_read_soon(postgresql: PostgreSQLWorld) -> None:
    source = postgresql.open()
    model = long("SELECT n, repeat('x', 1000) AS t FROM generate_series(1, 3000000) n")
    try:
        with pytest.raises(SourceUnavailable), source.read(model, ["n", "t"]) as reader:
            reader.read_next_batch()
            postgresql.execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{postgresql.name}'"
            )
            reader.read_all()
    finally:
        source.close()


def test_a_mysql_that_lets_go_of_a_read_may_be_read_soon(mysql: MySQLWorld) -> None:
    rows = [[i, "x" * 190] for i in range(2000)]
    mysql.put("wide", ["n", "t"], ["integer", "text"], rows)
    source = mysql.open()
    model = long("SELECT a.n, a.t FROM wide a JOIN wide b")
    try:
        with pytest.raises(SourceUnavailable), source.read(model, ["n", "t"]) as reader:
            reader.read_next_batch()
            mysql.drop_readers()
            while True:
                reader.read_next_batch()
    finally:
        source.close()


def test_wrong_credentials_and_wrong_sql_are_for_a_person(
    postgresql: PostgreSQLWorld, mysql: MySQLWorld
) -> None:
    for kind, world in (("mysql", mysql), ("postgresql", postgresql)):
        if kind == "mysql":
            with pytest.raises(SourceError) as caught:
                open_source(kind, {**world.settings(), "password": "wrong"})
            assert type(caught.value) is SourceError
        source = world.open()
        with pytest.raises(SourceError) as caught:
            source.columns(long("SELECT * FROM nothing_of_that_name"))
        assert not isinstance(caught.value, SourceUnavailable)
        source.close()


def test_a_duckdb_file_that_another_program_writes_may_be_free_soon(tmp_path: Path) -> None:
    path = tmp_path / "busy.duckdb"
    duckdb.connect(str(path)).close()
    hold = (
        f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print('held', flush=True); sys.stdin.read()"
    )
    writer = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert writer.stdin
    assert writer.stdout
    try:
        assert writer.stdout.readline() == b"held\n"
        with pytest.raises(SourceUnavailable, match="Another program"):
            open_source("duckdb", {"path": str(path)})
    finally:
        writer.stdin.close()
        writer.wait()
        writer.stdout.close()
