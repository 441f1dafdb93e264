"""How much and how often may be sent."""

from __future__ import annotations

import time_machine
from django.test import override_settings

from tests.api.caller import Caller
from tests.api.conftest import Call


def test_too_many_requests_are_told_when_to_go_on_and_other_tokens_are_not_hindered(call: Call) -> None:
    eager, other = call(), call()
    with override_settings(API_REQUESTS_PER_MINUTE=3), time_machine.travel(1_800_000_010, tick=False):
        assert [eager.get("/me").code for _ in range(4)] == [200, 200, 200, 429]
        refused = eager.get("/me")
        assert (refused.body["status"], refused.headers["Retry-After"]) == ("error", "50")
        assert other.get("/me").code == 200
    with override_settings(API_REQUESTS_PER_MINUTE=3), time_machine.travel(1_800_000_060, tick=False):
        assert eager.get("/me").code == 200


def test_a_body_that_is_too_large_is_refused(owner: Caller) -> None:
    answer = owner.ask("POST", "/syncs", b'{"label": "' + b"x" * 2_000_001 + b'"}')
    assert (answer.code, answer.body["hint"]) == (413, "Send at most 2 MB.")


def test_a_body_that_is_no_json_or_that_no_database_could_keep_is_refused(owner: Caller) -> None:
    for body in (
        b"{",
        b"\xff",
        b'{"label": NaN}',
        b'{"label": "\\ud800"}',
        b'{"label": "\\u0000"}',
        b"[" * 5000,
    ):
        answer = owner.ask("POST", "/syncs", body)
        assert (answer.code, answer.body["status"]) == (400, "error"), body[:20]


def test_a_backslash_before_u0000_is_text_like_any_other(owner: Caller) -> None:
    answer = owner.ask("POST", "/syncs", b'{"label": "\\\\u0000"}')
    assert answer.code == 422  # for what is missing


def test_an_address_that_no_database_could_look_up_is_refused(owner: Caller) -> None:
    answer = owner.get("/sync_runs?order=%00")
    assert (answer.code, answer.body["status"]) == (400, "error")


def test_numbers_that_no_database_could_keep_are_refused(owner: Caller) -> None:
    for path in ("/syncs/99999999999999999999999", "/syncs/-1", "/syncs/x", "/sync_runs?page=10000000000"):
        assert owner.get(path).code == 422
