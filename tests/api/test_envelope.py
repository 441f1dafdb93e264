"""What every answer looks like, and how lists are paged."""

from __future__ import annotations

from headcount.control import runs
from headcount.control.models import Sync
from tests.api.caller import Caller


def some_runs(count: int) -> list[int]:
    sync = Sync.objects.get(key="people")
    return [runs.add(sync).pk for _ in range(count)]


def test_a_list_tells_its_length_its_pages_and_the_address_of_the_next_one(owner: Caller) -> None:
    ids = some_runs(5)
    first = owner.get("/sync_runs?per_page=2")
    assert first.body["status"] == "success"
    assert [run["id"] for run in first.data] == ids[:2:-1]
    assert first.body["pagination"] == {
        "total_records": 5,
        "per_page": 2,
        "prev_page": None,
        "page": 1,
        "next_page": 2,
        "last_page": 3,
    }
    following = first.body["next"]
    assert following == "http://testserver/api/v1/sync_runs?per_page=2&page=2"
    last = owner.get(following.removeprefix("http://testserver/api/v1")[:-1] + "3")
    assert [run["id"] for run in last.data] == ids[:1]
    assert last.body["next"] is None
    assert last.body["pagination"]["prev_page"] == 2


def test_lists_can_be_read_from_the_oldest_on(owner: Caller) -> None:
    ids = some_runs(3)
    assert [run["id"] for run in owner.get("/sync_runs?order=asc").data] == ids


def test_a_page_behind_the_last_one_is_empty_and_leads_back(owner: Caller) -> None:
    some_runs(3)
    beyond = owner.get("/sync_runs?page=9")
    assert beyond.data == []
    assert beyond.body["pagination"]["prev_page"] == beyond.body["pagination"]["last_page"] == 1


def test_a_page_that_cannot_be_is_refused_with_the_name_of_the_parameter(owner: Caller) -> None:
    for query, field in (("page=0", "page"), ("per_page=101", "per_page"), ("order=up", "order")):
        answer = owner.get(f"/sync_runs?{query}")
        assert (answer.code, answer.body["status"], answer.fields) == (422, "error", [field])


def test_the_runs_of_a_sync_are_its_own(owner: Caller) -> None:
    (people, events) = (Sync.objects.get(key=key).pk for key in ("people", "events"))
    some_runs(2)
    assert len(owner.get(f"/syncs/{people}/sync_runs").data) == 2
    assert owner.get(f"/syncs/{events}/sync_runs").data == []


def test_what_is_not_there_is_said_in_the_envelope(owner: Caller) -> None:
    for path in ("/syncs/999", "/sync_runs/999", "/models/999", "/sources/999", "/destinations/999"):
        answer = owner.get(path)
        assert (answer.code, answer.body["status"]) == (404, "error")
        assert answer.body["message"].startswith("There is no ")
        assert answer.body["hint"]
    assert owner.get("/nowhere").body["message"] == "There is no such address."
    assert owner.get("/").code == 404


def test_a_source_is_no_destination_though_both_are_connections(owner: Caller) -> None:
    (source,) = owner.get("/sources").data
    (destination,) = owner.get("/destinations").data
    assert owner.get(f"/destinations/{source['id']}").code == 404
    assert owner.get(f"/sources/{destination['id']}").code == 404
    assert [each["id"] for each in owner.get("/connections?order=asc").data] == [
        source["id"],
        destination["id"],
    ]
    assert owner.get(f"/connections/{source['id']}").data["role"] == "source"


def test_a_method_that_an_address_does_not_know_is_told_with_those_it_knows(owner: Caller) -> None:
    answer = owner.ask("PUT", "/syncs/1")
    assert (answer.code, answer.body["status"]) == (405, "error")
    assert "PATCH" in answer.headers["Allow"]
    assert "PATCH" in answer.body["hint"]
