"""How the answers to a batch are read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headcount.destinations.base import Answer, Verdict
from headcount.destinations.customerio.answers import LONGEST_PAUSE, batch_answer, pause_asked
from headcount.destinations.customerio.transport import Reply
from headcount.errors import CredentialsRefused, DestinationError, HeadcountError, TransientError
from tests.delivery.scripted import entry, errors


def reply(status: int, body: Any = b"{}\n", **headers: str) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status=status, headers=headers, body=data)


def read(status: int, body: Any = b"{}\n", count: int = 3) -> Answer:
    return batch_answer(reply(status, body), count)


@pytest.mark.parametrize("body", [b"{}\n", b'{"errors": null}', b'{"errors": []}', b'{\n  "meta": {}\n}\n'])
def test_a_200_without_complaints_takes_everything(body: bytes) -> None:
    assert read(200, body) == Answer(verdict=Verdict.TAKEN, status=200)


@pytest.mark.parametrize("body", [b"", b"{", b"<html>", b"[]", b"null", b'"ok"', b"\xff"])
@pytest.mark.parametrize("status", [200, 204, 207])
def test_a_2xx_is_never_success_before_a_json_object_was_read(status: int, body: bytes) -> None:
    with pytest.raises(TransientError) as caught:
        read(status, body)
    assert caught.value.applied


@pytest.mark.parametrize("status", [200, 202, 207])
def test_errors_are_found_whatever_the_2xx(status: int) -> None:
    answer = read(status, errors(entry(2)))
    assert answer.verdict is Verdict.TAKEN
    assert [(e.index, e.reason, e.field, e.message) for e in answer.errors] == [
        (2, "invalid", "attributes.plan", "no")
    ]


def test_several_errors_at_one_index_are_one() -> None:
    body = errors(entry(2, message="too long"), entry(0), entry(2, "required", "action", "is missing"))
    answer = read(207, body)
    assert [e.index for e in answer.errors] == [0, 2]
    assert (answer.errors[1].reason, answer.errors[1].field) == ("invalid", "attributes.plan")
    assert answer.errors[1].message == "too long; is missing"


@pytest.mark.parametrize("index", [None, True, False, "1", 1.0, -1, 3, [], {}])
def test_one_index_that_cannot_be_trusted_makes_the_answer_unattributable(index: Any) -> None:
    assert read(207, errors(entry(0), entry(index))).verdict is Verdict.UNATTRIBUTABLE


@pytest.mark.parametrize("index", [None, True, "1", 7, 0])
def test_with_one_item_every_error_is_its_own(index: Any) -> None:
    answer = read(207, errors(entry(index, message="a"), entry(index, message="b")), count=1)
    assert answer.verdict is Verdict.TAKEN
    assert [(e.index, e.message) for e in answer.errors] == [(0, "a; b")]


@pytest.mark.parametrize("body", [{"errors": "no"}, {"errors": {"a": 1}}, {"errors": 3}, {"errors": ["no"]}])
def test_errors_of_a_strange_type_are_unattributable(body: Any) -> None:
    assert read(200, body).verdict is Verdict.UNATTRIBUTABLE


def test_a_207_that_names_no_error_is_unattributable() -> None:
    assert read(207).verdict is Verdict.UNATTRIBUTABLE


@pytest.mark.parametrize("body", [{"meta": {"error": "no"}}, {"meta": {"errors": ["no"]}}])
def test_the_older_error_shape_inside_a_200_is_no_success(body: Any) -> None:
    assert read(200, body).verdict is Verdict.UNATTRIBUTABLE


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_refusal_with_indexes_names_its_items(status: int) -> None:
    answer = read(status, errors(entry(1), entry(2)))
    assert answer.verdict is Verdict.REFUSED
    assert [e.index for e in answer.errors] == [1, 2]


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"message": "say"}]},
        {"errors": ["say"]},
        {"errors": [{"detail": "say", "status": "400"}]},
        {"errors": "say"},
        {"meta": {"error": "say"}},
        {"meta": {"errors": ["say"]}},
        {"errors": [{"batch_index": 9, "message": "say"}]},
    ],
)
def test_a_refusal_without_indexes_keeps_the_words(body: Any) -> None:
    answer = read(400, body)
    assert answer.verdict is Verdict.REFUSED
    assert [(e.index, e.message) for e in answer.errors] == [(None, "say")]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[1]", {"meta": "x"}, {"errors": [None]}, {"meta": {"error": 3}}]
)
def test_a_refusal_in_no_known_shape_is_still_a_refusal(body: Any) -> None:
    answer = read(400, body)
    assert answer.verdict is Verdict.REFUSED
    assert all(e.index is None and e.message == "" for e in answer.errors)


def test_a_413_is_about_the_size() -> None:
    assert read(413, b"<html>").verdict is Verdict.TOO_LARGE


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_come_with_advice(status: int) -> None:
    with pytest.raises(CredentialsRefused, match="Look there") as caught:
        batch_answer(reply(status), 3, "Look there.")
    assert caught.value.hint == "Look there."


@pytest.mark.parametrize("status", [301, 302, 304, 402, 404, 405, 410, 415, 451])
def test_what_no_retry_mends_is_the_operators(status: int) -> None:
    with pytest.raises(DestinationError, match=str(status)):
        read(status)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 522, 524, 599])
def test_trouble_on_their_side_may_have_been_applied(status: int) -> None:
    with pytest.raises(TransientError) as caught:
        batch_answer(reply(status, b"", **{"Retry-After": "7"}), 3)
    assert caught.value.applied
    assert caught.value.retry_after == 7


def test_a_429_was_not_applied_and_always_names_a_pause() -> None:
    for headers, pause in (({"Retry-After": "12"}, 12), ({}, 1), ({"Retry-After": "soon"}, 1)):
        with pytest.raises(TransientError) as caught:
            batch_answer(reply(429, b"", **headers), 3)
        assert not caught.value.applied
        assert caught.value.retry_after == pause


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "-inf", "Mon, 99 Foo 2020 00:00:00 GMT"])
def test_an_unreadable_retry_after_is_none(text: str) -> None:
    assert pause_asked({"Retry-After": text}) is None


def test_retry_after_may_be_a_date() -> None:
    then = datetime.now(UTC) + timedelta(seconds=30)
    assert pause_asked({"Retry-After": format_datetime(then, usegmt=True)}) == pytest.approx(30, abs=2)
    assert pause_asked({"Retry-After": format_datetime(then - timedelta(days=1), usegmt=True)}) == 0
    assert (
        pause_asked({"Retry-After": format_datetime(then + timedelta(days=1), usegmt=True)}) == LONGEST_PAUSE
    )
    assert pause_asked({"Retry-After": "86400"}) == LONGEST_PAUSE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["errors", "meta", "error", "batch_index", "reason", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(status=st.integers(200, 599), body=JSON, count=st.integers(1, 4))
def test_any_json_gives_an_answer_with_valid_indexes_or_an_error_of_ours(
    status: int, body: Any, count: int
) -> None:
    try:
        answer = read(status, body, count)
    except HeadcountError:
        return
    indexes = [e.index for e in answer.errors]
    assert len(set(indexes)) == len(indexes)
    if answer.verdict is Verdict.TAKEN:
        assert all(type(index) is int and 0 <= index < count for index in indexes)
