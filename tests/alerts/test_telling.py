"""Alerts and webhooks of real runs, received by a real server."""

from __future__ import annotations

import hashlib
import hmac
import time
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from headcount.control import outbox
from headcount.control.models import Alert, AlertRule, Delivery, Outlet, Run
from headcount.errors import ConfigurationError
from headcount.model import RunStatus
from headcount.service.alerts import Wish, alerts, rules, save_rule
from headcount.service.delivering import deliveries, forget_old_messages, replay, send_due, watch
from headcount.service.lines import find_sync
from headcount.service.outlets import (
    SignedWebhook,
    UnusableAddress,
    add_channel,
    add_webhook,
    channels,
    remove,
    try_out,
    webhooks,
)
from headcount.service.queue import queue_run
from headcount.service.running import execute_run, skipped
from tests.alerts.receiver import Receiver
from tests.journeys.desk import Desk

BREAK, MEND = "ALTER TABLE users RENAME TO gone", "ALTER TABLE gone RENAME TO users"


@pytest.fixture
def told(desk: Desk, receiver: Receiver) -> Receiver:
    """The desk's project is applied, and a channel and a webhook lead to the receiver."""
    desk.apply()
    add_channel("Ops", receiver.apprise)
    return receiver


@pytest.fixture
def hook(desk: Desk, receiver: Receiver) -> SignedWebhook:
    desk.apply()
    return add_webhook("Pager", receiver.url)


def fail(desk: Desk) -> None:
    desk.sql(BREAK)
    desk.done("run", "people", code=3)
    desk.sql(MEND)


def sooner() -> None:
    """As if the pause before the next try were over."""
    Delivery.objects.filter(status="waiting").update(due_at=timezone.now())


