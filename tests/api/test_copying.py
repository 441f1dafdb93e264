"""A sync copied, and the price of a change told before it is made."""

from __future__ import annotations

import copy
from typing import Any

from tests.api.caller import Caller
from tests.journeys.desk import Desk


def sync(owner: Caller, key: str) -> Any:
    return next(each for each in owner.get("/syncs").data if each["key"] == key)


def test_a_sync_is_copied_into_another_workspace_without_its_triggers(owner: Caller, office: Desk) -> None:
    office.project["connections"]["second"] = copy.deepcopy(office.target)
    office.people_sync["triggers"] = {"schedule": {"every_minutes": 60}}
    office.apply()
    second = next(each["id"] for each in owner.get("/destinations").data if each["key"] == "second")
    people = sync(owner, "people")
    made = owner.post(f"/syncs/{people['id']}/copy", {"name": "Users elsewhere", "destination_id": second})
    assert (made.code, made.body["data"]["key"]) == (201, "users-elsewhere"), made.text
    copied = owner.get(f"/syncs/{made.body['data']['id']}").data
    assert copied["destination_attributes"]["connection_id"] == second
    assert (copied["schedule_frequency"], copied["mappings"]) == ("never", people["mappings"])
    assert sync(owner, "people") == people


def test_a_copy_needs_no_word_and_a_key_that_is_taken_is_refused(owner: Caller, office: Desk) -> None:
    number = sync(owner, "people")["id"]
    assert owner.post(f"/syncs/{number}/copy").body["data"]["key"] == "copy-of-users-to-people"
    refused = owner.post(f"/syncs/{number}/copy", {"key": "events"})
    assert refused.code == 422, refused.text
    assert owner.post(f"/syncs/{number}/copy", {"destination_id": 999}).code == 404


def test_an_estimate_says_what_a_change_would_send_again_and_changes_nothing(
    owner: Caller, office: Desk
) -> None:
    office.run("people")
    people = sync(owner, "people")
    mappings = [*people["entry"]["mappings"], {"from": "email", "to": "mail"}]
    office.workspace.forget()
    found = owner.post(f"/syncs/{people['id']}/estimate", {"entry": {"mappings": mappings}}).data
    assert (found["acknowledged"], found["planned"], found["because"]) == (250, 250, 250)
    assert found["causes"] == "mail is new"
    assert found["reasons"][0] == {"field": "mail", "why": "is new", "rows": 250}
    assert sync(owner, "people") == people
    assert office.workspace.requests() == []
    same = owner.post(f"/syncs/{people['id']}/estimate", {"entry": {}}).data
    assert (same["planned"], same["causes"]) == (0, "")
    wrong = owner.post(
        f"/syncs/{people['id']}/estimate", {"entry": {"mappings": [{"from": "no", "to": "x"}]}}
    )
    assert wrong.code == 422
