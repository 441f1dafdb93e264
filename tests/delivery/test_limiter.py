"""No second sees more requests than the budget, from however many threads and processes (P5)."""

from __future__ import annotations

import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from headcount.errors import StateError
from headcount.limiter import FileLimiter, Limiter, Unlimited
from tests.delivery.book import Book, client_of, numbered, run
from tests.delivery.crowd import check_left_over, check_yielding
from tests.delivery.scripted import Scripted, say

PROCESS = """
import sys
from pathlib import Path
from headcount.limiter import FileLimiter
from tests.delivery.book import Book, client_of, numbered, run
url, path, rate, requests = sys.argv[1:]
limiter = FileLimiter(Path(path), float(rate))
delivery = run(numbered(int(requests), 1), client_of(url), Book(), limiter=limiter)
assert delivery.accepted == int(requests), delivery
"""


LATE = (
    1  # request more that a second may see: one that was let go on time and arrived late, on a busy machine
)


def most_in_a_second(times: Sequence[float]) -> int:
    """The fullest one-second window, by two hands that move over the sorted times."""
    times, first, most = sorted(times), 0, 0
    for last, now in enumerate(times):
        while now - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def start(server: Scripted, path: Path, rate: float, requests: int) -> subprocess.Popen[bytes]:
    arguments = [server.url, str(path), str(rate), str(requests)]
    return subprocess.Popen([sys.executable, "-c", PROCESS, *arguments])


@pytest.mark.parametrize("rate", [40, 7])
def test_two_processes_with_three_senders_each_keep_one_budget(tmp_path: Path, rate: int) -> None:
    with Scripted(lambda _: say(200)) as server:
        processes = [start(server, tmp_path / "budget", rate, int(rate * 1.5)) for _ in range(2)]
        assert [process.wait(30) for process in processes] == [0, 0]
    times = [request.arrived for request in server.requests]
    assert most_in_a_second(times) <= rate + LATE
    assert (len(times) - 1) / (max(times) - min(times)) > 0.85 * rate  # and the budget is not wasted


def test_processes_with_different_budgets_keep_the_larger_and_nobody_starves(tmp_path: Path) -> None:
    with Scripted(lambda _: say(200)) as server:
        processes = [
            start(server, tmp_path / "budget", rate, requests) for rate, requests in ((10, 8), (40, 40))
        ]
        assert [process.wait(30) for process in processes] == [0, 0]
    assert most_in_a_second([request.arrived for request in server.requests]) <= 40 + LATE


def test_a_429_pauses_all_processes(tmp_path: Path) -> None:
    """Whoever is on its way when the 429 is said may still arrive; after that there is silence."""
    said: list[float] = []

    def script(request: object) -> Callable[..., bool]:
        if len(server.requests) == 20:
            said.append(time.monotonic())
            return say(429, {}, Retry_After="1")
        return say(200)

    with Scripted(script) as server:
        processes = [start(server, tmp_path / "budget", 50, 30) for _ in range(2)]
        assert [process.wait(30) for process in processes] == [0, 0]
    after = [request.arrived - said[0] for request in server.requests if request.arrived > said[0]]
    assert not [seconds for seconds in after if 0.1 < seconds < 0.95]
    assert len([seconds for seconds in after if seconds <= 0.1]) <= 6


def test_threads_that_wake_up_late_do_not_bunch(tmp_path: Path) -> None:
    path, times = tmp_path / "budget", []

    def work(limiter: Limiter) -> None:
        for _ in range(15):
            assert limiter.acquire()
            times.append(time.monotonic())
            time.sleep(0.013)

    threads = [threading.Thread(target=work, args=(FileLimiter(path, 100),)) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    times.sort()
    assert most_in_a_second(times) <= 100


def test_those_who_wait_already_wait_for_the_pause_too(tmp_path: Path) -> None:
    limiter = FileLimiter(tmp_path / "budget", 5)
    assert limiter.acquire()
    times: list[float] = []
    thread = threading.Thread(target=lambda: limiter.acquire() and times.append(time.monotonic()))
    thread.start()
    time.sleep(0.05)
    began = time.monotonic()
    limiter.pause(0.5)
    thread.join()
    assert times[0] - began >= 0.5


def test_a_shorter_pause_does_not_end_a_longer_one(tmp_path: Path) -> None:
    limiter, began = FileLimiter(tmp_path / "budget", None), time.monotonic()
    limiter.pause(0.3)
    limiter.pause(0.01)
    limiter.pause(-5)
    assert limiter.acquire()
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("limited", [True, False])
def test_a_wish_to_stop_ends_the_waiting(tmp_path: Path, limited: bool) -> None:
    limiter: Limiter = FileLimiter(tmp_path / "budget", 1) if limited else Unlimited()
    limiter.pause(60)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    assert not limiter.acquire(stop.is_set)
    assert time.monotonic() - began < 0.8


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        b"\xff" * 24,
        struct.pack("<3d", 1e12, 1e12 + 1, 1e12 + 300),  # the machine was started again since
        struct.pack("<3d", 0.0, float("inf"), float("nan")),
    ],
)
def test_what_an_earlier_life_left_behind_blocks_nobody(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "budget").write_bytes(content)
    began = time.monotonic()
    assert FileLimiter(tmp_path / "budget", 10).acquire()
    assert time.monotonic() - began < 0.1


def test_without_a_limit_it_costs_next_to_nothing(tmp_path: Path) -> None:
    limiter, began = FileLimiter(tmp_path / "budget", 0), time.monotonic()
    for _ in range(1000):
        limiter.acquire()
    assert time.monotonic() - began < 0.5


def test_a_budget_that_cannot_be_written_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="own directory"):
        FileLimiter(tmp_path / "missing" / "budget", 10).acquire()


def test_the_budget_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    FileLimiter(tmp_path / "budget", 10).acquire()
    assert (tmp_path / "budget").stat().st_mode & 0o777 == 0o600


def test_every_request_asks_for_the_budget_retries_and_searches_too() -> None:
    class Counting(Unlimited):
        asked = 0

        def acquire(self, stop: Callable[[], bool] = lambda: False) -> bool:
            self.asked += 1
            return super().acquire(stop)

    limiter, answers = (
        Counting(),
        iter([say(503), say(400), say(200), say(400), say(429, {}, Retry_After="0")]),
    )
    with Scripted(lambda _: next(answers, say(200))) as server:
        run(numbered(4, 4), client_of(server.url), Book(), limiter=limiter)
    assert limiter.asked == len(server.requests) == 7


def test_who_yields_leaves_nearly_everything_to_those_who_are_due(tmp_path: Path) -> None:
    times = check_yielding(lambda yields: FileLimiter(tmp_path / "budget", 100, yields=yields))
    assert most_in_a_second(times) <= 100


def test_who_yields_takes_what_the_others_leave(tmp_path: Path) -> None:
    check_left_over(lambda yields: FileLimiter(tmp_path / "budget", 100, yields=yields))
