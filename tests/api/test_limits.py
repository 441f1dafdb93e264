"""How much and how often may be sent."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
import time_machine
from django.test import override_settings

from headcount.control.models import Sync
from headcount.control.setup import close
from headcount.errors import SourceError
from headcount.service import drafting, planning
from headcount.service.editing import open_sync
from headcount.service.looking import AT_ONCE
from headcount.serving.server import Listening
from tests.api.caller import Caller
from tests.api.conftest import Call
from tests.journeys.desk import Desk


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


ENDLESS = "WITH RECURSIVE t(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM t) SELECT id, id AS plan FROM t WHERE id < 0"


@pytest.fixture
def endless(office: Desk) -> Sync:
    """A sync whose model never has its first row."""
    office.project["models"]["endless"] = {"connection": "company", "query": ENDLESS}
    people = office.project["syncs"]["people"]
    kept = {name: people[name] for name in ("destination", "behavior")}
    office.project["syncs"]["endless"] = {
        **kept,
        "source": {"model": "endless"},
        "identifier": {"from": "id", "to": "id"},
        "mappings": [{"from": "plan", "to": "plan"}],
    }
    office.apply()
    return Sync.objects.get(key="endless")


def test_a_preview_whose_first_row_never_comes_is_stopped(
    owner: Caller, endless: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "PREVIEW_SECONDS", 0.5)
    monkeypatch.setattr(drafting, "PREVIEW_SECONDS", 0.5)
    monkeypatch.setattr(drafting, "COMPARE_SECONDS", 0.5)
    preview = owner.get(f"/syncs/{endless.pk}/preview")
    assert (preview.code, "took longer" in preview.body["message"]) == (422, True)
    assert owner.post(f"/syncs/{endless.pk}/payload", {"identifier": "7"}).code == 422
    assert "took longer" in owner.post(f"/syncs/{endless.pk}/estimate", {}).body["message"]
    with pytest.raises(SourceError, match="took longer"):
        drafting.preview_entry("endless", open_sync("endless").entry)


def test_more_looks_into_sources_than_leave_threads_for_others_are_refused_at_once(
    owner: Caller, endless: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "PREVIEW_SECONDS", 3.0)
    codes: Counter[int] = Counter()

    def look() -> None:
        try:
            codes[owner.get(f"/syncs/{endless.pk}/preview").code] += 1
        finally:
            close()

    threads = [threading.Thread(target=look) for _ in range(Listening.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == {422: AT_ONCE, 503: Listening.threads - AT_ONCE}
    assert owner.get(f"/syncs/{Sync.objects.get(key='people').pk}/preview").code == 200
