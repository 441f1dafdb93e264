"""The order of a delivery, its ends, and what it keeps in memory."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from headcount.destinations.base import Answer, Verdict
from headcount.errors import CredentialsRefused, DestinationError, EveryRowRefused, StateError
from headcount.limiter import FileLimiter
from headcount.model import Batch, Fate, Receipt, RetryPolicy
from tests.delivery.book import Book, client_of, numbered, run
from tests.delivery.scripted import Action, Request, Scripted, entry, errors, say
from tests.delivery.workspace import NAMED, WHOLE_400, Workspace


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted(lambda _: say(200)) as running:
        yield running


def later(seconds: float, action: Action) -> Action:
    time.sleep(seconds)
    return action


# Order.


def test_every_intent_is_durable_before_its_request_arrives(server: Scripted) -> None:
    book = Book(slow=0.002)
    run(numbered(3000, 20), client_of(server.url), book)
    for request in server.requests:
        assert book.intents[request.items[0]["n"]] < request.arrived
    assert len(server.requests) == 150
    assert book.fates() == dict.fromkeys(range(3000), Fate.ACCEPTED)


def test_intents_and_receipts_share_transactions_when_there_are_many(server: Scripted) -> None:
    book = Book(slow=0.005)
    run(numbered(3000, 10), client_of(server.url), book)
    assert sum(book.intent_groups) == sum(book.receipt_groups) == 300
    assert max(book.intent_groups) <= 6
    assert len(book.intent_groups) < 150
    assert len(book.receipt_groups) < 150


def test_a_receipt_does_not_wait_for_the_next_one(server: Scripted) -> None:
    book, seen = Book(), []

    def slowly() -> Iterator[Batch]:
        for batch in numbered(4, 1):
            yield batch
            time.sleep(0.2)
            seen.append(len(book.receipts))

    run(slowly(), client_of(server.url), book)
    assert seen[1:] == [2, 3, 4]


def test_progress_hears_of_durable_receipts_only(server: Scripted) -> None:
    book, heard = Book(), []

    def progress(receipt: Receipt) -> None:
        assert receipt.first in book.receipts
        heard.append(receipt.first)

    run(numbered(100, 10), client_of(server.url), book, progress=progress)
    assert sorted(heard) == list(range(0, 100, 10))


def test_no_batches_are_no_requests_and_no_transactions(server: Scripted) -> None:
    book = Book()
    delivery = run(iter(()), client_of(server.url), book)
    assert (delivery.accepted, delivery.requests, delivery.error, delivery.stopped) == (0, 0, None, False)
    assert book.intent_groups == book.receipt_groups == server.requests == []


def test_only_a_few_batches_are_in_memory_at_a_time(server: Scripted) -> None:
    book, pulled, most = Book(), 0, 0

    def counted() -> Iterator[Batch]:
        nonlocal pulled, most
        for batch in numbered(600, 10):
            pulled += 1
            most = max(most, pulled - len(server.requests))
            yield batch

    server.script = lambda _: later(0.005, say(200))
    run(counted(), client_of(server.url), book)
    assert pulled == 60
    assert most <= 3 * 3


def test_several_requests_are_in_flight_at_once(server: Scripted) -> None:
    server.script = lambda _: later(0.05, say(200))
    began = time.monotonic()
    run(numbered(24, 1), client_of(server.url), Book(), senders=8)
    assert time.monotonic() - began < 24 * 0.05 / 2
    assert len({request.connection for request in server.requests}) <= 8


# Ends.


@pytest.mark.parametrize(
    ("status", "kind"), [(401, CredentialsRefused), (404, DestinationError), (301, DestinationError)]
)
def test_what_the_operator_must_mend_ends_everything(
    server: Scripted, status: int, kind: type[Exception]
) -> None:
    server.script = lambda request: say(status if len(server.requests) > 5 else 200)
    book = Book()
    delivery = run(numbered(10_000, 10), client_of(server.url), book)
    assert type(delivery.error) is kind
    assert len(server.requests) <= 5 + 3
    assert delivery.accepted == 50
    assert delivery.in_doubt == 0
    assert set(book.receipts) == set(book.intents)
    assert delivery.unsent <= 9 * 10


def test_a_cancel_lets_requests_in_flight_finish_and_sends_no_more(server: Scripted) -> None:
    book = Book()

    def script(request: Request) -> Action:
        book.stop = len(server.requests) >= 10
        return later(0.02, say(200))

    server.script = script
    delivery = run(numbered(100_000, 10), client_of(server.url), book)
    assert delivery.stopped
    assert delivery.error is None
    assert delivery.accepted == 10 * len(server.requests)
    assert delivery.in_doubt == 0
    assert len(server.requests) < 100


@pytest.mark.parametrize("script", [say(429, {}, Retry_After="60"), say(503, {}, Retry_After="60")])
def test_a_cancel_during_a_long_pause_is_heard_within_a_second(
    server: Scripted, script: Action, tmp_path: Path
) -> None:
    server.script = lambda _: script
    assert _seconds_to_stop(server, FileLimiter(tmp_path / "budget", None)) < 1.2


def test_a_cancel_while_waiting_for_the_budget_is_heard_within_a_second(
    server: Scripted, tmp_path: Path
) -> None:
    assert _seconds_to_stop(server, FileLimiter(tmp_path / "budget", 0.05)) < 1.2


def _seconds_to_stop(server: Scripted, limiter: FileLimiter) -> float:
    book, stopped = Book(), []

    def stop() -> None:
        book.stop = True
        stopped.append(time.monotonic())

    timer = threading.Timer(0.3, stop)
    timer.start()
    retry = RetryPolicy(attempts=6, base=0.5, cap=60)
    delivery = run(numbered(100, 10), client_of(server.url), book, limiter=limiter, retry=retry)
    timer.join()
    assert delivery.stopped
    return time.monotonic() - stopped[0]


def interrupting(server: Scripted) -> threading.Thread:
    """Ctrl-C as soon as a request is on its way."""
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        while not server.requests:
            time.sleep(0.005)
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    return thread


def test_an_interrupt_lets_requests_finish_stores_their_receipts_and_is_raised(server: Scripted) -> None:
    server.script = lambda _: later(0.2, say(200))
    book = Book()
    interrupter = interrupting(server)
    with pytest.raises(KeyboardInterrupt):
        run(numbered(1000, 10), client_of(server.url), book)
    interrupter.join()
    assert 0 < len(book.of(Fate.ACCEPTED)) == 10 * len(server.requests) < 1000
    assert set(book.receipts) <= set(book.intents)
    assert not book.of(Fate.UNSENT)  # the run will be resumed: what was not tried goes then


def test_an_interrupt_during_the_last_requests_stores_their_receipts_too(server: Scripted) -> None:
    server.script = lambda _: later(0.5, say(200))
    book = Book()
    interrupter = interrupting(server)
    with pytest.raises(KeyboardInterrupt):
        run(numbered(1, 1), client_of(server.url), book)
    interrupter.join()
    assert book.of(Fate.ACCEPTED) == {0}


class Buggy:
    """A client with a bug that one batch brings to light."""

    def send(self, body: bytes, count: int) -> Answer:
        if b'{"n":50}' in body:
            raise RuntimeError("a bug")
        time.sleep(0.01)
        return Answer(verdict=Verdict.TAKEN, status=200)

    def close(self) -> None:
        pass


def test_a_bug_in_a_sender_is_raised_and_leaves_its_batch_without_a_receipt() -> None:
    book = Book()
    with pytest.raises(RuntimeError, match="a bug"):
        run(numbered(10_000, 10), Buggy(), book)  # type: ignore[arg-type]
    assert 50 in set(book.intents) - set(book.receipts)
    assert not book.of(Fate.UNSENT)
    assert {0, 10, 20} <= set(book.receipts)


def test_an_error_of_the_iterator_is_raised_after_what_was_sent_is_stored(server: Scripted) -> None:
    def broken() -> Iterator[Batch]:
        yield from numbered(100, 10)
        raise StateError("the plan cannot be read")

    book = Book()
    server.script = lambda _: later(0.01, say(200))
    with pytest.raises(StateError):
        run(broken(), client_of(server.url), book)
    assert set(book.receipts) == set(book.intents)
    assert len(book.of(Fate.ACCEPTED)) == 10 * len(server.requests)


def test_what_was_not_tried_when_the_permit_is_withdrawn_loses_its_intent(server: Scripted) -> None:
    book = Book()
    server.script = lambda _: later(0.01, say(200))
    permit = lambda: len(server.requests) < 5  # noqa: E731
    delivery = run(numbered(10_000, 10), client_of(server.url), book, permit=permit)
    assert delivery.suspended
    assert len(book.intent_groups) < sum(book.intent_groups)  # they were saved ahead of the senders
    assert sum(book.intent_groups) > len(server.requests)
    assert set(book.intents) == set(book.receipts)
    assert len(book.of(Fate.ACCEPTED)) == 10 * len(server.requests)


class Torn(Book):
    """A ledger that fails: at intents, or at receipts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page

    def save_intents(self, batches: Sequence[Batch]) -> None:
        if self.page == "intents":
            raise StateError("the disk is full")
        super().save_intents(batches)

    def save_receipts(self, receipts: Sequence[Receipt]) -> None:
        if self.page == "receipts":
            raise StateError("the disk is full")
        super().save_receipts(receipts)

    def stop_requested(self) -> bool:
        if self.page == "wishes":
            raise StateError("the disk is full")
        return False


