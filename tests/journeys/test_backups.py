"""Everything in one file, and back: nothing is sent twice, nothing is forgotten."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import tarfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headcount.control.setup import close
from headcount.service.heartbeat import beat, last_beat
from tests.journeys.desk import Desk, checked, sums, wait_for

# Of homes without PostgreSQL, and from one of them into it; test_many_machines tells of backups from PostgreSQL.
pytestmark = pytest.mark.sqlite_store


@pytest.fixture
def elsewhere(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home in which nothing is, to be entered by ``move``."""
    new = desk.folder / "new home"
    yield new
    close()


def move(desk: Desk, home: Path, monkeypatch: pytest.MonkeyPatch, url: str = "") -> None:
    close()
    desk.home = home
    monkeypatch.setenv("HEADCOUNT_HOME", str(home))
    monkeypatch.setenv("HEADCOUNT_DATABASE_URL", url) if url else None


@pytest.fixture
def postgresql(postgresql_address: dict[str, Any], request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    import psycopg

    name = f"restored_{uuid.uuid4().hex}"
    host = postgresql_address["host"]
    with psycopg.connect(host=host, dbname="postgres", user="postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    return f"postgresql://postgres@/{name}?host={host}"


def test_after_a_restore_into_a_new_home_nothing_is_sent_again(
    applied: Desk, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = applied
    desk.run("people")
    desk.run("events")
    said = desk.done("backup", "all.tar.gz").out
    assert "2 states" in said
    assert stat.S_IMODE((desk.folder / "all.tar.gz").stat().st_mode) == 0o600
    move(desk, elsewhere, monkeypatch)
    assert "2 states" in desk.done("restore", "all.tar.gz").out
    desk.sql("UPDATE users SET plan = 'pro' WHERE id = 7")
    desk.order(1, first=101)
    desk.workspace.forget()
    assert sums(desk.run("people")) == (0, 1, 0, 1)
    assert sums(desk.run("events")) == (1, 0, 0, 1)
    assert [run["run"] for run in desk.done("runs", "--json").json][-1] == 1


def test_what_was_saved_from_sqlite_is_restored_into_postgresql(
    applied: Desk, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, postgresql: str
) -> None:
    desk = applied
    desk.run("people")
    runs = desk.done("runs", "--json").json
    desk.done("backup", "all.tar.gz")
    move(desk, elsewhere, monkeypatch, postgresql)
    desk.done("restore", "all.tar.gz")
    assert desk.done("runs", "--json").json == runs
    report = desk.run("people")
    assert report["plan"] == {"add": 0, "change": 0, "remove": 0}
    assert report["run"] == 2  # numbers go on where they were


def test_a_backup_of_a_working_run_lets_the_restored_home_resume_it(
    desk: Desk, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.target["budget"]["max_items"] = 10
    desk.apply()
    desk.workspace.slow(0.15)
    process = desk.start("run", "people", "--json")
    wait_for(lambda: desk.count("SELECT count(*) FROM control_receipt"))
    desk.done("backup", "all.tar.gz")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not desk.workspace.in_flight())
    desk.workspace.heal()
    move(desk, elsewhere, monkeypatch)
    assert "1 unfinished plan " in desk.done("restore", "all.tar.gz").out
    report = desk.run("people")
    [resumed] = report["resumed"]
    assert resumed["status"] == "completed"
    assert checked(resumed)["destination"]["accepted"] == 250
    assert len(desk.workspace.people()) == 250


def test_stored_secrets_can_be_read_after_a_restore(
    applied: Desk, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headcount.control import secrets
    from headcount.control.models import Connection

    secrets.store(Connection.objects.get(key="production"), "app_api_key", "hidden-value")
    applied.done("backup", "all.tar.gz")
    with tarfile.open("all.tar.gz") as archive:
        rows = archive.extractfile("tables/secret.jsonl")
        assert rows is not None
        assert b"hidden-value" not in rows.read()
    move(applied, elsewhere, monkeypatch)
    applied.done("restore", "all.tar.gz")
    assert secrets.read(Connection.objects.get(key="production"), "app_api_key") == "hidden-value"


def test_a_backup_without_its_key_asks_for_the_key(
    applied: Desk, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography.fernet import Fernet

    from headcount.control import secrets
    from headcount.control.models import Connection

    key = Fernet.generate_key().decode()
    monkeypatch.setenv(secrets.VARIABLE, key)
    secrets.store(Connection.objects.get(key="production"), "app_api_key", "hidden-value")
    assert "is not in it" in applied.done("backup", "all.tar.gz").out
    move(applied, elsewhere, monkeypatch)
    monkeypatch.delenv(secrets.VARIABLE)
    assert secrets.VARIABLE in applied.done("restore", "all.tar.gz", code=2).err
    monkeypatch.setenv(secrets.VARIABLE, key)
    applied.done("restore", "all.tar.gz")


def test_a_backup_says_where_the_key_of_stored_secrets_is(applied: Desk) -> None:
    from headcount.control import secrets
    from headcount.control.models import Connection

    variable = secrets.VARIABLE
    assert os.environ.get(variable) is None
    none = applied.done("backup", "none.tar.gz").out
    assert "no key of stored secrets yet" in none and variable not in none
    secrets.store(Connection.objects.get(key="production"), "app_api_key", "hidden-value")
    inside = applied.done("backup", "inside.tar.gz").out
    assert "is in it" in inside and variable not in inside


def test_a_file_that_is_there_is_only_replaced_when_that_is_asked_for(applied: Desk) -> None:
    file = applied.folder / "all.tar.gz"
    file.write_text("precious")
    said = applied.done("backup", str(file), code=2).err
    assert "is there already" in said and "--overwrite" in said
    assert file.read_text() == "precious"
    applied.done("backup", str(file), "--overwrite")
    assert tarfile.is_tarfile(file)
    for more in ([], ["--overwrite"]):
        assert "is a folder" in applied.done("backup", str(applied.folder), *more, code=2).err


def test_a_home_that_is_used_is_not_written_over(applied: Desk) -> None:
    applied.done("backup", "all.tar.gz")
    said = applied.done("restore", "all.tar.gz", code=2).err
    assert "already" in said
    assert "HEADCOUNT_HOME" in said


@pytest.mark.parametrize("damage", ["text", "cut", "foreign", "newer"])
def test_a_file_that_is_no_backup_changes_nothing(
    applied: Desk, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    file = applied.folder / "all.tar.gz"
    applied.done("backup", str(file))
    _damage(file, damage)
    move(applied, elsewhere, monkeypatch)
    said = applied.done("restore", str(file), code=2).err
    assert "→" in said
    assert applied.done("runs", "--json").json == []
    assert applied.done("connections", "list", "--json").json == []


def _damage(file: Path, damage: str) -> None:
    if damage == "text":
        file.write_text("not an archive")
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-200])
    else:
        folder = file.parent / "unpacked"
        with tarfile.open(file) as archive:
            archive.extractall(folder, filter="data")
        manifest = folder / "manifest.json"
        document = json.loads(manifest.read_text())
        changed = {"format": 99} if damage == "newer" else {"surprise": True}
        manifest.write_text(json.dumps({**document, **changed}))
        with tarfile.open(file, "w:gz") as archive:
            archive.add(folder, arcname="")
        shutil.rmtree(folder)


def test_an_interrupted_restore_can_be_done_again(
    applied: Desk, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headcount.service.backups import restoring

    applied.run("people")
    applied.done("backup", "all.tar.gz")
    move(applied, elsewhere, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(restoring, "_restore_rows", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        applied.cli("restore", "all.tar.gz")
    applied.done("restore", "all.tar.gz")
    assert applied.run("people")["plan"] == {"add": 0, "change": 0, "remove": 0}


def test_a_backup_that_cannot_be_written_leaves_the_old_one(applied: Desk) -> None:
    said = applied.done("backup", "missing/all.tar.gz", code=3).err
    assert "→" in said


def test_a_backup_to_where_nobody_can_write_names_the_file(applied: Desk) -> None:
    said = applied.done("backup", str(applied.folder / "nope" / "all.tar.gz"), code=3).err
    assert "nope/all.tar.gz cannot be written: No such file or directory." in said
    assert "a folder that is there" in said and "HEADCOUNT_HOME" not in said


def test_activity_tells_of_a_backup(applied: Desk) -> None:
    applied.run("people")
    applied.done("backup", "all.tar.gz")
    assert applied.count("SELECT count(*) FROM control_audit WHERE action = 'saved' AND what = 'backup'") == 1


def test_no_worker_was_ever_in_a_restored_home(
    applied: Desk, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat(datetime.now(UTC))
    applied.done("backup", "all.tar.gz")
    move(applied, elsewhere, monkeypatch)
    applied.done("restore", "all.tar.gz")
    assert last_beat() is None
