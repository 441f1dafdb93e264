"""The pages of alerts and webhooks: Owners change, everybody looks, and nobody reads an address."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client

from headcount.control.models import AlertRule, Audit, Outlet, Role
from headcount.service.delivering import send_due
from tests.alerts.receiver import Receiver, receiving
from tests.journeys.desk import Desk
from tests.web.conftest import Visit

RULE = {
    "kind": "unusual",
    "sync": "people",
    "threshold": "50",
    "counts": "read",
    "runs": "3",
    "enabled": "on",
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def add_channel(owner: Client, receiver: Receiver) -> int:
    owner.post("/settings/alerts/", {"name": "Ops", "url": receiver.apprise})
    return int(Outlet.objects.get(kind="channel").pk)


def test_a_channel_is_added_tested_and_removed(visit: Visit, receiver: Receiver) -> None:
    owner = visit()
    channel = add_channel(owner, receiver)
    assert "Ops is added (JSON)" in text(owner, "/settings/alerts/")
    owner.post(f"/settings/alerts/channels/{channel}/test/")
    assert "was taken" in text(owner, "/settings/alerts/")
    assert receiver.titles() == ["Headcount: a test"]
    receiver.answers = [500]
    owner.post(f"/settings/alerts/channels/{channel}/test/")
    assert "The test did not arrive. JSON did not take it" in text(owner, "/settings/alerts/")
    owner.post(f"/settings/alerts/channels/{channel}/remove/")
    assert not Outlet.objects.exists()
    assert [line.action for line in Audit.objects.order_by("id")] == ["added", "tested", "tested", "removed"]


def test_an_address_that_cannot_be_used_is_refused_beside_its_field_and_not_shown_again(visit: Visit) -> None:
    answer = visit().post("/settings/alerts/", {"name": "Ops", "url": "nonsense://tOkEn"}).content.decode()
    assert "Apprise knows no service with such an address" in answer
    assert 'value="Ops"' in answer
    assert "tOkEn" not in answer


def test_rules_are_made_changed_and_removed_and_say_what_they_mean(office: Desk, visit: Visit) -> None:
    owner = visit()
    page = text(owner, "/settings/alerts/")
    assert "A run fails" in page  # on by default, as is the next
    assert "More than a share of the rows is rejected or invalid (75 %)" in page
    wrong = owner.post("/settings/alerts/rules/add/", {**RULE, "threshold": "0"})
    assert b"The deviation has to be more than 0 percent." in wrong.content
    wrong = owner.post("/settings/alerts/rules/add/", {**RULE, "kind": "rejected", "threshold": ""})
    assert b"Give a number" in wrong.content
    owner.post("/settings/alerts/rules/add/", RULE)
    rule = AlertRule.objects.get(kind="unusual")
    twice = owner.post("/settings/alerts/rules/add/", RULE)
    assert b"There is such a rule already." in twice.content
    assert "rows read, 50 % from the average of 3 runs" in text(owner, "/settings/alerts/")
    form = text(owner, f"/settings/alerts/rules/{rule.pk}/")
    assert '<option value="people" selected>' in form
    owner.post(f"/settings/alerts/rules/{rule.pk}/", {**RULE, "every_time": "yes", "enabled": ""})
    rule.refresh_from_db()
    assert (rule.every_time, rule.recovery, rule.enabled) == (True, False, False)
    owner.post(f"/settings/alerts/rules/{rule.pk}/remove/")
    assert AlertRule.objects.count() == 2


def test_what_was_told_is_listed_with_its_run(office: Desk, visit: Visit) -> None:
    office.sql("ALTER TABLE users RENAME TO gone")
    office.done("run", "people", code=3)
    viewer = visit(Role.VIEWER)
    assert "Run 1 failed." in text(viewer, "/settings/alerts/")
    told = viewer.get("/settings/alerts.json").json()["alerts"]
    assert [(one["sync"], one["run"], one["resolved_at"]) for one in told] == [("people", 1, None)]


def test_a_webhook_shows_its_secret_once_and_its_deliveries_can_be_replayed(
    office: Desk, visit: Visit, receiver: Receiver
) -> None:
    owner = visit()
    added = owner.post(
        "/settings/webhooks/", {"name": "Pager", "url": receiver.url, "events": ["run.completed"]}
    )
    secret = re.search(r'id="secret">(whsec_[\w-]+)<', added.content.decode())
    assert secret
    office.run()
    send_due()
    shown = text(owner, "/settings/webhooks/") + text(owner, "/settings/webhooks.json")
    assert secret[1] not in shown
    assert "tOkEn" not in shown
    delivery = owner.get("/settings/webhooks.json").json()["deliveries"][0]
    assert (delivery["event"], delivery["status"], delivery["tries"]) == ("run.completed", "sent", 1)
    owner.post(f"/settings/webhooks/deliveries/{delivery['uid']}/replay/")
    send_due()
    assert receiver.events() == ["run.completed"] * 2
    hook = Outlet.objects.get()
    owner.post(f"/settings/webhooks/{hook.pk}/test/")
    assert "answered with success" in text(owner, "/settings/webhooks/")
    owner.post(f"/settings/webhooks/{hook.pk}/remove/")
    assert not Outlet.objects.exists()


def test_a_new_secret_is_shown_once_and_older_ones_are_retired(visit: Visit, receiver: Receiver) -> None:
    owner = visit()
    owner.post("/settings/webhooks/", {"name": "Pager", "url": receiver.url})
    hook = Outlet.objects.get()
    assert "Retire older secrets" not in text(owner, "/settings/webhooks/")
    shown = owner.post(f"/settings/webhooks/{hook.pk}/rotate/").content.decode()
    secret = re.search(r'id="secret">(whsec_[\w-]+)<', shown)
    assert secret
    assert "Older ones sign as well until you retire them." in shown
    page = text(owner, "/settings/webhooks/") + text(owner, "/settings/webhooks.json")
    assert "Older secrets sign too" in page
    assert "Retire older secrets" in page
    assert secret[1] not in page
    assert visit(Role.EDITOR).post(f"/settings/webhooks/{hook.pk}/rotate/").status_code == 403
    owner.post(f"/settings/webhooks/{hook.pk}/retire/")
    assert "is signed with its newest secret alone" in text(owner, "/settings/webhooks/")
    assert "Older secrets sign too" not in text(owner, "/settings/webhooks/")


@pytest.mark.parametrize("role", [Role.EDITOR, Role.OPERATOR, Role.VIEWER])
def test_others_look_and_read_no_address(visit: Visit, receiver: Receiver, role: Role) -> None:
    channel = add_channel(visit(), receiver)
    other = visit(role)
    shown = text(other, "/settings/alerts/") + text(other, "/settings/alerts.json")
    assert "Ops" in shown
    assert "tOkEn" not in shown
    assert "<form" not in text(other, "/settings/alerts/").split('id="content"')[1]
    for address in (
        "/settings/alerts/",
        f"/settings/alerts/channels/{channel}/remove/",
        "/settings/webhooks/",
    ):
        assert other.post(address, {"name": "Mine", "url": "json://127.0.0.1"}).status_code == 403
    assert Outlet.objects.count() == 1
