from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from headcount.control import secrets
from headcount.control.models import Connection, Secret
from headcount.control.setup import close
from headcount.errors import ConfigurationError, StateError
from tests.control.sample import every_byte

PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
def connection(home: Path) -> Connection:
    return Connection.objects.create(key="warehouse", name="Warehouse", type="postgresql")


def test_a_secret_is_read_back_and_stands_in_no_file(connection: Connection, home: Path) -> None:
    secrets.store(connection, "password", PASSWORD)
    assert secrets.read(connection, "password") == PASSWORD
    close()
    assert PASSWORD.encode() not in every_byte(home)


def test_the_key_file_is_readable_by_nobody_else(connection: Connection, home: Path) -> None:
    secrets.store(connection, "password", PASSWORD)
    assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600


def test_storing_again_replaces(connection: Connection) -> None:
    secrets.store(connection, "password", "old")
    secrets.store(connection, "password", PASSWORD)
    assert secrets.read(connection, "password") == PASSWORD
    assert Secret.objects.count() == 1


def test_a_secret_nobody_stored_is_named_with_the_command_that_stores_it(connection: Connection) -> None:
    with pytest.raises(ConfigurationError, match="headcount connections add warehouse"):
        secrets.read(connection, "password")


def test_rotation_makes_a_new_key_and_keeps_every_secret_readable(connection: Connection, home: Path) -> None:
    secrets.store(connection, "password", PASSWORD)
    key, token = (home / "secret.key").read_text(), Secret.objects.get().ciphertext
    assert secrets.rotate() == 1
    assert (home / "secret.key").read_text() not in key
    assert len((home / "secret.key").read_text().split()) == 1
    assert Secret.objects.get().ciphertext != token
    assert secrets.read(connection, "password") == PASSWORD


def test_a_rotation_that_died_halfway_can_be_repeated(connection: Connection, home: Path) -> None:
    secrets.store(connection, "password", PASSWORD)
    path = home / "secret.key"
    path.write_text(Fernet.generate_key().decode() + "\n" + path.read_text())
    assert secrets.read(connection, "password") == PASSWORD
    secrets.rotate()
    assert secrets.read(connection, "password") == PASSWORD


def test_a_key_from_the_environment_makes_no_key_file(
    connection: Connection, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    monkeypatch.setenv("HEADCOUNT_SECRET_KEY", old)
    secrets.store(connection, "password", PASSWORD)
    assert not (home / "secret.key").exists()
    monkeypatch.setenv("HEADCOUNT_SECRET_KEY", f"{new},{old}")
    secrets.rotate()
    monkeypatch.setenv("HEADCOUNT_SECRET_KEY", new)
    assert secrets.read(connection, "password") == PASSWORD


def test_a_lost_key_is_a_clear_error_and_makes_no_new_one(connection: Connection, home: Path) -> None:
    secrets.store(connection, "password", PASSWORD)
    (home / "secret.key").unlink()
    with pytest.raises(StateError, match="cannot be read with the present key"):
        secrets.read(connection, "password")
    with pytest.raises(StateError):
        secrets.store(connection, "other", "value")
    assert not (home / "secret.key").exists()


def test_nonsense_in_the_key_file_is_a_clear_error(connection: Connection, home: Path) -> None:
    (home / "secret.key").write_text("nonsense\n")
    with pytest.raises(StateError, match="not one that Headcount made"):
        secrets.store(connection, "password", PASSWORD)
