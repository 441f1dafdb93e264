"""One budget for workers on several machines: no second sees more requests than it, and a pause is everybody's (P5)."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable

import psycopg
import pytest

from headcount.errors import StateError
from headcount.postgresql.budget import PostgreSQLLimiter
from tests.delivery.crowd import check_left_over, check_yielding
from tests.delivery.scripted import Scripted, say
from tests.delivery.test_limiter import LATE, most_in_a_second

PROCESS = """
import sys
from headcount.postgresql.budget import PostgreSQLLimiter
from tests.delivery.book import Book, client_of, numbered, run
url, database, rate, requests = sys.argv[1:]
limiter = PostgreSQLLimiter(database, "workspace", float(rate))
delivery = run(numbered(int(requests), 1), client_of(url), Book(), limiter=limiter)
assert delivery.accepted == int(requests), delivery
"""


def start(server: Scripted, database: str, rate: float, requests: int) -> subprocess.Popen[bytes]:
    arguments = [server.url, database, str(rate), str(requests)]
    return subprocess.Popen([sys.executable, "-c", PROCESS, *arguments])


@pytest.mark.parametrize("rate", [40, 7])
def test_two_processes_with_three_senders_each_keep_one_budget(url: str, rate: int) -> None:
    with Scripted(lambda _: say(200)) as server:
        processes = [start(server, url, rate, int(rate * 2)) for _ in range(2)]
        assert [process.wait(60) for process in processes] == [0, 0]
    times = [request.arrived for request in server.requests]
    assert most_in_a_second(times) <= rate + LATE
    assert (len(times) - 1) / (max(times) - min(times)) > 0.6 * rate  # and most of it is used


def test_a_429_pauses_all_processes(url: str) -> None:
    said: list[float] = []

    def script(request: object) -> Callable[..., bool]:
        if len(server.requests) == 20:
            said.append(time.monotonic())
            return say(429, {}, Retry_After="1")
        return say(200)

    with Scripted(script) as server:
        processes = [start(server, url, 50, 30) for _ in range(2)]
        assert [process.wait(60) for process in processes] == [0, 0]
    after = [request.arrived - said[0] for request in server.requests if request.arrived > said[0]]
    assert not [seconds for seconds in after if 0.15 < seconds < 0.95]
    assert len([seconds for seconds in after if seconds <= 0.15]) <= 8


def test_those_who_wait_already_wait_for_another_machines_pause_too(url: str) -> None:
    here, there = (PostgreSQLLimiter(url, "w", 8) for _ in range(2))
    assert there.acquire()
    assert here.acquire()
    times: list[float] = []
    thread = threading.Thread(target=lambda: here.acquire() and times.append(time.monotonic()))
    thread.start()
    time.sleep(0.03)
    began = time.monotonic()
    there.pause(0.6)
    there.pause(0.1)  # a shorter pause does not end a longer one
    thread.join()
    assert times[0] - began >= 0.55
    here.close()
    there.close()


def test_a_wish_to_stop_ends_the_waiting(url: str) -> None:
    limiter = PostgreSQLLimiter(url, "w", 1)
    limiter.pause(60)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    assert not limiter.acquire(stop.is_set)
    assert time.monotonic() - began < 1.2
    limiter.close()


def test_times_of_a_clock_that_was_set_back_block_nobody(url: str) -> None:
    limiter = PostgreSQLLimiter(url, "w", 10)
    assert limiter.acquire()
    with psycopg.connect(url) as database:
        database.execute("UPDATE headcount_state.budgets SET opens = opens + 1e6, paused_until = opens + 1e6")
    began = time.monotonic()
    assert limiter.acquire()
    assert time.monotonic() - began < 0.5
    limiter.close()


def test_a_connection_that_is_cut_is_opened_again(url: str) -> None:
    limiter = PostgreSQLLimiter(url, "w", None)
    assert limiter.acquire()
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert limiter.acquire()
    limiter.close()


def test_a_server_that_does_not_come_back_is_an_error_without_the_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("headcount.postgresql.budget.PATIENCE", 0.2)
    with pytest.raises(StateError, match="cannot be reached") as caught:
        PostgreSQLLimiter("postgresql://u:hunter2@127.0.0.1:1/x", "w", 5).acquire()
    assert "hunter2" not in str(caught.value)


def test_who_yields_leaves_nearly_everything_to_those_who_are_due(url: str) -> None:
    times = check_yielding(lambda yields: PostgreSQLLimiter(url, "w", 100, yields=yields))
    assert most_in_a_second(times) <= 100


def test_who_yields_takes_what_the_others_leave(url: str) -> None:
    check_left_over(lambda yields: PostgreSQLLimiter(url, "w", 100, yields=yields))


def test_a_table_of_budgets_of_an_older_release_is_brought_up_to_date(url: str) -> None:
    before = PostgreSQLLimiter(url, "w", 100)
    assert before.acquire()
    before.close()
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("ALTER TABLE headcount_state.budgets DROP COLUMN yielded")
    limiter = PostgreSQLLimiter(url, "w", 100, yields=True)
    assert limiter.acquire()
    limiter.close()
