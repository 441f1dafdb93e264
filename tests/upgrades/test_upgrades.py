"""A home of an earlier release is opened by this one: nothing is lost, nothing is sent again."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import uuid
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headcount.control.setup import close, newest_migration, pending, setup
from tests.journeys.conftest import desk as desk
from tests.journeys.conftest import postgresql_address as postgresql_address
from tests.journeys.conftest import sandbox as sandbox
from tests.journeys.conftest import workspace as workspace
from tests.journeys.desk import Desk, ended, sums, wait_for
from tests.upgrades.written_down import set_up

pytestmark = pytest.mark.sqlite_store  # what earlier releases left is a file

RELEASES = sorted(each.name for each in Path(__file__).parent.glob("schema-*"))
INTERRUPTED = sorted(each.name for each in Path(__file__).parent.glob("interrupted-*"))
AT_ONCE = 3
QUEUED = 5  # the run that waited when the older program was ended
NEWEST = max(each.stem for each in (Path(setup.__code__.co_filename).parent / "migrations").glob("[0-9]*.py"))


@pytest.fixture(params=RELEASES)
def old(request: pytest.FixtureRequest, desk: Desk) -> Iterator[Desk]:
    """40 people and 20 events were sent; person 4 was refused, person 9 has changed since, and a run is queued."""
    shutil.rmtree(desk.home)
    set_up(
        Path(__file__).parent / request.param,
        desk.home,
        sandbox=desk.workspace.url,
        folder=str(desk.folder),
    )
    desk.sql("DELETE FROM users WHERE id > 40")
    desk.sql("DELETE FROM orders WHERE id > 20")
    desk.sql("UPDATE users SET plan = 'pro' WHERE id IN (3, 4)")
    desk.sql("UPDATE users SET visits = 900 WHERE id = 9")
    close()
    yield desk
    close()


def migrations(desk: Desk) -> list[str]:
    with desk.control() as database:
        query = "SELECT name FROM django_migrations WHERE app = 'control' ORDER BY id"
        return [name for (name,) in database.execute(query)]


def test_everything_is_there_and_only_what_changed_would_be_sent(old: Desk) -> None:
    before = migrations(old)
    assert before[-1] < NEWEST
    plan = old.done("plan", "people", "--json").json
    assert (plan["add"], plan["change"], plan["remove"], plan["held"]) == (0, 1, 0, 1)
    assert [row["key"] for row in plan["rows"]] == ["9"]
    events = old.done("plan", "events", "--json").json
    assert (events["add"], events["unchanged"]) == (0, 20)
    assert migrations(old)[: len(before)] == before
    assert migrations(old)[-1] == NEWEST
    assert [run["run"] for run in old.done("runs", "--json").json] == [5, 4, 3, 2, 1]
    assert "not welcome" in old.done("rejected", "people").out
    assert old.workspace.requests() == []


def test_a_run_that_waited_during_the_upgrade_is_taken_over(old: Desk) -> None:
    worker = old.start("worker")
    try:
        query = f"SELECT status = 'completed' FROM control_run WHERE id = {QUEUED}"
        wait_for(lambda: old.count(query), seconds=90)
    finally:
        worker.terminate()
        said = ended(worker)
    assert said.code == 0, said.all
    assert set(old.workspace.people()) == {"9"}
    assert sums(old.run("people")) == (0, 0, 0, 0)
    assert sums(old.run("events")) == (0, 0, 0, 0)


@pytest.fixture(params=INTERRUPTED)
def cut_off(request: pytest.FixtureRequest, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The older program was killed while it worked on run 2: of its twenty changes, the people 1 to 20, the first four
    have their receipts and the next six may have arrived. Person 20 has changed once more since.
    """
    shutil.rmtree(desk.home)
    monkeypatch.setenv("JOURNEY_SANDBOX", desk.workspace.url)
    monkeypatch.setenv("JOURNEY_DATABASE", str(desk.database))
    now = datetime.now(UTC).isoformat()
    set_up(Path(__file__).parent / request.param, desk.home, folder=str(desk.folder), now=now)
    desk.sql("DELETE FROM users WHERE id > 40")
    desk.sql("UPDATE users SET plan = 'pro' WHERE id < 20")
    desk.sql("UPDATE users SET plan = 'later' WHERE id = 20")
    close()
    yield desk
    close()


def test_a_run_cut_off_in_its_plan_goes_on_at_the_first_change_without_a_receipt(cut_off: Desk) -> None:
    assert migrations(cut_off)[-1] < NEWEST
    worker = cut_off.start("worker")
    try:
        wait_for(
            lambda: cut_off.count("SELECT status = 'completed' FROM control_run WHERE id = 2"), seconds=90
        )
    finally:
        worker.terminate()
        said = ended(worker)
    assert said.code == 0, said.all
    assert migrations(cut_off)[-1] == NEWEST
    sent = cut_off.workspace.people()
    assert sorted(sent, key=int) == [str(number) for number in range(5, 21)]
    assert {person["plan"] for person in sent.values()} == {'"pro"'}  # by the plan it had
    assert cut_off.count("SELECT sum(accepted) FROM control_receipt WHERE run_id = 2") == 20
    assert sums(cut_off.run("people")) == (0, 1, 0, 1)
    assert cut_off.workspace.people()["20"]["plan"] == '"later"'


def test_of_processes_that_begin_at_once_one_changes_the_tables_and_all_go_on(old: Desk) -> None:
    said = [ended(each) for each in [old.start("runs", "--json") for _ in range(AT_ONCE)]]
    assert [each.code for each in said] == [0] * AT_ONCE, [each.err for each in said]
    assert all(len(json.loads(each.out)) == 5 for each in said)
    names = migrations(old)
    assert len(names) == len(set(names))
    assert names[-1] == NEWEST


def test_a_store_of_a_newer_release_is_left_alone_with_words_that_say_so(old: Desk) -> None:
    with closing(sqlite3.connect(old.home / "control.sqlite3")) as database, database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('control', '9999_from_the_future', '2030-01-01')"
        )
    before = migrations(old)
    for words in (["runs"], ["run", "people"], ["worker"], ["serve", "--port", "0"]):
        said = old.process(*words)
        assert said.code == 3
        assert "written by a newer version of Headcount (it has 9999_from_the_future)" in said.err
        assert "Install that version" in said.err
    assert migrations(old) == before


@pytest.fixture
def postgresql(postgresql_address: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database that the control store is in."""
    import psycopg

    name, host = f"upgraded_{uuid.uuid4().hex}", postgresql_address["host"]
    with psycopg.connect(host=host, dbname="postgres", user="postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    url = f"postgresql://postgres@/{name}?host={host}"
    monkeypatch.setenv("HEADCOUNT_DATABASE_URL", url)
    close()
    yield url
    close()


@pytest.mark.parametrize("schema", [each.removeprefix("schema-") for each in RELEASES])
def test_an_older_schema_in_postgresql_is_brought_up_to_date_by_one_of_two(
    desk: Desk, postgresql: str, schema: str
) -> None:
    from django.core.management import call_command

    assert pending()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call_command("migrate", "control", schema, verbosity=0, interactive=False)
    assert newest_migration().startswith(schema)
    close()
    started = [desk.start("runs", "--json", HEADCOUNT_DATABASE_URL=postgresql) for _ in range(2)]
    said = [ended(each) for each in started]
    assert [each.code for each in said] == [0, 0], [each.err for each in said]
    assert os.environ["HEADCOUNT_DATABASE_URL"] == postgresql
    assert newest_migration() == NEWEST
    assert not pending()
