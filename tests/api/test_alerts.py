"""Alerts and webhooks over the API: what Owners set up, who is told, and that no address comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headcount.control.models import Delivery
from headcount.service.delivering import send_due
from tests.alerts.receiver import Receiver, receiving
from tests.api.caller import Caller
from tests.api.conftest import Call
from tests.journeys.desk import Desk


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def test_a_channel_is_added_tried_and_deleted_and_its_address_stays_secret(
    owner: Caller, receiver: Receiver
) -> None:
    made = owner.post("/alert_channels", {"name": "ops", "url": receiver.apprise})
    assert (made.code, made.body["data"]["name"]) == (201, "ops")
    path = f"/alert_channels/{made.body['data']['id']}"
    assert owner.post(f"{path}/test").data == {"arrived": True, "message": ""}
    assert receiver.titles() == ["Headcount: a test"]
    listed = owner.get("/alert_channels")
    assert [each["name"] for each in listed.data] == ["ops"]
    assert "tOkEn" not in made.text + listed.text
    assert owner.delete(path).body == {"status": "deleted"}
    assert owner.post(f"{path}/test").code == 404
    assert owner.post("/alert_channels", {"name": "ops", "url": "nothing://"}).code == 422


def test_a_test_that_does_not_arrive_says_why(owner: Caller, receiver: Receiver) -> None:
    made = owner.post("/webhooks", {"name": "far", "url": receiver.url}).body["data"]
    receiver.answers = [500]
    sent = owner.post(f"/webhooks/{made['id']}/test").data
    assert sent["arrived"] is False
    assert "500" in sent["message"]


def test_a_rule_is_added_changed_part_by_part_and_deleted(owner: Caller, office: Desk) -> None:
    wanted = {"kind": "rejected", "threshold": 5, "sync_id": 1, "every_time": True}
    made = owner.post("/alert_rules", wanted)
    assert made.code == 201, made.text
    path = f"/alert_rules/{made.body['data']['id']}"
    assert (made.body["data"]["wish"]["threshold"], made.body["data"]["wish"]["sync"]) == (5, _key(owner, 1))
    changed = owner.patch(path, {"threshold": 0}).data["wish"]
    assert (changed["threshold"], changed["sync"], changed["every_time"]) == (0, _key(owner, 1), True)
    assert owner.patch(path, {"sync_id": None}).data["wish"]["sync"] == ""
    assert owner.get(path).data["wish"]["sync"] == ""
    assert made.body["data"]["id"] in [each["id"] for each in owner.get("/alert_rules").data]
    assert owner.delete(path).code == 200
    assert owner.get(path).code == 404
    wrong = owner.post("/alert_rules", {"kind": "rain"})
    assert (wrong.code, "There are: " in wrong.body["hint"]) == (422, True)
    assert owner.post("/alert_rules", {"kind": "failed", "sync_id": 999}).code == 404


def _key(owner: Caller, number: int) -> str:
    return str(owner.get(f"/syncs/{number}").data["key"])


def test_what_was_told_is_listed_for_everybody(owner: Caller, office: Desk) -> None:
    office.workspace.fault(kind="status", status=401, match={"path": "/api/v2/"})
    office.done("run", "people", code=3)
    office.workspace.heal()
    (alert,) = [each for each in owner.get("/alerts").data if each["kind"] == "failed"]
    assert (alert["sync"], alert["resolved_at"]) == ("people", None)
    number = next(each["id"] for each in owner.get("/syncs").data if each["key"] == "events")
    assert owner.get(f"/alerts?sync_id={number}").data == []


def test_a_webhooks_secret_is_shown_once_and_a_delivery_is_sent_again(
    owner: Caller, receiver: Receiver, office: Desk
) -> None:
    wanted = {"name": "pipeline", "url": receiver.url, "events": ["run.completed"]}
    made = owner.post("/webhooks", wanted)
    assert made.code == 201, made.text
    assert made.body["data"]["secret"].startswith("whsec_")
    listed = owner.get("/webhooks")
    assert [each["endpoint"] for each in listed.data] == [f"http://127.0.0.1:{receiver.port}"]
    assert made.body["data"]["secret"] not in listed.text
    assert "tOkEn" not in made.text + listed.text
    office.run("people")
    send_due()
    (delivery,) = owner.get("/webhook_deliveries").data
    assert (delivery["event"], delivery["sync"], delivery["status"]) == ("run.completed", "people", "sent")
    again = owner.post(f"/webhook_deliveries/{delivery['uid']}/replay")
    assert again.code == 200, again.text
    Delivery.objects.update(due_at=delivery["created_at"])
    send_due()
    assert [one.headers["X-Headcount-Delivery"] for one in receiver.got] == [delivery["uid"]] * 2
    assert owner.post("/webhook_deliveries/nothing/replay").code == 404
    assert owner.post("/webhooks", {**wanted, "name": "other", "events": ["rain"]}).code == 422
    assert owner.delete(f"/webhooks/{made.body['data']['id']}").code == 200
    assert owner.get("/webhooks").data == []


def test_a_second_secret_signs_until_the_first_is_retired(owner: Caller, receiver: Receiver) -> None:
    made = owner.post("/webhooks", {"name": "pipeline", "url": receiver.url}).body["data"]
    path = f"/webhooks/{made['id']}"
    newer = owner.post(f"{path}/rotate").data
    assert newer["secret"].startswith("whsec_")
    assert newer["secret"] != made["secret"]
    owner.post(f"{path}/test")
    retired = owner.post(f"{path}/retire").data
    assert (bool(newer["rotated_at"]), retired["rotated_at"], "secret" in retired) == (True, None, False)
    owner.post(f"{path}/test")
    signatures = [one.headers["X-Headcount-Signature"].count("v1=") for one in receiver.got]
    assert signatures == [2, 1]
    assert owner.post("/webhooks/999/rotate").code == 404


def test_the_doctor_speaks_to_owners(owner: Caller, call: Call) -> None:
    found = {each["subject"]: each for each in owner.get("/doctor").data}
    assert found["control store"]["health"] == "ok"
    assert all(bool(each["todo"]) == (each["health"] != "ok") for each in found.values())