def test_a_failed_run_and_its_recovery_are_told_without_anybody_asking(
    desk: Desk, told: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADCOUNT_PUBLIC_URL", "https://headcount.example.com/")
    fail(desk)
    fail(desk)  # known already
    desk.run()
    assert send_due() == 2
    assert told.titles() == ["Users to People: a run failed", "Users to People: recovered"]
    message = told.got[0].json["message"]
    assert message.startswith("Run 1 failed. ")
    assert message.endswith("\nhttps://headcount.example.com/runs/1/")
    assert "Over since run 3." in told.got[1].json["message"]
    assert [alert.times for alert in alerts()] == [2]
    assert channels()[0].last_sent
    assert send_due() == 0


def test_every_time_tells_every_run_and_no_recovery_none(desk: Desk, told: Receiver) -> None:
    for rule in rules():
        save_rule(Wish(kind=rule.wish.kind, threshold=75, every_time=True, recovery=False), rule.id)
    fail(desk)
    fail(desk)
    desk.run()
    send_due()
    assert told.titles() == ["Users to People: a run failed"] * 2
    assert alerts()[0].resolved_at


def test_more_refused_rows_than_allowed_are_told_and_no_value_of_theirs(desk: Desk, told: Receiver) -> None:
    save_rule(Wish(kind="rejected", sync="people", threshold=10))
    desk.sql("UPDATE users SET plan = 'topsecretplan' || hex(zeroblob(600)) WHERE id <= 20")  # too long
    desk.run(code=1)
    assert alerts() == ()  # 20 of 250
    desk.sql("UPDATE users SET plan = 'topsecretplan' || hex(zeroblob(600)) WHERE id <= 50")
    desk.run(code=1)
    send_due()
    assert told.titles() == ["Users to People: rows were refused"]
    body = told.got[0].body.decode()
    assert "50 of 250 rows that run 2 read are invalid: 20 %, more than 10 %." in body
    assert "topsecretplan" not in body


def test_rows_the_workspace_refuses_are_told_and_fewer_of_them_are_the_recovery(
    desk: Desk, told: Receiver
) -> None:
    save_rule(Wish(kind="rejected", sync="people", threshold=10))
    refused = {"keys": [str(each) for each in range(1, 31)]}
    desk.workspace.fault(kind="errors", rows=refused, error={"reason": "invalid", "message": "no"})
    desk.run(code=1)
    desk.workspace.heal()
    desk.sql("UPDATE users SET plan = 'pro' WHERE id <= 100")
    desk.run()
    send_due()
    assert told.titles() == ["Users to People: rows were refused", "Users to People: recovered"]
    assert "30 of 250 rows that run 1 sent were rejected: 12 %, more than 10 %." in told.said()[0]


def test_a_model_without_rows_is_told_and_rows_are_the_recovery(desk: Desk, told: Receiver) -> None:
    save_rule(Wish(kind="no_rows"))
    desk.run()
    desk.sql("CREATE TABLE away AS SELECT * FROM users")
    desk.sql("DELETE FROM users")
    desk.run(code=3)
    desk.sql("INSERT INTO users SELECT * FROM away")
    desk.run()
    send_due()
    assert told.titles() == ["Users to People: no rows", "Users to People: recovered"]
    assert "Run 2 found no rows in its model." in told.said()[0]


def test_an_unusual_number_of_rows_is_told_and_a_usual_one_is_the_recovery(
    desk: Desk, told: Receiver
) -> None:
    save_rule(Wish(kind="unusual", threshold=5, runs=2))
    desk.run()
    desk.run()
    desk.hire(20, first=1000)
    desk.run()
    desk.sql("DELETE FROM users WHERE id >= 1000")
    desk.run()
    send_due()
    assert told.titles() == ["Users to People: an unusual number of rows", "Users to People: recovered"]
    assert (
        "Run 3 has 270 rows read: 8 % more than usual, which is 250 (the average of 2 runs)."
        in told.said()[0]
    )


def test_a_syncs_own_rule_takes_the_place_of_the_general_one(desk: Desk, told: Receiver) -> None:
    fail(desk)
    assert [alert.resolved_at for alert in alerts()] == [None]
    save_rule(Wish(kind="failed", sync="people", enabled=False))
    assert alerts()[0].resolved_at  # nobody looks after it any more
    fail(desk)
    send_due()
    assert len(told.got) == 1


def test_a_rule_may_have_a_channel_of_its_own(desk: Desk, told: Receiver) -> None:
    other = add_channel("Others", told.apprise.replace("/alerts", "/others"))
    AlertRule.objects.update(outlet=other.id)
    fail(desk)
    send_due()
    assert [one.path for one in told.got] == ["/others"]


def test_late_and_long_runs_are_found_while_they_last(desk: Desk, told: Receiver) -> None:
    save_rule(Wish(kind="late", threshold=5))
    save_rule(Wish(kind="long", threshold=30))
    now = timezone.now()
    number = queue_run("people", trigger="schedule")
    Run.objects.filter(pk=number).update(scheduled_for=now)
    watch(now + timedelta(minutes=4))
    assert not Alert.objects.exists()
    for _ in range(3):
        watch(now + timedelta(minutes=6))
    Run.objects.filter(pk=number).update(status="working", started_at=now)
    for _ in range(3):
        watch(now + timedelta(minutes=31))
    sooner()
    send_due()
    assert told.titles() == ["Users to People: a run is late", "Users to People: a run takes long"]


def test_a_run_that_begins_in_time_and_a_quick_one_are_the_recovery(desk: Desk, told: Receiver) -> None:
    save_rule(Wish(kind="late", threshold=5))
    save_rule(Wish(kind="long", threshold=30))
    now, earlier = timezone.now(), timezone.now() - timedelta(minutes=40)
    run_of(due=earlier)
    run_of(due=now, began=earlier)
    run_of(due=now)
    send_due()
    late, over, long, over_too = told.titles()
    assert (late, long) == ("Users to People: a run is late", "Users to People: a run takes long")
    assert over == over_too == "Users to People: recovered"
    assert "and began later than 5 minutes after that." in told.said()[0]
    assert "Run 2 took longer than 30 minutes." in told.said()[2]


def run_of(*, due: datetime, began: datetime | None = None) -> None:
    """A run that was due, and perhaps began in an earlier process, brought to its end."""
    number = queue_run("people", trigger="schedule")
    Run.objects.filter(pk=number).update(scheduled_for=due, started_at=began)
    assert execute_run(number).status is RunStatus.COMPLETED


def test_a_guard_that_waits_is_told_and_its_approval_is_the_recovery(desk: Desk, told: Receiver) -> None:
    save_rule(Wish(kind="waiting"))
    desk.run()
    desk.sql("DELETE FROM users WHERE id > 10")
    desk.done("run", "people", code=3)
    desk.done("approve", "2", "--yes")
    send_due()
    assert told.titles() == ["Users to People: a run waits for approval", "Users to People: recovered"]


def test_a_guard_that_stops_each_run_anew_is_told_once(desk: Desk, told: Receiver) -> None:
    save_rule(Wish(kind="waiting"))
    desk.run()
    desk.sql("DELETE FROM users WHERE id > 10")
    for _ in range(3):
        desk.done("run", "people", code=3)
    assert [run["status"] for run in desk.done("runs", "--json").json][:2] == ["waiting", "superseded"]
    send_due()
    assert told.titles() == ["Users to People: a run waits for approval"]
    assert [alert.times for alert in alerts()] == [3]
    desk.done("cancel", "4")
    send_due()
    assert told.titles()[1:] == ["Users to People: recovered"]


def test_webhooks_tell_each_event_signed_and_with_counts(
    desk: Desk, hook: SignedWebhook, receiver: Receiver
) -> None:
    desk.run()
    fail(desk)
    before = int(time.time())
    send_due()
    assert receiver.events() == [
        "run.started",
        "run.completed",
        "run.started",
        "run.failed",
        "alert.raised",
    ]
    for got in receiver.got:
        stamp, mac = (part.split("=")[1] for part in got.headers["X-Headcount-Signature"].split(","))
        expected = hmac.new(hook.secret.encode(), stamp.encode() + b"." + got.body, hashlib.sha256)
        assert mac == expected.hexdigest()
        assert before <= int(stamp) <= time.time()
        assert got.json["id"] == got.headers["X-Headcount-Delivery"]
    completed = receiver.got[1].json
    assert completed["sync"] == {"key": "people", "name": "Users to People"}
    assert completed["run"]["counts"]["accepted"] == 250
    assert completed["run"]["finished_at"] >= completed["run"]["started_at"]
    assert receiver.got[4].json["alert"]["kind"] == "failed"


def test_there_is_no_event_that_does_not_come(desk: Desk, hook: SignedWebhook, receiver: Receiver) -> None:
    desk.run()
    fail(desk)
    desk.sql("DELETE FROM users WHERE id > 10")
    desk.done("run", "people", code=3)
    desk.done("run", "people", code=3)
    desk.done("cancel", "4")
    skipped(find_sync("people"), "schedule")
    desk.hire(240, first=11)
    desk.run()
    send_due()
    send_due()  # twenty at a time
    assert set(receiver.events()) == set(outbox.EVENTS)
    told = {got.headers["X-Headcount-Event"]: got.json for got in receiver.got}
    assert told["run.skipped"]["run"]["error"].startswith("Another run of this sync is working.")
    assert told["run.superseded"]["run"]["id"] == 3
    assert told["alert.resolved"]["alert"]["id"] == told["alert.raised"]["alert"]["id"]


def test_a_webhook_gets_only_the_events_it_wants(desk: Desk, receiver: Receiver) -> None:
    desk.apply()
    add_webhook("Failures", receiver.url, ["run.failed"])
    desk.run()
    fail(desk)
    send_due()
    assert receiver.events() == ["run.failed"]


def test_what_does_not_arrive_is_sent_again_later_and_under_the_same_number(
    desk: Desk, hook: SignedWebhook, receiver: Receiver
) -> None:
    receiver.answers = [500, 302]
    desk.run()
    assert send_due() == 0
    assert send_due() == 0  # its first message waits a little, and the second has its turn
    assert [message.error for message in Delivery.objects.order_by("id")] == [
        "It answered 500.",
        "It answered 302: redirects are not followed.",
    ]
    assert send_due() == 0
    assert len(receiver.got) == 2
    sooner()
    assert send_due() == 2
    assert [one.path for one in receiver.got] == ["/hook/tOkEn?key=tOkEn"] * 4
    assert len({one.headers["X-Headcount-Delivery"] for one in receiver.got}) == 2


def test_pauses_grow_up_to_an_hour_and_then_a_message_is_given_up(hook: SignedWebhook) -> None:
    pauses = [outbox.wait_after(tries).total_seconds() for tries in range(1, outbox.TRIES)]
    assert pauses == [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]
    message = outbox.post(Outlet.objects.get(), "run.failed", {}, timezone.now())
    message.tries = outbox.TRIES
    outbox.refused(message, "It answered 500.", timezone.now())
    assert Delivery.objects.get().status == "failed"


def test_a_message_can_be_replayed(desk: Desk, hook: SignedWebhook, receiver: Receiver) -> None:
    desk.run()
    send_due()
    first = deliveries("webhook")[-1]
    replay(first.uid)
    assert send_due() == 1
    assert receiver.got[-1].body == receiver.got[0].body
    with pytest.raises(ConfigurationError, match="no delivery"):
        replay("nothing")


def test_one_message_is_taken_by_one_sender_and_comes_back_when_that_one_is_gone(hook: SignedWebhook) -> None:
    now = timezone.now()
    outbox.post(Outlet.objects.get(), "run.failed", {}, now)
    one, other = outbox.due(hook.id, now)[0], outbox.due(hook.id, now)[0]
    assert [outbox.take(one, now), outbox.take(other, now)] == [True, False]
    assert outbox.due(hook.id, now + timedelta(seconds=60)) == []
    assert len(outbox.due(hook.id, now + timedelta(seconds=91))) == 1


def test_a_message_that_ends_its_sender_each_time_is_given_up(
    hook: SignedWebhook, receiver: Receiver
) -> None:
    outbox.post(Outlet.objects.get(), "run.failed", {}, timezone.now())
    Delivery.objects.update(tries=outbox.TRIES)
    assert send_due() == 0
    assert Delivery.objects.get().status == "failed"
    assert receiver.got == []


def test_messages_that_were_sent_long_ago_are_forgotten(
    desk: Desk, hook: SignedWebhook, receiver: Receiver
) -> None:
    desk.run()
    send_due()
    waiting = outbox.post(Outlet.objects.get(), "run.failed", {}, timezone.now())
    assert forget_old_messages() == 0
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert forget_old_messages() == 2
    assert Delivery.objects.get().uid == waiting.uid


def test_an_outlet_that_is_silent_does_not_keep_the_others_waiting(desk: Desk, told: Receiver) -> None:
    add_channel("Nobody", "json://127.0.0.1:9/alerts")
    fail(desk)
    assert send_due() == 1
    assert told.titles() == ["Users to People: a run failed"]
    assert {each.name: each.error for each in channels()} == {
        "Ops": "",
        "Nobody": "JSON did not take it: it was not reached, or it refused.",
    }


def test_a_recovery_does_not_come_before_its_trouble(desk: Desk, told: Receiver) -> None:
    fail(desk)
    told.answers = [500]
    assert send_due() == 0  # tried again later
    desk.run()
    assert send_due() == 0
    sooner()
    assert send_due() == 2
    assert told.titles()[1:] == ["Users to People: a run failed", "Users to People: recovered"]


def test_a_test_message_is_sent_at_once_and_says_what_came_of_it(
    hook: SignedWebhook, receiver: Receiver
) -> None:
    channel = add_channel("Ops", receiver.apprise)
    assert try_out("channel", channel.id) == ""
    receiver.answers = [403]
    assert try_out("webhook", hook.id) == "It answered 403."
    assert [got.path for got in receiver.got] == ["/alerts", "/hook/tOkEn?key=tOkEn"]
    assert send_due() == 0


def test_addresses_that_lead_nowhere_are_refused_when_they_are_typed(desk: Desk) -> None:
    desk.apply()
    for url in ("nonsense", "nonsense://x", "slack://", ""):
        with pytest.raises(UnusableAddress):
            add_channel("Ops", url)
    for url in (
        "ftp://example.com",
        "http://",
        "example.com",
        "http://a b",
        "file:///etc/passwd",
        "http://[x",
    ):
        with pytest.raises(UnusableAddress):
            add_webhook("Hook", url)
    with pytest.raises(ConfigurationError, match="no event"):
        add_webhook("Hook", "http://example.com", ["run.flown"])


def test_addresses_and_secrets_are_nowhere_to_be_read(
    desk: Desk, hook: SignedWebhook, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    add_channel("Ops", receiver.apprise)
    add_channel("Nobody", "json://tOkEn:tOkEn@127.0.0.1:9/tOkEn")
    receiver.answers = [500]
    fail(desk)
    send_due()
    shown = f"{channels()}{webhooks()}{deliveries('webhook')}{deliveries('channel')}{caplog.text}"
    shown += desk.dump()
    assert "tOkEn" not in shown
    assert hook.secret not in shown
    assert f"http://127.0.0.1:{receiver.port}" in shown


def test_a_new_key_encrypts_addresses_anew_and_they_still_work(
    desk: Desk, hook: SignedWebhook, receiver: Receiver
) -> None:
    before = Outlet.objects.get().ciphertext
    desk.done("secrets", "rotate")
    assert Outlet.objects.get().ciphertext != before
    assert try_out("webhook", hook.id) == ""


def test_a_removed_outlet_takes_its_messages_along(
    desk: Desk, hook: SignedWebhook, receiver: Receiver
) -> None:
    desk.run()
    remove("webhook", hook.id)
    assert send_due() == 0
    assert not Delivery.objects.exists()


def test_a_mistake_in_telling_does_not_cost_a_run_its_end(
    desk: Desk, hook: SignedWebhook, caplog: pytest.LogCaptureFixture
) -> None:
    AlertRule.objects.create(kind="unheard")
    desk.run()
    assert Run.objects.get().status == "completed"
    assert [line.fields["error"] for line in caplog.records if line.message == "news_lost"] == ["ValueError"]  # type: ignore[attr-defined]
