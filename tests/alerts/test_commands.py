"""The commands ``alerts`` and ``webhooks``."""

from __future__ import annotations

from headcount.service.outlets import add_channel, add_webhook
from tests.alerts.receiver import Receiver
from tests.journeys.desk import Desk


def test_alerts_lists_tests_and_sends(desk: Desk, receiver: Receiver) -> None:
    desk.apply()
    add_channel("Ops", receiver.apprise)
    desk.sql("ALTER TABLE users RENAME TO gone")
    desk.done("run", "people", code=3)
    assert desk.done("alerts", "send", "--json").json == {"sent": 1}
    found = desk.done("alerts", "list", "--json").json
    assert found["channels"][0]["name"] == "Ops"
    assert found["channels"][0]["waiting"] == 0
    assert [rule["wish"]["kind"] for rule in found["rules"]] == ["failed", "rejected"]
    assert found["alerts"][0]["words"].startswith("Run 1 failed.")
    shown = desk.done("alerts", "list").all
    assert "A run fails" in shown
    assert "tOkEn" not in shown + str(found)
    desk.done("alerts", "test", "Ops")
    assert receiver.titles() == ["Users to People: a run failed", "Headcount: a test"]
    receiver.answers = [500]
    assert "did not take it" in desk.done("alerts", "test", "Ops", code=3).err
    assert "There is no channel Nobody." in desk.done("alerts", "test", "Nobody", code=2).err


def test_webhooks_lists_tests_and_replays(desk: Desk, receiver: Receiver) -> None:
    desk.apply()
    secret = add_webhook("Pager", receiver.url, ["run.completed"]).secret
    desk.run()
    desk.done("alerts", "send")
    sent = desk.done("webhooks", "list", "--deliveries", "--json").json
    assert [(one["event"], one["status"]) for one in sent] == [("run.completed", "sent")]
    desk.done("webhooks", "replay", sent[0]["uid"])
    assert "1 message was sent" in desk.done("alerts", "send").out
    desk.done("webhooks", "test", "Pager")
    assert receiver.events() == ["run.completed", "run.completed", "test"]
    shown = desk.done("webhooks", "list").all + desk.done("webhooks", "list", "--deliveries").all
    assert "Pager" in shown
    assert "tOkEn" not in shown
    assert secret not in shown
    assert "no delivery" in desk.done("webhooks", "replay", "x", code=2).err
