"""A run that did not get to its end: interrupted, killed, resumed, superseded, canceled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from headcount.home import Home
from headcount.service.plans import drop_plans, keep_plan
from tests.journeys.desk import Desk, checked, ended, sums, wait_for

INTERRUPTED = "Interrupted. What was answered is recorded.\n→ The next run of this sync goes on from here.\n"


@pytest.fixture
def slow(desk: Desk) -> Iterator[Desk]:
    """250 people travel in 25 requests, each answered after 0.15 seconds."""
    desk.target["budget"]["max_items"] = 10
    desk.apply()
    desk.workspace.slow(0.15)
    yield desk
    desk.workspace.heal()


def sending(desk: Desk) -> subprocess.Popen[str]:
    """A run that has sent some of its requests, with one in flight."""
    process = desk.start("run", "people", "--json")
    wait_for(lambda: desk.workspace.in_flight() and len(desk.workspace.requests()) > 4)
    return process


def killed(desk: Desk) -> int:
    """A run killed in the middle; returns how many changes have a receipt."""
    process = sending(desk)
    wait_for(lambda: desk.count("SELECT count(*) FROM control_receipt"))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not desk.workspace.in_flight())
    desk.workspace.heal()
    desk.workspace.forget()
    return desk.count("SELECT sum(last - first + 1) FROM control_receipt")


def in_doubt(desk: Desk) -> int:
    return desk.count("SELECT sum(last - first + 1) FROM control_intent")


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupted_run_finishes_what_is_in_flight_and_the_next_goes_on(
    slow: Desk, signal_: signal.Signals
) -> None:
    process = sending(slow)
    os.kill(process.pid, signal_)
    said = ended(process)
    assert said.code == 130
    assert said.out == ""
    assert said.err == INTERRUPTED
    arrived = len(slow.workspace.people())
    assert slow.count("SELECT sum(accepted) FROM control_receipt") == arrived
    assert slow.count("SELECT count(*) FROM control_intent") >= slow.count(
        "SELECT count(*) FROM control_receipt"
    )
    slow.workspace.heal()
    slow.workspace.forget()
    [line] = slow.done("runs", "--json").json
    assert (line["status"], line["error"]) == ("paused", "Interrupted.")
    assert line["counts"]["accepted"] == arrived
    said = slow.done("runs").out
    assert f"accepted {arrived} of 250, " in said
    assert said.endswith(" Interrupted. The next run of this sync goes on from here.\n")
    report = slow.run()
    assert [r["run"] for r in report["resumed"]] == [1]
    assert sums(checked(report["resumed"][0])) == (250, 0, 0, 250)
    assert len(slow.workspace.people()) == 250
    assert len(slow.workspace.requests()) == 25 - arrived // 10  # nothing that was answered goes again


def test_an_interruption_while_planning_sends_nothing_and_says_the_same(desk: Desk) -> None:
    desk.project["models"]["users"] = {
        "connection": "company",
        "query": "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 9000000) "
        "SELECT id, 'free' AS plan, 1 AS visits FROM n",
    }
    desk.apply()
    process = desk.start("run", "people", "--json")
    wait_for(lambda: (desk.home / "plans" / "1").exists())
    os.kill(process.pid, signal.SIGINT)
    said = ended(process)
    assert (said.code, said.err) == (130, INTERRUPTED)
    assert desk.workspace.requests() == []
    [line] = desk.done("runs", "--json").json
    assert line["status"] == "canceled"
    assert "nothing was sent" in line["error"]


def test_a_paused_run_says_how_far_it_is_and_how_it_goes_on(slow: Desk) -> None:
    process = slow.start("run", "people")
    wait_for(lambda: slow.count("SELECT count(*) FROM control_receipt"))
    slow.done("pause", "1")
    said = ended(process)
    arrived = len(slow.workspace.people())
    assert said.code == 3
    assert "paused" in said.out
    assert f"planned 250 = accepted {arrived} + unsent {250 - arrived} " in said.out
    assert "Somebody paused it. It goes on with: headcount resume 1" in said.out
    listed = slow.done("runs").out
    assert f"accepted {arrived} of 250, unsent {250 - arrived}. Somebody paused it. It goes on with" in listed
    [line] = slow.done("runs", "--json").json
    assert line["hint"] == "It goes on with: headcount resume 1"
    slow.workspace.heal()
    assert sums(checked(slow.done("resume", "1", "--json").json)) == (250, 0, 0, 250)
    [line] = slow.done("runs", "--json").json
    assert (line["status"], line["error"], line["hint"]) == ("completed", "", "")


def test_nothing_is_in_doubt_of_a_paused_run_that_cannot_go_on(slow: Desk) -> None:
    process = slow.start("run", "people")
    wait_for(lambda: slow.count("SELECT count(*) FROM control_receipt"))
    slow.done("pause", "1")
    ended(process)
    arrived = len(slow.workspace.people())
    slow.workspace.heal()
    slow.workspace.fault(kind="status", status=401)
    sent = slow.done("resume", "1", "--json", code=3).json["destination"]
    assert (sent["accepted"], sent["in_doubt"], sent["unsent"]) == (arrived, 0, 250 - arrived)


def test_an_interrupted_run_can_be_canceled_and_the_rest_goes_next_time(slow: Desk) -> None:
    process = sending(slow)
    os.kill(process.pid, signal.SIGINT)
    ended(process)
    slow.workspace.heal()
    assert slow.done("cancel", "1", "--json").json["status"] == "canceled"
    accepted = slow.count("SELECT sum(accepted) FROM control_receipt")
    assert slow.run()["destination"]["accepted"] == 250 - accepted
    assert len(slow.workspace.people()) == 250


def test_a_killed_run_is_listed_as_interrupted(slow: Desk) -> None:
    killed(slow)
    [line] = slow.done("runs", "--json").json
    assert (line["status"], line["error"]) == ("paused", "Interrupted.")
    [people] = [each for each in slow.done("schedule", "--json").json["syncs"] if each["sync"] == "people"]
    assert people["last_status"] == "paused"


def test_a_killed_run_is_resumed_under_its_own_number(slow: Desk) -> None:
    answered = killed(slow)
    out = slow.done("run", "people").out
    assert "Run 1 was left unfinished" in out
    lines = slow.done("runs", "--json").json
    assert [(line["run"], line["status"]) for line in lines] == [(2, "completed"), (1, "completed")]
    assert lines[1]["counts"]["accepted"] == 250
    assert len(slow.workspace.requests()) == 25 - answered // 10


def test_a_killed_run_is_superseded_when_the_sync_was_edited(slow: Desk) -> None:
    answered = killed(slow)
    doubtful = in_doubt(slow) - answered
    assert doubtful > 0
    slow.people_sync["mappings"].append({"from": "email", "to": "email"})
    slow.apply()
    report = slow.run()
    [earlier] = report["resumed"]
    assert (earlier["status"], earlier["destination"]["in_doubt"]) == ("superseded", doubtful)
    checked(earlier)
    assert report["destination"]["accepted"] == 250  # all of them miss the new field
    people = slow.workspace.people()
    assert len(people) == 250
    assert people["1"]["email"] == '"p1@example.com"'


def test_what_is_in_doubt_goes_again_though_the_source_went_back(slow: Desk) -> None:
    """A was accepted; B was sent and its answer never read; the source says A again."""
    slow.workspace.heal()
    slow.run()
    slow.people_sync["guards"] = {"max_changed": 1}
    slow.apply()
    slow.sql("UPDATE users SET plan = 'B'")
    slow.workspace.slow(0.15)
    killed(slow)
    slow.sql("UPDATE users SET plan = 'free'")
    slow.people_sync["guards"] = {"max_changed": 0.9}
    slow.apply()
    assert slow.run()["status"] == "completed"
    assert {person["plan"] for person in slow.workspace.people().values()} == {'"free"'}


def test_a_plan_of_yesterday_is_not_delivered(slow: Desk) -> None:
    killed(slow)
    slow.sql("UPDATE users SET plan = 'pro'")
    file = slow.plan_file(1)
    document = json.loads(file.read_text())
    document["made_at"] = (datetime.now(UTC) - timedelta(hours=6, minutes=1)).isoformat()
    file.write_text(json.dumps(document))
    keep_plan(1, file.parent)
    slow.people_sync["guards"] = {"max_changed": 1}
    report = slow.run()
    assert [r["status"] for r in report["resumed"]] == ["superseded"]
    assert {person["plan"] for person in slow.workspace.people().values()} == {'"pro"'}


def test_what_a_killed_run_sent_is_remembered_while_a_secret_is_missing(
    slow: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = killed(slow)
    key = os.environ["JOURNEY_API_KEY"]
    monkeypatch.delenv("JOURNEY_API_KEY")
    assert "JOURNEY_API_KEY" in slow.done("run", "people", code=2).err
    monkeypatch.setenv("JOURNEY_API_KEY", key)
    report = slow.run()
    assert [(r["run"], r["status"]) for r in report["resumed"]] == [(1, "completed")]
    assert len(slow.workspace.requests()) == 25 - answered // 10


def test_a_dead_run_can_be_canceled_and_the_rest_goes_next_time(slow: Desk) -> None:
    answered = killed(slow)
    doubtful = in_doubt(slow) - answered
    assert slow.done("cancel", "1", "--json").json["status"] == "canceled"
    [line] = slow.done("runs", "--json").json
    counts = line["counts"]
    assert (counts["accepted"], counts["in_doubt"]) == (answered, doubtful)
    assert counts["accepted"] + counts["in_doubt"] + counts["unsent"] == 250
    report = slow.run()
    assert report["resumed"] == []
    assert report["destination"]["accepted"] == 250 - answered
    assert len(slow.workspace.people()) == 250


def test_a_dead_run_can_be_canceled_when_its_destination_is_gone(
    slow: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = killed(slow)
    monkeypatch.delenv("JOURNEY_API_KEY")
    assert slow.done("cancel", "1", "--json").json["status"] == "canceled"
    assert slow.done("runs", "--json").json[0]["counts"]["accepted"] == answered


def test_a_run_whose_plan_was_deleted_says_so(slow: Desk) -> None:
    killed(slow)
    drop_plans(Home(slow.home), [1])
    [earlier] = slow.run()["resumed"]
    assert earlier["status"] == "failed"
    assert "plan is gone" in earlier["error"]
    assert len(slow.workspace.people()) == 250


def reading(desk: Desk) -> None:
    """A model that takes some seconds to read."""
    desk.project["models"]["users"] = {
        "connection": "company",
        "query": "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 3000000) "
        "SELECT id, 'free' AS plan, 1 AS visits FROM n",
    }
    desk.apply()


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interruption_while_rows_are_mapped_is_no_failure_of_a_row(
    desk: Desk, signal_: signal.Signals
) -> None:
    reading(desk)
    process = desk.start("run", "people", "--json")
    wait_for(lambda: list(desk.home.glob("plans/1/**/staged.parquet")))
    time.sleep(0.5)
    os.kill(process.pid, signal_)
    said = ended(process)
    assert (said.code, said.err) == (130, INTERRUPTED)
    [line] = desk.done("runs", "--json").json
    assert line["status"] == "canceled"
    assert "interrupted before its plan was complete; nothing was sent" in line["error"]


@pytest.mark.parametrize("words", [("plan", "people"), ("run", "people", "--full", "--yes")])
def test_a_plan_or_count_that_is_interrupted_says_that_nothing_was_sent(
    desk: Desk, words: tuple[str, ...]
) -> None:
    reading(desk)
    process = desk.start(*words)
    wait_for(lambda: list(desk.home.glob("plans/**/staged.parquet")))
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGINT)
    said = ended(process)
    assert (said.code, said.err) == (130, "Interrupted. Nothing was sent.\n")
    assert desk.done("runs", "--json").json == []
