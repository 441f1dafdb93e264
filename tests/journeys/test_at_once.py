"""Several commands at the same time, as processes of their own."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator

import pytest

from headcount.control.setup import close
from headcount.service.planning import plan_sync
from headcount.sync import Progress
from tests.journeys.desk import Desk, checked, ended, sums, wait_for


@pytest.fixture
def small_batches(desk: Desk) -> Iterator[Desk]:
    """250 people travel in 25 requests, each answered after two seconds until the workspace is healed."""
    desk.target["budget"]["max_items"] = 10
    desk.apply()
    desk.workspace.slow(2.0)
    yield desk
    desk.workspace.heal()


def test_two_processes_running_one_sync_send_nothing_twice(small_batches: Desk) -> None:
    desk = small_batches
    first = desk.start("run", "people", "--json")
    wait_for(desk.workspace.in_flight)
    assert "skipped" in desk.done("run", "people").out
    second = desk.process("run", "people", "--json")
    assert (second.code, second.json["status"]) == (0, "skipped")
    desk.workspace.heal()
    assert sums(checked(ended(first).json)) == (250, 0, 0, 250)
    assert len(desk.workspace.requests()) == 25


def test_looking_at_a_sync_that_is_running_disturbs_nobody(small_batches: Desk) -> None:
    desk = small_batches
    running = desk.start("run", "people", "--json")
    wait_for(desk.workspace.in_flight)
    assert desk.done("plan", "people", "--json").json["add"] == 250
    assert "on its way" in desk.done("explain", "people", "1").out or running.poll() is None
    assert desk.done("runs", "--json").json[0]["status"] == "working"
    desk.done("preview", "people")
    desk.done("rejected", "people")
    assert running.poll() is None
    assert "Another run" in desk.done("test", "people", "--key", "1", code=2).err
    desk.workspace.heal()
    assert sums(checked(ended(running).json)) == (250, 0, 0, 250)


def test_a_plan_that_reads_for_long_does_not_keep_a_run_from_its_end(applied: Desk) -> None:
    """The run must write to the state that the plan compares with."""
    desk = applied
    desk.run()
    desk.sql("UPDATE users SET plan = 'pro' WHERE id = 1")
    reading, go_on = threading.Event(), threading.Event()

    class Slow(Progress):
        def reading(self, rows: int) -> None:
            reading.set()
            go_on.wait(60)

    planned: list[int] = []

    def look() -> None:
        try:
            planned.append(plan_sync("people", progress=Slow()).change)
        finally:
            close()

    looker = threading.Thread(target=look)
    looker.start()
    assert reading.wait(20)
    try:
        said = desk.process("run", "people", "--json")
    finally:
        go_on.set()
        looker.join()
    assert said.code == 0, said.all
    assert sums(said.json) == (0, 1, 0, 1)
    assert planned == [1]


def test_canceling_from_elsewhere_keeps_what_was_accepted(small_batches: Desk) -> None:
    desk = small_batches
    running = desk.start("run", "people", "--json")
    wait_for(lambda: len(desk.workspace.requests()) > 4)
    assert "asked to stop" in desk.done("cancel", "1").out
    said = ended(running)
    report = checked(said.json)
    assert (said.code, report["status"]) == (3, "canceled")
    accepted = report["destination"]["accepted"]
    assert 0 < accepted < 250
    assert report["destination"]["in_doubt"] == 0
    assert len(desk.workspace.people()) == accepted
    desk.workspace.heal()
    assert sums(desk.run()) == (250 - accepted, 0, 0, 250 - accepted)


def test_two_connections_to_one_workspace_share_its_budget(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = desk.workspace.ask("workspaces/1001/track_keys", {"name": "second"})
    second = copy.deepcopy(desk.target)
    second |= {"site_id": keys["site_id"], "api_key": "env:SECOND_KEY"}
    desk.project["connections"]["second"] = second
    for connection in (desk.target, second):
        connection["budget"] = {"requests_per_second": 25, "max_items": 5, "senders": 8}
    desk.project["syncs"]["events"]["destination"]["connection"] = "second"
    desk.apply()
    monkeypatch.setenv("SECOND_KEY", keys["api_key"])
    desk.done("connections", "test")
    assert "production and second lead to one workspace" in desk.apply().out
    desk.workspace.ask("rates", method="DELETE")
    both = [desk.start("run", sync, "--json") for sync in ("people", "events")]
    reports = [checked(ended(process).json) for process in both]
    assert [report["destination"]["accepted"] for report in reports] == [250, 100]
    rates = desk.workspace.ask("rates")["workspaces"]["1001"]["track"]
    assert rates["requests"] >= 70
    assert rates["max_per_second"] <= 25


def test_the_share_of_the_live_application_is_left_to_it(desk: Desk) -> None:
    desk.target["budget"] = {"requests_per_second": 40, "reserve": 0.5, "max_items": 5, "senders": 8}
    desk.apply()
    desk.workspace.ask("rates", method="DELETE")
    both = [desk.start("run", sync, "--json") for sync in ("people", "events")]
    assert [checked(ended(process).json)["destination"]["accepted"] for process in both] == [250, 100]
    assert desk.workspace.ask("rates")["workspaces"]["1001"]["track"]["max_per_second"] <= 20


def test_a_pause_that_was_asked_for_stops_every_process(desk: Desk) -> None:
    for name in ("production", "second"):
        desk.project["connections"][name] = copy.deepcopy(desk.target)
        desk.project["connections"][name]["budget"] = {
            "requests_per_second": 25,
            "max_items": 5,
            "senders": 3,
        }
    desk.project["syncs"]["events"]["destination"]["connection"] = "second"
    desk.apply()
    both = [desk.start("run", sync, "--json") for sync in ("people", "events")]
    wait_for(lambda: _objects(desk) == {"person", "event"})
    desk.workspace.fault(kind="status", status=429, headers={"Retry-After": "2"}, match={"next": 1})
    assert [ended(process).code for process in both] == [0, 0]
    arrived = [request["arrived"] for request in desk.workspace.requests("/api/")]
    [at] = [r["arrived"] for r in desk.workspace.requests() if r["status"] == 429]
    assert [moment for moment in arrived if at + 0.3 < moment < at + 1.9] == []
    assert any(moment > at + 1.9 for moment in arrived)


def _objects(desk: Desk) -> set[str]:
    bodies = [request["body"] or "" for request in desk.workspace.requests()]
    return {"event" if '"action":"event"' in body else "person" for body in bodies}


def test_apply_warns_of_two_syncs_that_write_one_field(desk: Desk) -> None:
    desk.project["syncs"]["again"] = copy.deepcopy(desk.people_sync)
    out = desk.apply().out
    assert "both write" in out
    assert "plan" in out