@pytest.mark.parametrize("page", ["intents", "receipts", "wishes"])
def test_a_ledger_that_cannot_be_written_ends_the_delivery(server: Scripted, page: str) -> None:
    with pytest.raises(StateError, match="disk"):
        run(numbered(10_000, 10), client_of(server.url), Torn(page))
    assert len(server.requests) < 100
    if page == "intents":
        assert server.requests == []


def test_an_error_in_progress_is_raised(server: Scripted) -> None:
    def progress(receipt: Receipt) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(numbered(10_000, 10), client_of(server.url), Book(), progress=progress)


def test_no_thread_outlives_a_delivery(server: Scripted) -> None:
    """But for the one of this process that looks after the time of all requests."""
    run(numbered(100, 10), client_of(server.url), Book())
    ours = {thread.name for thread in threading.enumerate() if thread.name.startswith("headcount")}
    assert ours <= {"headcount-deadlines"}


# The first operations (P9).


@pytest.mark.parametrize("way", [NAMED, WHOLE_400])
def test_when_the_first_500_are_all_refused_for_one_reason_the_run_fails(server: Scripted, way: str) -> None:
    server.script = Workspace(range(100_000), way)
    book = Book()
    delivery = run(numbered(100_000, 1000), client_of(server.url), book)
    assert isinstance(delivery.error, EveryRowRefused)
    assert "invalid attributes.plan: no" in delivery.error.message
    assert "attributes.plan" in delivery.error.hint
    assert len(server.requests) < 1100
    assert 500 <= delivery.rejected <= 1000
    assert delivery.accepted == delivery.in_doubt == 0


