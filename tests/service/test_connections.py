from __future__ import annotations

import getpass
import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import pytest

import headcount
from headcount.control import secrets
from headcount.control.models import Audit, Connection, Secret
from headcount.control.setup import close
from headcount.engines.sqlite import SQLiteSource
from headcount.errors import ConfigurationError, SourceBusy, WrongWorkspace
from headcount.project.kinds import KINDS
from headcount.service.connection_draft import Draft, connect, current, try_draft
from headcount.service.connections import kind_of, list_connections, save_connection, test_connection
from headcount.service.entries import Refused, Stale
from headcount.service.looking import AT_ONCE, look_at
from headcount.service.removal import remove_connection
from headcount.service.settings import OWN_VARIABLES, resolved
from tests.control.sample import every_byte, make_run
from tests.service.workspace import Workspaces

KEY = "key-that-nobody-may-see"
KEY_OF_SECRETS = "h3nQy0uG9mBz0vX1w2k4c5d6e7f8g9h0i1j2k3l4m5o="


@pytest.fixture
def customerio() -> Iterator[Workspaces]:
    with Workspaces({"site-1:" + KEY: 101, "site-2:other-key": 202}) as served:
        yield served


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE users (id)")
    connection.close()
    return path


def add_workspace(url: str, site: str = "site-1", key: str = KEY) -> None:
    settings = {"site_id": site, "base_url": url}
    save_connection("production", KINDS["customerio"], settings, given_secrets={"api_key": key})


def test_a_source_is_added_tested_and_listed(home: Path, shop: Path) -> None:
    report = save_connection("shop", KINDS["sqlite"], {"path": str(shop)}, name="Shop")
    assert report.passed
    (info,) = list_connections()
    assert (info.key, info.name, info.type, info.role, info.passed) == (
        "shop",
        "Shop",
        "sqlite",
        "source",
        True,
    )
    assert info.tested_at is not None


def test_a_source_that_cannot_be_read_is_saved_and_says_why(home: Path, tmp_path: Path) -> None:
    report = save_connection("shop", KINDS["sqlite"], {"path": str(tmp_path / "nothing")})
    assert not report.passed
    assert "There is no SQLite file" in report.message
    assert list_connections()[0].passed is False


def test_a_source_that_could_not_be_asked_now_has_neither_passed_nor_failed(home: Path, shop: Path) -> None:
    save_connection("shop", KINDS["sqlite"], {"path": str(shop)}, name="Shop")
    before = Connection.objects.values().get()
    draft = Draft(
        key="shop",
        name="Shop",
        kind=KINDS["sqlite"],
        settings={"path": str(shop)},
        version=current("shop")[3],
    )
    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(look_at("others"))
        for tried in (
            lambda: test_connection("shop"),
            lambda: save_connection("shop", KINDS["sqlite"], {"path": str(shop)}),
            lambda: try_draft(draft),
            lambda: connect(draft, untested=True),
        ):
            with pytest.raises(SourceBusy):
                tried()
    assert Connection.objects.values().get() == before
    assert test_connection("shop").passed


def test_a_workspace_says_who_it_is_and_its_keys_stand_nowhere(home: Path, customerio: Workspaces) -> None:
    add_workspace(customerio.url)
    (info,) = list_connections()
    assert "101" in info.workspace
    connection = Connection.objects.get()
    assert connection.settings["api_key"] == "stored"
    assert secrets.read(connection, "api_key") == KEY
    assert KEY not in str([row.detail for row in Audit.objects.all()])
    close()
    assert KEY.encode() not in every_byte(home)


def test_new_keys_of_the_same_workspace_replace_the_old_ones(home: Path, customerio: Workspaces) -> None:
    add_workspace(customerio.url)
    customerio.credentials["site-1:new-key"] = 101
    add_workspace(customerio.url, key="new-key")
    assert secrets.read(Connection.objects.get(), "api_key") == "new-key"


