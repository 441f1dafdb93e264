"""Ways into a server: TLS modes, addresses, refusals, and connections that break."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headcount.engines import ENGINES, open_source
from headcount.errors import ConfigurationError, SourceError
from tests.engines.worlds import PASSWORD, MySQLWorld, PostgreSQLWorld, model


@pytest.fixture
def mysql(mysql_address: dict[str, Any]) -> Iterator[MySQLWorld]:
    world = MySQLWorld(mysql_address)
    yield world
    world.close()


@pytest.fixture
def postgresql(postgresql_address: dict[str, Any]) -> Iterator[PostgreSQLWorld]:
    world = PostgreSQLWorld(postgresql_address)
    yield world
    world.close()


def test_loading_the_engines_loads_no_driver() -> None:
    script = "import sys, headcount.engines; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    loaded = set(found.stdout.split())
    assert not loaded & {
        "duckdb",
        "pyarrow",
        "pymysql",
        "adbc_driver_postgresql",
        "adbc_driver_manager",
        "sqlglot",
    }


SECRETS = ("password", "url", "ssh_key", "ssh_password")


def test_every_engine_declares_its_fields_and_hides_its_secrets() -> None:
    for name, engine in ENGINES.items():
        assert engine.name == name
        assert engine.label
        assert set(engine.models) <= {"table", "query", "path"}
        for field in engine.fields:
            assert field.secret == (field.name in SECRETS), (name, field.name)
            assert not field.choices or field.default in field.choices


@pytest.mark.parametrize("mode", ["disabled", "preferred", "required"])
def test_mysql_connects_in_the_modes_that_trust_any_server(mysql: MySQLWorld, mode: str) -> None:
    if mode == "required" and not mysql.ca:
        pytest.skip("the server of HEADCOUNT_TEST_MYSQL_URL may have no TLS")
    source = open_source("mysql", {**mysql.settings(), "ssl_mode": mode})
    source.check()
    source.close()


def test_mysql_checks_the_servers_certificate_and_then_its_name(mysql: MySQLWorld) -> None:
    if not mysql.ca:
        pytest.skip("needs the certificate authority of our own server")
    trusting = {**mysql.settings(), "ssl_mode": "verify_ca", "ssl_ca": mysql.ca}
    open_source("mysql", trusting).close()
    with pytest.raises(SourceError, match="certificate"):
        open_source("mysql", {**trusting, "ssl_ca": ""})  # the system's authorities do not know it
    with pytest.raises(SourceError, match="certificate"):
        open_source(
            "mysql", {**trusting, "ssl_mode": "verify_identity"}
        )  # it is for localhost, not 127.0.0.1
    open_source("mysql", {**trusting, "ssl_mode": "verify_identity", "host": "localhost"}).close()


def test_a_wrong_password_is_refused_and_not_repeated(mysql: MySQLWorld) -> None:
    with pytest.raises(SourceError, match="Access denied") as caught:
        open_source("mysql", {**mysql.settings(), "password": "wrong-horse"})
    assert "wrong-horse" not in str(caught.value)
    assert "password" in caught.value.hint


def test_tls_files_that_do_not_exist_are_an_error_of_configuration(mysql: MySQLWorld) -> None:
    with pytest.raises(ConfigurationError, match="TLS files"):
        open_source("mysql", {**mysql.settings(), "ssl_mode": "verify_ca", "ssl_ca": "/nope.pem"})


@pytest.mark.parametrize("mode", ["disable", "prefer", "require", "verify-ca", "verify-full"])
def test_postgresql_says_so_when_the_server_cannot_be_reached_safely(mode: str, tmp_path: Path) -> None:
    settings = {
        "host": "127.0.0.1",
        "port": 1,
        "database": "x",
        "user": "u",
        "password": PASSWORD,
        "sslmode": mode,
    }
    with pytest.raises(SourceError, match="cannot be reached") as caught:
        open_source("postgresql", {**settings, "sslrootcert": str(tmp_path / "nope.pem")})
    assert PASSWORD not in str(caught.value)


def test_a_url_is_as_good_as_fields(postgresql: PostgreSQLWorld) -> None:
    settings = postgresql.settings()
    url = f"postgresql://{settings['user']}@/{settings['database']}?host={settings['host']}"
    source = open_source("postgresql", {"url": url})
    assert source.check().startswith("PostgreSQL")
    source.close()


@pytest.mark.parametrize(
    "password", ["pa/ss-word", "pa@ss-word", "pa%ss-word", "pa#ss-word", "pa:ss-word", "pa?ss-word"]
)
def test_a_url_that_cannot_be_read_is_not_repeated(password: str) -> None:
    with pytest.raises((SourceError, ConfigurationError)) as caught:
        open_source("postgresql", {"url": f"postgresql://u:{password}@127.0.0.1:1/x?connect_timeout=2"})
    assert "ss-word" not in str(caught.value)


def test_a_server_that_drops_the_connection_is_a_source_error(postgresql: PostgreSQLWorld) -> None:
    source = postgresql.open()
    dropped = "CASE WHEN i = 90000 THEN pg_terminate_backend(pg_backend_pid()) END"
    sql = f"SELECT i, {dropped} AS x FROM generate_series(1, 99999) i"
    with pytest.raises(SourceError), source.read(model(query=sql), ["i", "x"]) as reader:
        reader.read_all()
    source.close()


def test_mysql_that_drops_the_connection_is_a_source_error(mysql: MySQLWorld) -> None:
    mysql.put("people", ("id",), ("integer",), [(i,) for i in range(40_000)])
    mysql.execute("INSERT INTO people SELECT a.id FROM people a, (SELECT id FROM people LIMIT 20) b")
    source = mysql.open()
    with pytest.raises(SourceError), source.read(model(table="people"), ["id"]) as reader:
        reader.read_next_batch()
        mysql.drop_readers()
        for _ in reader:
            pass
    source.close()


def test_one_read_sees_one_state_of_the_data(postgresql: PostgreSQLWorld) -> None:
    wanted = postgresql.put("people", ("id",), ("integer",), [(i,) for i in range(30_000)])
    source = postgresql.open()
    with source.read(wanted, ["id"]) as reader:
        seen = reader.read_next_batch().num_rows
        postgresql.execute("DELETE FROM people")
        seen += sum(batch.num_rows for batch in reader)
    assert seen == 30_000
    source.close()


def test_a_select_that_calls_something_that_writes_is_stopped_by_the_transaction(
    postgresql: PostgreSQLWorld,
) -> None:
    postgresql.put("people", ("id",), ("integer",), [])
    name = postgresql.name
    postgresql.execute(f"GRANT ALL ON people TO {name}")
    postgresql.execute(
        "CREATE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'INSERT INTO people VALUES (1) RETURNING 1'"
    )
    source = postgresql.open()
    for sql in (
        f"SELECT {name}.sneak() AS x",
        "SELECT set_config('transaction_read_only', 'off', false) AS x",
    ):
        with pytest.raises(SourceError), source.read(model(query=sql), ["x"]) as reader:
            reader.read_all()
    source.close()


@pytest.mark.parametrize(
    ("wrong", "hint"), [({"database": "nope"}, "database"), ({"user": "nobody_here"}, "user and password")]
)
def test_a_postgresql_that_answers_is_not_said_to_be_out_of_reach(
    postgresql: PostgreSQLWorld, wrong: dict[str, str], hint: str
) -> None:
    with pytest.raises(SourceError, match=r"^PostgreSQL refuses the connection: ") as caught:
        open_source("postgresql", {**postgresql.settings(), **wrong})
    assert hint in caught.value.hint
    assert "host" not in caught.value.hint