def test_while_nothing_was_accepted_one_batch_is_sent_at_a_time(server: Scripted) -> None:
    server.script = Workspace(range(100_000))
    delivery = run(numbered(100_000, 100), client_of(server.url), Book(), senders=8)
    assert isinstance(delivery.error, EveryRowRefused)
    assert len(server.requests) == 5


@pytest.mark.parametrize("good", [{0}, {499}, {999}])
def test_one_accepted_row_among_the_first_makes_the_others_the_rows_own(
    server: Scripted, good: set[int]
) -> None:
    server.script = Workspace(set(range(1000)) - good)
    delivery = run(numbered(1000, 1000), client_of(server.url), Book())
    assert (delivery.error, delivery.rejected) == (None, 999)


def test_two_reasons_make_them_the_rows_own(server: Scripted) -> None:
    def script(request: Request) -> Action:
        fields = ["a" if item["n"] == 7 else "b" for item in request.items]
        return say(207, errors(*(entry(index, field=field) for index, field in enumerate(fields))))

    server.script = script
    delivery = run(numbered(1000, 100), client_of(server.url), Book())
    assert (delivery.error, delivery.rejected) == (None, 1000)


def test_fewer_refusals_than_that_are_the_rows_own(server: Scripted) -> None:
    server.script = Workspace(range(499))
    assert run(numbered(499, 100), client_of(server.url), Book()).error is None


def test_messages_without_reason_and_field_are_reasons_themselves(server: Scripted) -> None:
    server.script = lambda request: say(400, {"meta": {"error": f"row {request.items[0]['n'] % 2}"}})
    assert run(numbered(600, 1), client_of(server.url), Book()).error is None
    server.script = lambda request: say(400, {"meta": {"error": "no"}})
    assert isinstance(run(numbered(600, 1), client_of(server.url), Book()).error, EveryRowRefused)


@pytest.mark.parametrize("refused_before", [400, 500])
def test_a_resumed_run_counts_what_an_earlier_process_was_refused(
    server: Scripted, refused_before: int
) -> None:
    server.script = Workspace(range(100_000))
    before = Book()
    run(numbered(refused_before, 100), client_of(server.url), before, first_refusals=0)
    asked = len(server.requests)
    delivery = run(numbered(1000, 100), client_of(server.url), Book(), earlier=before.in_order())
    assert isinstance(delivery.error, EveryRowRefused)
    assert len(server.requests) - asked == (500 - refused_before) // 100
    assert delivery.rejected == 500 - refused_before


def test_a_resumed_run_is_past_its_first_operations_once_one_was_accepted(server: Scripted) -> None:
    server.script = Workspace(set(range(100_000)) - {7})
    before = Book()
    run(numbered(100, 100), client_of(server.url), before)
    delivery = run(numbered(1000, 100), client_of(server.url), Book(), earlier=before.in_order())
    assert (delivery.error, delivery.rejected) == (None, 999)


def test_the_limit_of_first_refusals_can_be_switched_off(server: Scripted) -> None:
    server.script = Workspace(range(1000))
    assert run(numbered(1000, 100), client_of(server.url), Book(), first_refusals=0).error is None
