"""Connections made, tested, changed and deleted; no secret ever comes back."""

from __future__ import annotations

from typing import Any

from headcount.control.models import Connection, Role, Secret
from headcount.sandbox.seed import PRODUCTION, STAGING
from tests.api.caller import Caller
from tests.api.conftest import Call
from tests.journeys.desk import Desk


def target(office: Desk, **more: Any) -> dict[str, Any]:
    return {
        "site_id": PRODUCTION.site_id,
        "api_key": PRODUCTION.api_key,
        "base_url": office.workspace.url,
        **more,
    }


def test_a_destination_is_added_as_other_clients_do_and_never_tells_its_secret(
    office: Desk, owner: Caller
) -> None:
    body = {"service_connection": {"type": "customerio", "name": "Second", "credentials": target(office)}}
    made = owner.post("/destinations", body)
    assert (made.code, made.body["status"]) == (201, "created")
    found = owner.get(f"/destinations/{made.body['data']['id']}")
    assert found.data["credentials"] == {"api_key": "stored"}
    assert found.data["last_test_succeeded"] is True
    assert found.data["workspace_id"] == 1001
    assert [each["full_name"] for each in found.data["objects"]][:2] == ["person", "event"]
    assert Secret.objects.filter(connection__key=found.data["key"]).count() == 1
    for path in ("/destinations", "/connections", f"/connections/{found.data['id']}", "/activity"):
        assert PRODUCTION.api_key not in owner.get(path).text


def test_a_source_is_added_changed_and_deleted(office: Desk, owner: Caller) -> None:
    body = {"connection": {"type": "sqlite", "label": "Copy", "credentials": {"path": str(office.database)}}}
    number = owner.post("/sources", body).body["data"]["id"]
    changed = owner.patch(f"/sources/{number}", {"connection": {"label": "Copy of it"}})
    assert (changed.body["status"], changed.data["name"], changed.data["key"]) == (
        "updated",
        "Copy of it",
        "copy",
    )
    assert changed.data["connection_details"] == {"path": str(office.database)}
    assert owner.delete(f"/sources/{number}").body == {"status": "deleted"}
    assert owner.get(f"/sources/{number}").code == 404


def test_what_does_not_answer_is_not_saved_unless_that_is_asked_for(office: Desk, owner: Caller) -> None:
    body = {"type": "customerio", "name": "Wrong", "credentials": target(office, api_key="not-the-key")}
    answer = owner.post("/connections", body)
    assert (answer.code, answer.fields) == (422, ["credentials"])
    assert "save_untested" in answer.body["hint"]
    assert "not-the-key" not in answer.text
    assert not Connection.objects.filter(name="Wrong").exists()
    assert owner.post("/connections", {**body, "save_untested": True}).code == 201


def test_a_connection_can_be_tried_before_it_is_saved(office: Desk, owner: Caller) -> None:
    body = {"type": "customerio", "credentials": target(office)}
    assert owner.post("/connections/test", body).data["passed"] is True
    assert Connection.objects.count() == 2


def test_credentials_of_another_workspace_are_refused(office: Desk, owner: Caller) -> None:
    number = owner.get("/destinations").data[0]["id"]
    owner.post(f"/connections/{number}/test")
    other = {"site_id": STAGING.site_id, "api_key": STAGING.api_key, "base_url": office.workspace.url}
    answer = owner.patch(f"/connections/{number}", {"credentials": other})
    assert answer.code == 409
    assert "workspace" in answer.body["message"]
    assert Connection.objects.get(pk=number).settings["site_id"] == PRODUCTION.site_id


def test_a_secret_may_be_a_reference_and_may_be_forgotten(office: Desk, owner: Caller) -> None:
    body = {"type": "customerio", "name": "Env", "credentials": target(office, api_key="env:JOURNEY_API_KEY")}
    number = owner.post("/connections", body).body["data"]["id"]
    assert owner.get(f"/connections/{number}").data["credentials"] == {"api_key": "environment"}
    with_app = {"credentials": {"app_api_key": PRODUCTION.app_key}}
    assert owner.patch(f"/connections/{number}", with_app).code == 200
    assert "app_api_key" in owner.get(f"/connections/{number}").data["credentials"]
    without = owner.patch(f"/connections/{number}", {"credentials": {"app_api_key": None}})
    assert without.data["credentials"] == {"api_key": "environment"}


def test_mistakes_are_told_by_field(owner: Caller) -> None:
    answer = owner.post("/connections", {"type": "customerio", "credentials": {"sight_id": "x"}})
    assert answer.code == 422
    assert {"sight_id", "site_id", "api_key"} <= set(answer.fields)
    assert owner.post("/connections", {"type": "oracle"}).fields == ["type"]
    assert owner.post("/sources", {"connection": {"type": "customerio"}}).fields == ["type"]
    assert owner.post("/connections", {"kind": "sqlite"}).fields == ["kind"]


def test_a_connection_in_use_stays_and_says_who_uses_it(owner: Caller) -> None:
    number = owner.get("/sources").data[0]["id"]
    answer = owner.delete(f"/sources/{number}")
    assert answer.code == 409
    assert "in use by" in answer.body["message"]


def test_an_editor_may_look_at_connections_and_not_change_them(call: Call) -> None:
    editor = call(Role.EDITOR)
    number = editor.get("/sources").data[0]["id"]
    assert editor.patch(f"/sources/{number}", {"connection": {"label": "Mine"}}).code == 403
    assert editor.delete(f"/sources/{number}").code == 403