def test_keys_of_another_workspace_are_refused_and_nothing_is_saved(
    home: Path, customerio: Workspaces
) -> None:
    add_workspace(customerio.url)
    with pytest.raises(WrongWorkspace, match="202"):
        add_workspace(customerio.url, "site-2", "other-key")
    connection = Connection.objects.get()
    assert connection.settings["site_id"] == "site-1"
    assert secrets.read(connection, "api_key") == KEY


def test_refused_keys_are_an_answer_with_a_hint(home: Path, customerio: Workspaces) -> None:
    add_workspace(customerio.url)
    customerio.credentials.clear()
    report = test_connection("production")
    assert not report.passed
    assert report.hint
    assert KEY not in report.message + report.hint


def test_a_test_undoes_nothing_that_was_saved_meanwhile(
    home: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_connection("shop", KINDS["sqlite"], {"path": str(shop)})
    ask = SQLiteSource.check

    def saved_meanwhile(source: SQLiteSource) -> str:
        monkeypatch.setattr(SQLiteSource, "check", ask)
        moved = shop.rename(shop.with_name("moved.sqlite3"))
        save_connection("shop", KINDS["sqlite"], {"path": str(moved)}, name="Renamed")
        moved.rename(shop)
        return "An answer of what was there before."

    monkeypatch.setattr(SQLiteSource, "check", saved_meanwhile)
    test_connection("shop")
    (row,) = Connection.objects.all()
    assert (row.name, row.settings) == ("Renamed", {"path": str(shop.with_name("moved.sqlite3"))})
    assert row.test_result != "An answer of what was there before."


def test_a_test_brings_no_deleted_connection_back(
    home: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_connection("shop", KINDS["sqlite"], {"path": str(shop)})
    ask = SQLiteSource.check

    def deleted_meanwhile(source: SQLiteSource) -> str:
        monkeypatch.setattr(SQLiteSource, "check", ask)
        remove_connection("shop")
        return "Here."

    for test in (test_connection, lambda key: save_connection(key, KINDS["sqlite"], {"path": str(shop)})):
        monkeypatch.setattr(SQLiteSource, "check", deleted_meanwhile)
        with (
            pytest.raises(Stale, match=f"was deleted meanwhile by {getpass.getuser()}; nothing")
            if test is not test_connection
            else nullcontext()
        ):
            test("shop")
        assert not Connection.objects.exists()
        save_connection("shop", KINDS["sqlite"], {"path": str(shop)})


def test_an_environment_variable_that_is_not_set_is_named(home: Path) -> None:
    settings = {"site_id": "env:CIO_SITE_ID", "api_key": "env:CIO_API_KEY"}
    report = save_connection("production", KINDS["customerio"], settings)
    assert "CIO_SITE_ID, which is not set" in report.message


def test_headcounts_own_variables_are_neither_shown_nor_sent(
    home: Path, customerio: Workspaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = {name for path in Path(headcount.__file__).parent.rglob("*.py") for name in named_in(path)}
    assert {name for name in used if not name.startswith("HEADCOUNT_DEMO_")} <= OWN_VARIABLES
    monkeypatch.setenv("HEADCOUNT_SECRET_KEY", KEY_OF_SECRETS)
    for name in OWN_VARIABLES:
        for kind, field in (("customerio", "api_key"), ("postgresql", "host")):
            with pytest.raises(
                ConfigurationError, match=f"cannot be taken from {name}, a setting of Headcount"
            ):
                resolved(Connection(key="c", type=kind, settings={field: f"env:{name}"}))
    settings = {"site_id": "env:HEADCOUNT_SECRET_KEY", "api_key": "env:K", "base_url": customerio.url}
    assert KEY_OF_SECRETS not in str(save_connection("production", KINDS["customerio"], settings))


def named_in(path: Path) -> list[str]:
    return re.findall(r"\bHEADCOUNT_[A-Z_]*[A-Z]\b", path.read_text())


def test_what_the_system_shows_of_processes_is_no_file_of_secrets(home: Path, customerio: Workspaces) -> None:
    settings = {"site_id": "site-1", "api_key": "file:/proc/self/environ", "base_url": customerio.url}
    report = save_connection("production", KINDS["customerio"], settings)
    assert "cannot be one of Headcount's own files" in report.message


def test_only_secrets_are_read_from_files(home: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("words-of-a-file")
    settings = {"host": f"file:{kept}", "database": "d", "port": 1}
    report = save_connection("warehouse", KINDS["postgresql"], settings)
    assert not report.passed
    assert "words-of-a-file" not in report.message + report.hint


def test_an_error_names_the_variable_and_not_its_value(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_HOST", "nowhere.invalid")
    settings = {"host": "env:WAREHOUSE_HOST", "database": "d"}
    report = save_connection("warehouse", KINDS["postgresql"], settings)
    assert "nowhere.invalid" not in report.message + report.hint
    assert "env:WAREHOUSE_HOST" in report.message + report.hint


def test_a_secret_as_a_plain_setting_is_refused(home: Path) -> None:
    with pytest.raises(ConfigurationError, match="api_key is a secret") as caught:
        save_connection("production", KINDS["customerio"], {"site_id": "s", "api_key": KEY})
    assert KEY not in str(caught.value)
    assert not Connection.objects.exists()


def test_an_unknown_connection_is_answered_with_the_nearest(home: Path, shop: Path) -> None:
    save_connection("warehouse", KINDS["sqlite"], {"path": str(shop)})
    with pytest.raises(ConfigurationError, match="Did you mean warehouse"):
        test_connection("warehose")


def test_a_connection_that_is_used_is_not_removed_and_its_users_are_named(home: Path) -> None:
    make_run("users")
    for key, user in (("users-source", "model users"), ("users-target", "sync users")):
        with pytest.raises(ConfigurationError, match=f"in use by {user}"):
            remove_connection(key)
    assert Connection.objects.count() == 2


def test_removing_a_connection_deletes_its_secrets_and_is_written_down(
    home: Path, customerio: Workspaces
) -> None:
    add_workspace(customerio.url)
    assert remove_connection("production").secrets == ("api_key",)
    assert not Connection.objects.exists()
    assert not Secret.objects.exists()
    line = Audit.objects.latest("id")
    assert (line.action, line.what) == ("deleted", "connection production")
    with pytest.raises(ConfigurationError, match="There is no connection production"):
        remove_connection("production")


@pytest.mark.parametrize("key", ["Bad Key!", "new"])
def test_a_key_that_no_file_could_have_is_refused(home: Path, key: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be a key"):
        kind_of(key, "sqlite")


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({"database": "other"}, False),
        ({"host": "127.0.0.2"}, True),
        ({"ssh_host": "127.0.0.2"}, True),
        ({"ssh_port": 2}, True),
        ({"ssh_known_hosts": "/tmp/others"}, True),
        ({"sslrootcert": "/tmp/another.pem"}, True),
        ({"sslmode": "require"}, True),
        ({"sslmode": "verify-full"}, False),
    ],
)
def test_a_stored_secret_goes_no_other_and_no_weaker_way(
    home: Path, change: dict[str, Any], again: bool
) -> None:
    settings = {"host": "127.0.0.1", "port": 1, "database": "d", "sslmode": "verify-ca"}
    settings |= {"ssh_host": "127.0.0.1", "ssh_port": 1, "ssh_known_hosts": "/tmp/known"}
    typed = Draft(
        key="shop", name="Shop", kind=KINDS["postgresql"], settings=settings, secrets={"ssh_password": KEY}
    )
    connect(typed, untested=True)
    kind, name, stored, version = current("shop")
    draft = Draft(key="shop", name=name, kind=kind, settings={**stored, **change}, version=version)
    with pytest.raises(Refused, match="Type the SSH password again") if again else nullcontext():
        assert not try_draft(draft).passed
