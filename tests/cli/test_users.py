"""The commands for whoever may use the machine: users, secrets, doctor."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headcount.control import secrets as kept
from headcount.control.models import Attempt, Audit, Connection, Run
from headcount.control.setup import close
from headcount.home import Home
from headcount.sandbox.seed import PRODUCTION
from headcount.service import throttle, tokens, welcome
from headcount.service.heartbeat import beat
from headcount.service.locks import sync_lock
from tests.cli.command import headcount
from tests.control.sample import make_run
from tests.service.workspace import Workspaces


def test_somebody_is_added_with_a_link_that_the_pages_understand(home: Path) -> None:
    added = headcount("users", "add", "ada", "--role", "owner", "--name", "Ada")
    assert added.code == 0
    assert "Hand it to ada" in added.err
    assert "Put that in the place of http://127.0.0.1:8000" in added.err
    link = re.fullmatch(r"http://127\.0\.0\.1:8000/welcome/(\d+)/([\w-]+)/\n", added.out)
    assert link
    person = welcome.invited(int(link[1]), link[2])
    assert person is not None
    assert (person.username, person.name, person.role) == ("ada", "Ada", "owner")
    assert Audit.objects.filter(action="created", what="person ada").exists()


def test_a_reset_prints_a_link_at_the_public_address(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    headcount("users", "add", "ada")
    monkeypatch.setenv("HEADCOUNT_PUBLIC_URL", "https://headcount.example/")
    assert headcount("users", "reset", "ada").out.startswith("https://headcount.example/welcome/")
    unknown = headcount("users", "reset", "adda")
    assert unknown.code == 2
    assert "There is no person adda" in unknown.err
    assert "ada" in unknown.err


def test_roles_and_access_are_changed_but_the_last_owner_stays(home: Path) -> None:
    headcount("users", "add", "ada", "--role", "owner")
    headcount("users", "add", "bob")
    refused = headcount("users", "role", "ada", "viewer")
    assert refused.code == 2
    assert "ada is the last active Owner" in refused.err
    assert headcount("users", "role", "bob", "king").code == 2
    assert headcount("users", "role", "bob", "owner").out == "bob is owner.\n"
    token = tokens.issue("ada", name="cron", role="viewer").token
    assert headcount("users", "deactivate", "ada").code == 0
    assert tokens.who(token) is None
    listed = {p["username"]: p for p in json.loads(headcount("users", "list", "--json").out)}
    assert (listed["ada"]["active"], listed["bob"]["role"]) == (False, "owner")
    assert re.search(r"ada\s+viewer|ada\s+owner\s+deactivated", headcount("users", "list").out)
    throttle.admit("ada", "127.0.0.1")
    assert headcount("users", "activate", "ada").code == 0
    assert Attempt.objects.count() == 1  # the address; the name is forgiven


def test_nobody_yet_is_said_with_what_to_do(home: Path) -> None:
    assert "headcount serve prints a link" in headcount("users", "list").out


def test_a_rotation_keeps_secrets_readable_and_is_written_down(home: Path) -> None:
    connection = Connection.objects.create(key="shop", name="Shop", type="postgresql")
    kept.store(connection, "password", "hunter22")
    before = (home / "secret.key").read_text()
    done = headcount("secrets", "rotate")
    assert done.out.startswith("1 stored secret is encrypted with the first key of")
    assert "Restart headcount serve" in done.out
    assert (home / "secret.key").read_text() != before
    assert kept.read(connection, "password") == "hunter22"
    line = Audit.objects.get(action="rotated")
    assert line.detail == {"secrets": 1}
    assert json.loads(headcount("secrets", "rotate", "--json").out)["secrets"] == 1


def test_a_rotation_with_the_wrong_key_changes_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection.objects.create(key="shop", name="Shop", type="postgresql")
    kept.store(connection, "password", "hunter22")
    monkeypatch.setenv("HEADCOUNT_SECRET_KEY", "x" * 43 + "=")
    assert headcount("secrets", "rotate").code == 3
    monkeypatch.delenv("HEADCOUNT_SECRET_KEY")
    assert kept.read(connection, "password") == "hunter22"


def test_a_new_key_is_printed_that_the_variable_takes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADCOUNT_SECRET_KEY", "letmein")
    refused = headcount("secrets", "rotate")
    assert refused.code != 0
    assert "headcount secrets new-key" in refused.err
    assert health(examined()[1], "secret key") == {"failed"}
    monkeypatch.setenv("HEADCOUNT_SECRET_KEY", headcount("secrets", "new-key").out.strip())
    connection = Connection.objects.create(key="shop", name="Shop", type="postgresql")
    kept.store(connection, "password", "hunter22")
    assert health(examined()[1], "secret key") == {"ok"}


def test_nothing_is_rotated_while_a_worker_lacks_the_new_key(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, now = kept.new_key(), kept.new_key(), datetime.now(UTC)
    monkeypatch.setenv("HEADCOUNT_SECRET_KEY", old)
    connection = Connection.objects.create(key="shop", name="Shop", type="postgresql")
    kept.store(connection, "password", "hunter22")
    beat(now)
    monkeypatch.setenv("HEADCOUNT_SECRET_KEY", f"{new},{old}")
    beat(now)
    refused = headcount("secrets", "rotate")
    assert refused.code == 2
    assert "has not got the first key" in refused.err
    monkeypatch.setenv("HEADCOUNT_SECRET_KEY", old)
    assert kept.read(connection, "password") == "hunter22"
    beat(now - timedelta(minutes=2))  # it is gone since
    monkeypatch.setenv("HEADCOUNT_SECRET_KEY", f"{new},{old}")
    done = headcount("secrets", "rotate")
    assert done.code == 0
    assert "Restart headcount serve and headcount worker everywhere" in done.out


def examined(*options: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """What doctor found, by subject."""
    said = headcount("doctor", "--json", *options)
    found: dict[str, list[dict[str, str]]] = {}
    for finding in json.loads(said.out):
        found.setdefault(finding["subject"], []).append(finding)
        assert bool(finding["todo"]) == (finding["health"] != "ok"), finding
    return said.code, found


def health(found: dict[str, list[dict[str, str]]], subject: str) -> set[str]:
    return {finding["health"] for finding in found[subject]}


@pytest.mark.sqlite_store
def test_the_doctor_finds_a_healthy_home_healthy(home: Path) -> None:
    headcount("users", "add", "ada", "--role", "owner")
    code, found = examined()
    assert code == 0
    assert {finding["health"] for findings in found.values() for finding in findings} == {"ok"}
    assert found["owners"][0]["message"] == "ada"
    text = headcount("doctor")
    assert text.code == 0
    assert "✓ ok" in text.out


@pytest.mark.sqlite_store
def test_the_doctor_makes_no_home(tmp_path: Path) -> None:
    code, found = examined()
    assert code == 0
    assert health(found, "control store") == {"attention"}
    assert not (tmp_path / "home").exists()


@pytest.mark.sqlite_store
def test_the_doctor_sees_a_home_and_a_key_that_others_can_read(home: Path) -> None:
    headcount("users", "add", "ada", "--role", "owner")
    home.chmod(0o755)
    (home / "secret.key").chmod(0o644)
    code, found = examined()
    assert code == 0
    assert found["home"][0]["todo"] == f"chmod 700 {home}"
    assert found["secret key"][0]["todo"] == f"chmod 600 {home / 'secret.key'}"


def test_the_doctor_sees_secrets_that_no_key_opens(home: Path) -> None:
    connection = Connection.objects.create(
        key="shop", name="Shop", type="postgresql", settings={"password": "stored"}
    )
    kept.store(connection, "password", "hunter22")
    assert health(examined()[1], "secret key") == {"ok"}
    (home / "secret.key").unlink()
    code, found = examined()
    assert code == 1
    assert "is gone" in found["secret key"][0]["message"]
    (home / "secret.key").write_text("A" * 43 + "=\n")
    (home / "secret.key").chmod(0o600)
    code, found = examined()
    assert code == 1
    assert "does not open: password of shop" in found["secret key"][0]["message"]
    assert not (home / "secret.key").read_text().count("hunter22")


@pytest.mark.sqlite_store
def test_the_doctor_sees_references_that_lead_nowhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Connection.objects.create(
        key="shop", name="Shop", type="postgresql", settings={"password": "env:SHOP_PASSWORD"}
    )
    code, found = examined()
    assert code == 1
    assert "SHOP_PASSWORD" in found["references"][0]["message"]
    monkeypatch.setenv("SHOP_PASSWORD", "hunter22")
    code, found = examined()
    assert (code, health(found, "references")) == (0, {"ok"})
    assert "hunter22" not in str(found)


@pytest.mark.sqlite_store
def test_the_doctor_asks_the_services_only_when_told(home: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as database, database:
        database.execute("CREATE TABLE users (id)")
    Connection.objects.create(
        key="shop", name="Shop", type="sqlite", settings={"path": str(tmp_path / "shop.sqlite")}
    )
    with Workspaces({f"{PRODUCTION.site_id}:{PRODUCTION.api_key}": 1001}) as workspaces:
        settings = {
            "site_id": PRODUCTION.site_id,
            "api_key": PRODUCTION.api_key,
            "base_url": workspaces.url,
        }
        Connection.objects.create(key="cio", name="Cio", type="customerio", settings=settings)
        assert "connection cio" not in examined()[1]
        code, found = examined("--connections")
        assert code == 0
        assert health(found, "connection cio") == health(found, "connection shop") == {"ok"}
        assert health(found, "clock") == {"ok"}
    code, found = examined("--connections")
    assert code == 1
    assert health(found, "connection cio") == {"failed"}


@pytest.mark.sqlite_store
def test_the_doctor_sees_a_run_whose_process_is_gone_also_when_another_has_its_number(home: Path) -> None:
    run = make_run()
    Run.objects.filter(pk=run.pk).update(status="working", pid=os.getpid(), host=socket.gethostname())
    with sync_lock(Home(home), run.sync.stream.state_id):
        assert health(examined()[1], "runs") == {"ok"}
    code, found = examined()
    assert code == 0
    assert found["runs"][0]["todo"].endswith(f"headcount run {run.sync.key}")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://headcount.example", "ok"),
        ("http://localhost:8000/", "ok"),
        ("http://headcount.example", "attention"),
        ("headcount.example", "failed"),
        ("https://headcount.example/path", "failed"),
        ("https://[", "failed"),
    ],
)
def test_the_doctor_judges_the_public_address(
    home: Path, monkeypatch: pytest.MonkeyPatch, url: str, expected: str
) -> None:
    monkeypatch.setenv("HEADCOUNT_PUBLIC_URL", url)
    assert health(examined()[1], "public URL") == {expected}


@pytest.mark.sqlite_store
def test_the_doctor_sees_a_schema_from_the_future_and_one_from_the_past(home: Path) -> None:
    close()
    with closing(sqlite3.connect(home / "control.sqlite3")) as database, database:
        database.execute("DELETE FROM django_migrations WHERE app = 'control' AND name LIKE '0001%'")
    code, found = examined()
    assert (code, health(found, "control store")) == (1, {"failed"})
    assert "schema lacks 0001_initial" in found["control store"][0]["message"]
    with closing(sqlite3.connect(home / "control.sqlite3")) as database, database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('control', '0999_future', '2026-01-01')"
        )
    code, found = examined()
    assert code == 1
    assert "newer version" in found["control store"][0]["message"]


@pytest.mark.sqlite_store
def test_the_doctor_sees_a_damaged_store(home: Path) -> None:
    close()
    (home / "control.sqlite3").write_bytes(b"not a database" * 1000)
    code, found = examined()
    assert code == 1
    assert health(found, "control store") == {"failed"}
