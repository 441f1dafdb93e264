"""Exactly one outcome for every change, whatever the destination answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headcount.errors import TransientError
from headcount.model import Fate, RetryPolicy
from tests.delivery import scripted
from tests.delivery.book import Book, client_of, numbered, run
from tests.delivery.scripted import Scripted, entry, errors, say
from tests.delivery.workspace import FAULTS, NAMED_400, WAYS, WHOLE_400, Workspace

PATIENT = RetryPolicy(attempts=12, base=0.0001, cap=0.0002)
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted(lambda _: say(200)) as running:
        yield running


@pytest.mark.parametrize("way", WAYS)
def test_exactly_the_bad_rows_are_rejected(server: Scripted, way: str) -> None:
    bad = {0, 1, 63, 64, 70, 99, 150, 249}
    server.script = workspace = Workspace(bad, way)
    book = Book()
    delivery = run(numbered(250, 100), client_of(server.url), book)
    assert book.of(Fate.REJECTED) == bad
    assert workspace.applied == set(range(250)) - bad
    assert (delivery.accepted, delivery.rejected, delivery.unsent, delivery.error) == (242, 8, 0, None)
    words = {(o.reason, o.field, o.message) for r in book.receipts.values() for o in r.exceptions}
    assert words == {("invalid", "attributes.plan", "no")}


def test_indexes_of_a_refusal_save_the_search(server: Scripted) -> None:
    server.script = Workspace({3, 50}, NAMED_400)
    book = Book()
    delivery = run(numbered(100, 100), client_of(server.url), book)
    assert delivery.requests == 2
    assert [o.index for o in book.receipts[0].exceptions] == [3, 50]


def test_an_index_counts_inside_the_request_just_sent(server: Scripted) -> None:
    """The rows left after a refusal are a new request: its index 0 is another row of the batch."""
    answers = iter([say(400, errors(entry(0), entry(2))), say(207, errors(entry(1))), say(200)])
    server.script = lambda _: next(answers)
    book = Book()
    run(numbered(5, 5), client_of(server.url), book)
    assert [[item["n"] for item in request.items] for request in server.requests] == [
        [0, 1, 2, 3, 4],
        [1, 3, 4],
    ]
    assert book.of(Fate.REJECTED) == {0, 2, 3}


def test_a_single_row_that_is_too_large_is_rejected_as_that(server: Scripted) -> None:
    server.script = lambda request: say(413 if {"n": 2} in request.items else 200, errors())
    book = Book()
    run(numbered(8, 8), client_of(server.url), book)
    assert [(o.index, o.reason) for o in book.receipts[0].exceptions] == [(2, "too large")]


def test_a_vague_answer_about_a_single_row_rejects_it(server: Scripted) -> None:
    server.script = lambda _: say(207, {"errors": "something"})
    book = Book()
    run(numbered(1, 1), client_of(server.url), book)
    assert book.of(Fate.REJECTED) == {0}


def test_after_a_413_larger_requests_are_not_tried_again(server: Scripted) -> None:
    server.script = Workspace(limit=500)
    book = Book()
    delivery = run(numbered(1000, 100), client_of(server.url), book, senders=1)
    assert delivery.accepted == 1000
    assert sum(len(request.body) > 600 for request in server.requests) <= 2


def test_one_oversized_row_does_not_make_all_later_requests_small(server: Scripted) -> None:
    server.script = lambda request: say(413 if {"n": 2} in request.items else 200, b"{}")
    delivery = run(numbered(1000, 100), client_of(server.url), Book(), senders=1)
    assert delivery.requests <= 15 + 9 + 1


def test_a_receipt_knows_what_its_batch_cost(server: Scripted) -> None:
    server.script = Workspace({5}, WHOLE_400, faults=["503"])
    book = Book()
    delivery = run(numbered(8, 8), client_of(server.url), book)
    assert delivery.requests == len(server.requests) == book.receipts[0].requests
    assert delivery.bytes == sum(len(request.body) for request in server.requests)


numbers = st.sets(st.integers(0, 59), max_size=8)


@given(
    bad=numbers | st.just(set(range(60))),
    way=st.sampled_from(WAYS),
    faults=st.lists(st.sampled_from(FAULTS), max_size=9),
    size=st.integers(1, 60),
    limit=st.integers(40, 700) | st.just(1 << 30),
)
@SLOW
def test_whatever_happens_on_the_way_the_outcomes_are_exact(
    server: Scripted, bad: set[int], way: str, faults: list[str], size: int, limit: int
) -> None:
    server.script = workspace = Workspace(bad, way, faults, limit)
    book = Book()
    delivery = run(numbered(60, size), client_of(server.url), book, retry=PATIENT)
    assert delivery.error is None
    assert book.of(Fate.REJECTED) == bad
    assert book.of(Fate.ACCEPTED) == workspace.applied == set(range(60)) - bad
    assert book.of(Fate.IN_DOUBT) == book.of(Fate.UNSENT) == set()


@given(
    bad=numbers,
    way=st.sampled_from(WAYS),
    faults=st.lists(st.sampled_from(("", *FAULTS)), min_size=1, max_size=25),
    size=st.integers(1, 40),
)
@SLOW
def test_however_it_ends_no_outcome_says_more_than_is_known(
    server: Scripted, bad: set[int], way: str, faults: list[str], size: int
) -> None:
    """Two attempts only, so many of these deliveries end early."""
    server.script = workspace = Workspace(bad, way, faults)
    book = Book()
    retry = RetryPolicy(attempts=2, base=0.0001, cap=0.0002)
    delivery = run(numbered(60, size), client_of(server.url), book, retry=retry)
    assert book.of(Fate.ACCEPTED) <= workspace.applied
    assert book.of(Fate.REJECTED) <= bad
    assert not book.of(Fate.UNSENT) & workspace.applied
    assert set(book.intents) == set(book.receipts)
    sums = (delivery.accepted, delivery.rejected, delivery.in_doubt)
    assert sums == tuple(len(book.of(fate)) for fate in (Fate.ACCEPTED, Fate.REJECTED, Fate.IN_DOUBT))
    assert delivery.unsent >= len(book.of(Fate.UNSENT))
    assert (delivery.error is None) == (len(book.of(Fate.UNSENT) | book.of(Fate.IN_DOUBT)) == 0)


# Ends without an answer.


def test_given_up_without_a_connection_nothing_is_in_doubt() -> None:
    book = Book()
    delivery = run(numbered(500, 50), client_of(scripted.nobody()), book)
    assert isinstance(delivery.error, TransientError)
    assert "Given up after 4 attempts" in delivery.error.message
    assert (delivery.accepted, delivery.in_doubt) == (0, 0)
    assert delivery.requests <= 4 * 3
    assert set(book.receipts) == set(book.intents)
    assert delivery.unsent >= sum(r.last - r.first + 1 for r in book.receipts.values())


@pytest.mark.parametrize("action", [say(502), scripted.hang_up, say(200, cut=1), say(200, b"")])
def test_given_up_after_unreadable_answers_the_rows_are_in_doubt(
    server: Scripted, action: scripted.Action
) -> None:
    server.script = lambda _: action
    book = Book()
    delivery = run(numbered(50, 50), client_of(server.url), book)
    assert book.of(Fate.IN_DOUBT) == set(range(50))
    assert isinstance(delivery.error, TransientError)


def test_once_in_doubt_a_later_certain_failure_does_not_make_it_unsent(server: Scripted) -> None:
    answers = iter([scripted.hang_up, say(401)])
    server.script = lambda _: next(answers)
    book = Book()
    run(numbered(5, 5), client_of(server.url), book)
    assert book.of(Fate.IN_DOUBT) == set(range(5))


def test_the_rest_of_a_vague_answer_is_in_doubt_when_the_search_is_broken_off(server: Scripted) -> None:
    answers = iter([say(207, errors(entry(None))), say(200), say(401)])
    server.script = lambda _: next(answers)
    book = Book()
    run(numbered(8, 8), client_of(server.url), book)
    assert book.of(Fate.ACCEPTED) == {0, 1, 2, 3}
    assert book.of(Fate.IN_DOUBT) == {4, 5, 6, 7}


def test_the_rest_of_a_refusal_is_unsent_when_the_search_is_broken_off(server: Scripted) -> None:
    answers = iter([say(400), say(200), say(403)])
    server.script = lambda _: next(answers)
    book = Book()
    run(numbered(8, 8), client_of(server.url), book)
    assert book.of(Fate.ACCEPTED) == {0, 1, 2, 3}
    assert book.of(Fate.UNSENT) == {4, 5, 6, 7}
