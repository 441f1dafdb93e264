"""Several machines on one PostgreSQL: what one of them sent, planned or began is known to the others."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from headcount.control.models import Run
from headcount.control.setup import close, setup
from headcount.postgresql.state import PostgreSQLState
from headcount.service.queue import queue_run
from tests.journeys.desk import Desk, checked, ended, sums, wait_for
from tests.postgresql.server import Server

pytestmark = pytest.mark.sqlite_store  # each makes a database of its own


@pytest.fixture
def url(postgresql_server: Server) -> str:
    """An empty database."""
    return postgresql_server.new_database()


@pytest.fixture
def many(desk: Desk, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The desk with its control store in PostgreSQL, applied."""
    close()
    shutil.rmtree(desk.home)
    monkeypatch.setenv("HEADCOUNT_DATABASE_URL", url)
    desk.apply()
    yield desk
    close()


def machine(desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go on at another machine: a home in which nothing is, on the same control store."""
    close()
    desk.home = desk.folder / name
    monkeypatch.setenv("HEADCOUNT_HOME", str(desk.home))
    setup()


def moved(desk: Desk, *options: str) -> str:
    return str(desk.done("state", "move", "people", "--json", *options).json["place"])


def files(desk: Desk) -> list[Path]:
    return list((desk.home / "state").iterdir())


def contents(url: str) -> str:
    """Every value of every table in the schema of the states, as text."""
    with psycopg.connect(url) as database:
        tables = database.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'headcount_state'"
        ).fetchall()
        return "".join(
            str(database.execute(f"SELECT t::text FROM headcount_state.{name} t").fetchall())  # type: ignore[arg-type]
            for (name,) in tables
        )


def test_what_one_machine_has_sent_is_known_to_the_other(many: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sums(many.run("people")) == (250, 0, 0, 250)
    assert sums(many.run("events")) == (100, 0, 0, 100)
    assert files(many) == []
    machine(many, "second", monkeypatch)
    many.sql("UPDATE users SET plan = 'pro' WHERE id = 7")
    many.sql("DELETE FROM users WHERE id = 8")
    many.order(1, first=101)
    assert sums(many.run("people")) == (0, 1, 1, 2)
    assert sums(many.run("events")) == (1, 0, 0, 1)
    machine(many, "home", monkeypatch)
    assert sums(many.run("people")) == (0, 0, 0, 0)
    story = many.done("explain", "people", "7").out
    assert "pro" in story  # also what the other machine planned


def test_a_paused_run_goes_on_at_another_machine_with_the_plan_it_had(
    many: Desk, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.target["budget"] = {"requests_per_second": 500, "max_items": 10, "senders": 1}
    many.apply()
    many.workspace.slow(0.2)
    process = many.start("run", "people", HEADCOUNT_DATABASE_URL=url, JOURNEY_API_KEY=_key())
    wait_for(lambda: len(many.workspace.requests()) > 5, seconds=60)
    many.done("pause", "1")
    ended(process)
    many.workspace.heal()
    many.sql("UPDATE users SET plan = 'changed after the plan was made'")
    machine(many, "second", monkeypatch)
    report = many.done("resume", "1", "--json").json
    assert (report["run"], report["status"]) == (1, "completed")
    assert sums(report) == (250, 0, 0, 250)
    items = [
        item
        for request in many.workspace.requests("/api/v2/batch")
        for item in json.loads(request["body"])["batch"]
    ]
    assert len({item["identifiers"]["id"] for item in items}) == 250 == len(items)
    assert {one["plan"] for one in many.workspace.people().values()} == {'"free"'}


def test_processes_at_two_machines_keep_one_budget_and_leave_its_share_to_others(
    many: Desk, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.target["budget"] = {"requests_per_second": 20, "reserve": 0.25, "max_items": 5, "senders": 6}
    many.apply()
    many.workspace.ask("rates", method="DELETE")
    more = {"HEADCOUNT_DATABASE_URL": url, "JOURNEY_API_KEY": _key()}
    one = many.start("run", "people", "--json", **more)
    machine(many, "second", monkeypatch)
    other = many.start("run", "events", "--json", **more)
    reports = [checked(ended(process).json) for process in (one, other)]
    assert [report["destination"]["accepted"] for report in reports] == [250, 100]
    rates = many.workspace.ask("rates")["workspaces"]["1001"]["track"]
    assert rates["requests"] >= 70
    assert rates["max_per_second"] <= 15


def test_a_run_that_waits_is_approved_at_another_machine(many: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    many.run("people")
    many.sql("DELETE FROM users WHERE id > 50")
    assert many.run("people", code=3)["status"] == "waiting"
    machine(many, "second", monkeypatch)
    report = many.done("approve", "2", "--yes", "--json").json
    assert (report["run"], sums(report)) == (2, (0, 0, 200, 200))


def test_what_a_sync_of_all_columns_writes_is_known_at_another_machine(
    many: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.project["syncs"]["everything"] = {**many.people_sync, "mappings": [], "sync_all_columns": True}
    assert "everything and people may write the same fields" in many.apply().all
    many.run("everything")
    machine(many, "second", monkeypatch)
    assert "everything and people both write plan, visits" in many.apply().all
    assert list((many.home / "plans").iterdir()) == []  # no plan was brought here for it


def test_a_state_is_moved_there_and_back_and_nothing_is_sent_again(many: Desk, url: str) -> None:
    many.workspace.fault(
        kind="errors",
        rows={"keys": ["9"]},
        error={"reason": "invalid", "field": "attributes.plan", "message": "no"},
    )
    assert sums(many.run("people", code=1)) == (250, 0, 0, 249)
    many.workspace.heal()
    for place in ("file", "postgresql", "file"):
        assert moved(many) == place
        assert bool(files(many)) is (place == "file")
        assert ("p9" in contents(url) or '"free"' in contents(url)) is (place == "postgresql")
        many.workspace.forget()
        report = many.run("people")
        assert (report["source"]["unchanged"], report["source"]["held"]) == (249, 1)
        assert many.workspace.requests() == []
    assert moved(many, "--to", "file") == "file"  # where it is already
    many.sql("UPDATE users SET plan = 'pro' WHERE id = 7")
    assert sums(many.run("people")) == (0, 1, 0, 1)


def test_a_machine_without_the_file_does_not_take_what_was_sent_for_new(
    many: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.run("people")
    moved(many, "--to", "file")
    machine(many, "second", monkeypatch)
    many.workspace.forget()
    said = many.done("run", "people", code=3)
    assert "headcount state move people --to postgresql" in said.all
    assert many.workspace.requests() == []
    assert "the states of people." in many.done("backup", "all.tar.gz", code=3).err
    [states] = [each for each in many.cli("doctor", "--json").json if each["subject"] == "states"]
    assert (states["health"], states["message"].endswith(": people.")) == ("attention", True)
    for words in (("state", "move", "people"), ("forget", "7", "--yes"), ("explain", "people", "7")):
        assert "is in a file of another machine" in many.done(*words, code=3).err
    machine(many, "home", monkeypatch)
    moved(many)
    machine(many, "second", monkeypatch)
    assert sums(many.run("people")) == (0, 0, 0, 0)


def test_a_move_that_is_killed_loses_nothing(many: Desk, url: str) -> None:
    many.hire(60_000, first=1000)
    many.run("people")
    for wait in (0.0, 0.3, 0.8, 1.6):
        process = many.start("state", "move", "people", HEADCOUNT_DATABASE_URL=url, JOURNEY_API_KEY=_key())
        begun = lambda it=process: it.poll() is not None or any((many.home / "scratch").glob("tmp-*"))  # noqa: E731
        wait_for(begun, seconds=60)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        many.workspace.forget()
        assert many.run("people")["source"]["unchanged"] == 60_250
        assert many.workspace.requests() == []
    moved(many, "--to", "postgresql")
    assert files(many) == []


def test_a_state_is_not_moved_while_a_run_has_not_ended(many: Desk) -> None:
    many.run("people")
    many.sql("DELETE FROM users WHERE id > 50")
    many.run("people", code=3)
    assert "has not ended" in many.cli("state", "move", "people").all


def test_without_postgresql_there_is_nowhere_to_move_to(applied: Desk) -> None:
    said = applied.cli("state", "move", "people")
    assert said.code == 2
    assert "HEADCOUNT_DATABASE_URL" in said.all
    assert "Choose one of: file, postgresql" in applied.cli("state", "move", "people", "--to", "moon").all


def test_whoever_is_forgotten_is_forgotten_in_the_database_too(
    many: Desk, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.project["syncs"]["people"]["identifier"] = {"from": "email", "to": "email"}
    many.sql("UPDATE users SET email = 'ada.the.unforgettable@example.com' WHERE id = 7")
    many.apply()
    many.run("people")
    assert "unforgettable" in contents(url)
    machine(many, "second", monkeypatch)
    many.done("explain", "people", "ada.the.unforgettable@example.com")  # brings the plan here
    machine(many, "home", monkeypatch)
    many.done("forget", "ada.the.unforgettable@example.com", "--yes")
    text = contents(url)
    assert "unforgettable" not in text
    assert b"unforgettable".hex() not in text
    machine(many, "second", monkeypatch)
    many.done("tidy")
    assert list((many.home / "plans").iterdir()) == []
    assert sums(many.run("people")) == (1, 0, 0, 1)


def test_a_backup_holds_the_states_and_a_home_without_postgresql_can_be_made_from_it(
    many: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.run("people")
    many.run("events")
    assert "2 states" in many.done("backup", "all.tar.gz").out
    monkeypatch.delenv("HEADCOUNT_DATABASE_URL")
    machine(many, "alone", monkeypatch)
    assert "2 states" in many.done("restore", "all.tar.gz").out
    many.workspace.forget()
    assert sums(many.run("people")) == sums(many.run("events")) == (0, 0, 0, 0)
    assert many.workspace.requests() == []
    assert len(files(many)) == 2


def test_a_backup_of_machines_at_work_goes_on_where_it_is_restored(
    many: Desk, postgresql_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.target["budget"] = {"requests_per_second": 500, "max_items": 10, "senders": 1}
    many.apply()
    many.run("people")
    many.run("events")
    sent = _saved_at_work(many)
    monkeypatch.setenv("HEADCOUNT_DATABASE_URL", postgresql_server.new_database())
    machine(many, "restored", monkeypatch)
    assert "2 states and 1 unfinished plan " in many.done("restore", "all.tar.gz").out
    assert files(many) == []
    answered = many.count("SELECT sum(last - first + 1) FROM control_receipt WHERE run_id = 3")
    assert answered >= 20
    Run.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))  # as if the backup were older
    with _one_at_a_time(many):
        wait_for(lambda: many.count(f"{RUNS} WHERE status = 'completed'") == 4, seconds=60)
    assert sorted(sent[:answered] + _sent(many, "identify")) == HUNDRED
    assert _sent(many, "event") == ["2"]
    many.workspace.forget()
    assert sums(many.run("people")) == sums(many.run("events")) == (0, 0, 0, 0)
    assert many.workspace.requests() == []

    monkeypatch.delenv("HEADCOUNT_DATABASE_URL")  # the same backup, into SQLite
    machine(many, "alone", monkeypatch)
    many.done("restore", "all.tar.gz")
    assert len(files(many)) == 2
    [resumed] = many.run("people")["resumed"]
    assert (resumed["run"], resumed["status"]) == (3, "completed")
    assert sorted(sent[:answered] + _sent(many, "identify")) == HUNDRED


RUNS = "SELECT count(*) FROM control_run"
HUNDRED = sorted(str(number) for number in range(1, 101))


def _saved_at_work(desk: Desk) -> list[str]:
    """A backup made while a run of a hundred changes works and another one waits; then its machine is lost. Returns
    whom the first one sent until then, in order.
    """
    desk.sql("UPDATE users SET plan = 'pro' WHERE id <= 100")
    desk.order(1, first=101)
    desk.workspace.forget()
    desk.workspace.slow(0.3)
    with _one_at_a_time(desk):
        run = queue_run("people")
        wait_for(lambda: desk.count(f"SELECT count(*) FROM control_receipt WHERE run_id = {run}") > 1)
        queue_run("events")
        desk.done("backup", "all.tar.gz")
    wait_for(lambda: not desk.workspace.in_flight())
    desk.workspace.heal()
    sent = _sent(desk, "identify")
    desk.workspace.forget()
    return sent


@contextmanager
def _one_at_a_time(desk: Desk) -> Iterator[None]:
    """A worker with one place, lost in the end."""
    worker = desk.start("worker", "--runs", "1", JOURNEY_API_KEY=_key())
    try:
        yield
    finally:
        worker.kill()
        worker.communicate()


def _sent(desk: Desk, action: str) -> list[str]:
    """The ids of the people in what was sent, in order."""
    requests = desk.workspace.requests("/api/v2/batch")
    items = [item for request in requests for item in json.loads(request["body"])["batch"]]
    return [str(item["identifiers"]["id"]) for item in items if item["action"] == action]


def test_a_restore_that_ends_among_the_states_can_be_done_again(
    many: Desk, postgresql_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.run("people")
    many.run("events")
    many.done("backup", "all.tar.gz")
    monkeypatch.setenv("HEADCOUNT_DATABASE_URL", postgresql_server.new_database())
    machine(many, "restored", monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(PostgreSQLState, "replace", _once_and_no_more())
        assert many.cli("restore", "all.tar.gz").code == 130
    assert many.done("runs", "--json").json == []
    many.done("restore", "all.tar.gz")
    many.workspace.forget()
    assert sums(many.run("people")) == sums(many.run("events")) == (0, 0, 0, 0)
    assert many.workspace.requests() == []


def _once_and_no_more() -> Callable[..., None]:
    """Writes one state; the command is interrupted at the next."""
    write, written = PostgreSQLState.replace, list[str]()

    def interrupted(self: PostgreSQLState, *more: Any) -> None:
        if written:
            raise KeyboardInterrupt
        write(self, *more)
        written.append("one")

    return interrupted


def test_the_last_trace_of_a_deleted_sync_goes(many: Desk, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    many.run("people")
    machine(many, "second", monkeypatch)
    many.done("explain", "people", "7")  # brings the plan here
    machine(many, "home", monkeypatch)
    del many.project["syncs"]["people"]
    many.apply("--prune", "--yes")
    assert '"free"' not in contents(url)
    assert list((many.home / "plans").iterdir()) == []
    machine(many, "second", monkeypatch)
    assert list((many.home / "plans").iterdir()) != []
    many.done("tidy")
    assert list((many.home / "plans").iterdir()) == []


def _key() -> str:
    from headcount.sandbox.seed import PRODUCTION

    return PRODUCTION.api_key
