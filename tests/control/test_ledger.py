from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from headcount.control import book, runs
from headcount.control.ledger import STOP_CHECK, RunLedger
from headcount.control.models import Intent, Receipt
from headcount.errors import StateError, Suspended
from headcount.model import Fate, Outcome
from headcount.model import Receipt as ReceiptValue
from headcount.receipts import Ledger, read_book
from tests.control.processes import outcomes, write_a_ledger
from tests.control.sample import batch, make_run

REFUSED = Outcome(index=1, fate=Fate.REJECTED, reason="invalid", field="email", message="bad email")


def test_what_was_entered_is_read_back_in_the_order_of_the_plan(home: Path) -> None:
    with RunLedger(make_run().pk) as ledger:
        ledger.save_intents([batch(100, 50), batch(0, 100)])
        ledger.save_receipts([ReceiptValue(first=100, last=149, requests=2, bytes=7)])
        ledger.save_receipts([ReceiptValue(first=0, last=99, exceptions=(REFUSED,), requests=1, bytes=5)])
        entered: Ledger = ledger
        read = read_book(entered)
        found = list(read.receipts)
    assert [(r.first, r.last) for r in found] == [(0, 99), (100, 149)]
    assert found[0].exceptions == (REFUSED,)
    assert read.intents == ((0, 99), (100, 149))


def test_sums_are_over_all_receipts_of_the_run_and_no_other(home: Path) -> None:
    first, second = make_run("a"), make_run("b")
    with RunLedger(first.pk) as ledger:
        ledger.save_receipts([ReceiptValue(first=0, last=9, exceptions=(REFUSED,), requests=1, bytes=5)])
    with RunLedger(second.pk) as ledger:
        ledger.save_receipts([ReceiptValue(first=0, last=4, requests=3, bytes=4)])
    assert book.sums(first.pk) == {
        "accepted": 9,
        "rejected": 1,
        "in_doubt": 0,
        "unsent": 0,
        "requests": 1,
        "bytes": 5,
    }
    assert book.sums(second.pk)["accepted"] == 5


@pytest.mark.sqlite_store
def test_a_call_is_durable_when_it_returns(home: Path) -> None:
    with RunLedger(make_run().pk) as ledger:
        ledger.save_intents([batch(0, 10)])
        other = sqlite3.connect(home / "control.sqlite3")
        assert other.execute("SELECT first, last FROM control_intent").fetchall() == [(0, 9)]
        other.close()


def test_many_threads_write_at_once_and_nothing_is_lost(home: Path) -> None:
    run = make_run()
    with RunLedger(run.pk) as ledger:

        def work(offset: int) -> None:
            for number in range(offset, 200, 8):
                ledger.save_intents([batch(number * 10, 10)])
                ledger.save_receipts([ReceiptValue(first=number * 10, last=number * 10 + 9)])

        threads = [threading.Thread(target=work, args=(offset,)) for offset in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Intent.objects.count() == Receipt.objects.count() == 200
    assert book.sums(run.pk)["accepted"] == 2000


def test_a_second_receipt_for_the_same_change_is_refused(home: Path) -> None:
    with RunLedger(make_run().pk) as ledger:
        ledger.save_receipts([ReceiptValue(first=0, last=9)])
        with pytest.raises(StateError):
            ledger.save_receipts([ReceiptValue(first=10, last=19), ReceiptValue(first=0, last=4)])
        assert Receipt.objects.count() == 1, "the transaction that failed left nothing"
        ledger.save_receipts([ReceiptValue(first=10, last=19)])
    assert Receipt.objects.count() == 2


def test_a_request_to_stop_is_noticed_soon_and_for_good(home: Path) -> None:
    run = make_run()
    run.status = "working"
    run.save()
    with RunLedger(run.pk) as ledger:
        assert not ledger.stop_requested()
        runs.request_cancel(run.pk)
        time.sleep(STOP_CHECK + 0.1)
        assert ledger.stop_requested()
        assert ledger.stop_requested()


def test_asking_whether_to_stop_is_cheap(home: Path) -> None:
    with RunLedger(make_run().pk) as ledger:
        started = time.perf_counter()
        for _ in range(20_000):
            ledger.stop_requested()
        assert time.perf_counter() - started < 1


@pytest.mark.sqlite_store
def test_a_database_that_cannot_be_written_is_a_clear_error(home: Path) -> None:
    with RunLedger(make_run().pk) as ledger:
        ledger.stop_requested()
        ledger._opened().cursor().execute("PRAGMA query_only = ON")
        with pytest.raises(StateError, match="read-only"):
            ledger.save_intents([batch(0, 1)])
        assert Intent.objects.count() == 0


def test_an_intent_is_taken_back_once_and_that_of_an_earlier_process_stays(home: Path) -> None:
    run = make_run()
    with RunLedger(run.pk) as ledger:
        ledger.save_intents([batch(0, 10)])  # of a process that was killed
        ledger.save_intents([batch(0, 10), batch(10, 10)])
        ledger.withdraw_intents([batch(0, 10), batch(10, 10)])
        assert ledger.intents() == ((0, 9),)
    with RunLedger(run.pk, "another") as ledger, pytest.raises(Suspended):
        ledger.withdraw_intents([batch(0, 10)])
    assert Intent.objects.count() == 1


def test_processes_write_at_the_same_time_and_none_finds_the_database_locked(home: Path) -> None:
    numbers = [make_run(key).pk for key in ("a", "b", "c", "d")]
    assert outcomes(write_a_ledger, [(number,) for number in numbers]) == ["", "", "", ""]
    assert [book.sums(number)["accepted"] for number in numbers] == [100, 100, 100, 100]


@pytest.mark.sqlite_store
def test_a_full_disk_is_a_clear_error_and_what_was_durable_stays(home: Path) -> None:
    with RunLedger(make_run().pk) as ledger:
        ledger.save_intents([batch(0, 10)])
        ledger._opened().cursor().execute("PRAGMA max_page_count = 1")  # SQLite raises it to the present size
        with pytest.raises(StateError, match=r"disk that holds \S+control.sqlite3 is full"):
            ledger.save_intents([batch(number * 10, 10) for number in range(1, 5000)])
        ledger._opened().cursor().execute("PRAGMA max_page_count = 1000000")
        assert ledger.intents() == ((0, 9),)
        ledger.save_intents([batch(10, 10)])
        assert len(ledger.intents()) == 2
