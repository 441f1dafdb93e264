"""The control store in PostgreSQL does what it does in SQLite."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction

from headcount.control import book, runs
from headcount.control import setup as opening
from headcount.control.ledger import RunLedger
from headcount.control.models import Sync
from headcount.control.setup import close, setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError, StateError, StoreAway
from headcount.model import Fate, Outcome, Receipt, RunStatus
from headcount.postgresql.brief import BRIEF, IDLE
from headcount.project.reading import read_project
from headcount.service import people, throttle, tokens, welcome
from headcount.service.applying import apply, export, outlook
from headcount.service.doctor.examination import examine
from headcount.service.doctor.finding import Health
from headcount.service.locks import hold_still
from tests.control.processes import outcomes, write_a_ledger, write_an_audit_line
from tests.control.sample import batch, make_run
from tests.control_store import URL
from tests.postgresql.server import Server
from tests.project.sample import PROJECT, project


@pytest.fixture
def database(postgresql_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(URL, postgresql_server.new_database())
    yield
    close()


def test_a_ledger_is_kept_and_read_back(database: None) -> None:
    setup()
    run = make_run()
    refused = Outcome(
        index=1, fate=Fate.REJECTED, reason="invalid", field="email", message='it\'s \\ "bad" %s'
    )
    with RunLedger(run.pk) as ledger:
        ledger.save_intents([batch(0, 10)])
        ledger.save_receipts([Receipt(first=0, last=9, exceptions=(refused,), requests=1, bytes=5)])
        assert not ledger.stop_requested()
        with pytest.raises(StateError):
            ledger.save_receipts([Receipt(first=0, last=3)])
        assert next(iter(ledger.receipts())).exceptions == (refused,)
    assert book.sums(run.pk)["accepted"] == 9


def test_a_database_of_a_newer_version_is_refused_with_the_setting_that_names_another(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('control', '9999_future', now())"
        )
    monkeypatch.setattr(opening, "_ready", None)
    with pytest.raises(StateError, match="newer version of Headcount") as caught:
        setup()
    assert "set HEADCOUNT_DATABASE_URL to another database" in caught.value.hint


def test_a_project_is_applied_and_exported(database: None) -> None:
    setup()
    apply(outlook(read_project(PROJECT)))
    assert read_project(export()) == project()
    runs.add(Sync.objects.get(key="users"))
    apply(outlook(read_project("version: 1\n"), prune=True))
    assert not Sync.objects.exists()


def test_processes_make_the_schema_together_and_write_at_once(database: None) -> None:
    assert outcomes(write_an_audit_line, [(), ()]) == ["", ""]
    setup()
    numbers = [make_run(key).pk for key in ("a", "b")]
    assert outcomes(write_a_ledger, [(number,) for number in numbers]) == ["", ""]
    assert [book.sums(number)["accepted"] for number in numbers] == [100, 100]


def test_a_database_nobody_serves_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADCOUNT_DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:1/control")
    with pytest.raises((StateError, ConfigurationError)) as caught:
        setup()
    assert "HEADCOUNT_DATABASE_URL" in caught.value.hint
    assert "hunter2" not in str(caught.value)
    close()


def test_accounts_are_kept_and_guarded(database: None) -> None:
    setup()
    token = welcome.first_owner_path().split("/")[3]
    welcome.create_first_owner(token, "ada", "plum tractor ninety")
    with pytest.raises(ConfigurationError, match="not good any more"):
        welcome.create_first_owner(token, "eve", "plum tractor ninety")
    with pytest.raises(ConfigurationError, match="last active Owner"):
        people.deactivate("ada")
    issued = tokens.issue("ada", name="cron", role="viewer")
    assert tokens.who(issued.token) is not None
    with ThreadPoolExecutor(8) as guessers:
        admitted = [not pause for pause in guessers.map(guess, range(24))]
    assert sum(admitted) == 5
    assert not throttle.admit("bob", "10.0.1.1")


def guess(number: int) -> timedelta:
    try:
        return throttle.admit("ada", f"10.0.0.{number}")
    finally:
        close()


def test_the_doctor_looks_at_its_settings(database: None) -> None:
    setup()
    found = {finding.subject: finding for finding in examine()}
    assert found["control store"].message.startswith("PostgreSQL ")
    assert found["control store"].health is Health.OK
    assert "max_connections" in found["PostgreSQL"].message


def test_what_was_applied_is_not_applied_again_though_keys_come_back_in_another_order(database: None) -> None:
    setup()
    apply(outlook(project()))
    assert outlook(project()).effective == ()


def test_a_second_setup_leaves_the_connection_and_its_transaction_alone(database: None) -> None:
    setup()
    with transaction.atomic():
        make_run("kept")
        setup()
    assert Sync.objects.filter(key="kept").exists()


def test_who_stands_still_in_a_transaction_loses_it_and_what_it_had_locked(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BRIEF, "options", BRIEF["options"].replace(f"={IDLE}s", "=1s"))
    setup()
    run = make_run()
    held = threading.Event()

    def stand_still() -> str:
        try:
            with told(), transaction.atomic():
                Sync.objects.select_for_update().get(pk=run.sync_id)
                held.set()
                time.sleep(3)
                Sync.objects.update(name="late")
        except StoreAway:
            with told():
                return Sync.objects.get(pk=run.sync_id).name
        finally:
            close()
        return "was not stopped"

    with ThreadPoolExecutor(1) as other:
        still = other.submit(stand_still)
        assert held.wait(10)
        Sync.objects.filter(pk=run.sync_id).update(name="mended")
        assert not still.done()
        assert still.result() == "mended"


def test_who_holds_syncs_still_for_long_work_keeps_them(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BRIEF, "options", BRIEF["options"].replace(f"={IDLE}s", "=1s"))
    home = setup()
    run = make_run()
    runs.finish(run, RunStatus.COMPLETED)
    with ExitStack() as locks:
        hold_still(locks, home, run.sync)
        time.sleep(2)
        Sync.objects.update(name="done")
    assert Sync.objects.get().name == "done"
