"""A run that would do more than its guards allow stops and asks."""

from __future__ import annotations

import pytest

from headcount.home import Home
from headcount.service.plans import drop_plans
from tests.journeys.desk import Desk, checked, sums

NEW_GENERATION = "Nothing acknowledged so far"


@pytest.fixture
def synced(applied: Desk) -> Desk:
    """250 people are there, and the requests that brought them are forgotten."""
    applied.run()
    applied.workspace.forget()
    return applied


def stopped(desk: Desk, sync: str = "people") -> int:
    """The run waits: exit code 3, and no request was made."""
    report = desk.run(sync, code=3)
    assert report["status"] == "waiting"
    assert report["destination"]["unsent"] == sum(report["plan"].values())
    assert desk.workspace.requests("") == []
    return int(report["run"])


def test_no_rows_at_all_stop_the_run(synced: Desk) -> None:
    synced.sql("DELETE FROM users")
    run = stopped(synced)
    assert "has no rows" in synced.done("plan", "people").out
    said = synced.done("run", "people", code=3)
    assert f"headcount approve {run + 1}" in said.out
    assert len(synced.workspace.people()) == 250


def test_too_many_removals_stop_the_run_and_approval_sends_them(synced: Desk) -> None:
    synced.sql("DELETE FROM users WHERE id <= 30")
    run = stopped(synced)
    asked = synced.done("approve", str(run), code=2).err
    assert "removes 30 records, and nobody is here to ask" in asked
    assert "--yes" in asked
    report = checked(synced.done("approve", str(run), "--yes", "--json").json)
    assert (report["run"], report["status"], sums(report)) == (run, "completed", (0, 0, 30, 30))
    assert len(synced.workspace.people()) == 220
    assert "does not wait" in synced.done("approve", str(run), code=2).err


def test_too_many_changes_stop_the_run(synced: Desk) -> None:
    synced.sql("UPDATE users SET visits = visits + 1")
    run = stopped(synced)
    assert "overwrite" in synced.done("plan", "people", "--json").json["needs_approval"]
    assert sums(synced.done("approve", str(run), "--json").json) == (0, 250, 0, 250)


def test_an_approved_run_sends_what_was_planned_though_the_source_has_changed(synced: Desk) -> None:
    synced.sql("DELETE FROM users WHERE id <= 30")
    run = stopped(synced)
    synced.hire(30)
    synced.sql("UPDATE users SET plan = 'pro' WHERE id = 100")
    assert sums(synced.done("approve", str(run), "--yes", "--json").json) == (0, 0, 30, 30)
    people = synced.workspace.people()
    assert len(people) == 220
    assert people["100"]["plan"] == '"free"'
    assert sums(synced.run()) == (30, 1, 0, 31)  # the next run says the rest


def test_an_approval_after_the_sync_was_edited_plans_anew_and_asks_again(synced: Desk) -> None:
    synced.sql("DELETE FROM users WHERE id <= 30")
    run = stopped(synced)
    synced.sql("DELETE FROM users")
    synced.people_sync["mappings"].append({"from": "email", "to": "email"})
    synced.apply()
    report = checked(synced.done("approve", str(run), "--yes", "--json", code=3).json)
    assert (report["run"], report["status"]) == (run, "waiting")
    assert any("made anew" in warning for warning in report["warnings"])
    assert len(synced.workspace.people()) == 250  # nobody approved of removing them all
    assert sums(synced.done("approve", str(run), "--yes", "--json").json) == (0, 0, 250, 250)


def test_what_is_approved_after_a_test_of_one_row_is_remembered_all_the_same(synced: Desk) -> None:
    synced.sql("UPDATE users SET visits = visits + 1")
    waiting = stopped(synced)
    synced.done("test", "people", "--key", "7")
    synced.done("approve", str(waiting))
    assert sums(synced.run())[:3] == (0, 0, 0)
    synced.sql("UPDATE users SET visits = visits - 1")
    synced.workspace.forget()
    assert stopped(synced), "what went back is a change again"


def test_removals_that_are_approved_after_a_test_of_one_row_are_remembered_all_the_same(synced: Desk) -> None:
    synced.sql("DELETE FROM users WHERE id <= 30")
    waiting = stopped(synced)
    synced.done("test", "people", "--key", "77")
    synced.done("approve", str(waiting), "--yes")
    synced.hire(30)
    assert sums(synced.run()) == (30, 0, 0, 30)
    assert len(synced.workspace.people()) == 250


def test_a_newer_run_supersedes_the_waiting_one(synced: Desk) -> None:
    synced.sql("DELETE FROM users WHERE id <= 30")
    waiting = stopped(synced)
    synced.hire(30)
    assert synced.run()["status"] == "completed"
    statuses = {line["run"]: line["status"] for line in synced.done("runs", "--json").json}
    assert statuses[waiting] == "superseded"
    assert "superseded" in synced.done("approve", str(waiting), code=2).err


def test_a_waiting_run_can_be_canceled(synced: Desk) -> None:
    synced.sql("DELETE FROM users")
    waiting = stopped(synced)
    assert synced.done("cancel", str(waiting), "--json").json["status"] == "canceled"
    assert "ended already" in synced.done("cancel", str(waiting), code=2).err


def test_another_identifier_starts_a_new_generation_after_approval(synced: Desk) -> None:
    synced.people_sync["identifier"] = {"from": "email", "to": "email"}
    assert "nothing sent so far carries over" in synced.apply().out
    assert NEW_GENERATION in synced.done("plan", "people").out
    run = stopped(synced)
    said = synced.done("approve", str(run), "--json").json
    assert sums(said) == (250, 0, 0, 250)
    assert synced.run()["source"]["unchanged"] == 250


@pytest.mark.parametrize("first_run", ["backfill", "record_as_seen"])
def test_another_unique_id_asks_and_then_does_as_first_run_says(applied: Desk, first_run: str) -> None:
    desk = applied
    desk.sql("ALTER TABLE orders ADD COLUMN code TEXT")
    desk.sql("UPDATE orders SET code = 'o-' || id")
    desk.run("events")
    desk.workspace.forget()
    desk.project["syncs"]["events"] |= {"unique_id": "code", "first_run": first_run}
    desk.apply()
    run = stopped(desk, "events")
    sentence = desk.done("runs", "events", "--json").json[0]["error"]
    again = first_run == "backfill"
    assert ("every row would be sent again" if again else "recorded as seen and not sent") in sentence
    report = desk.done("approve", str(run), "--json").json
    assert sums(report) == ((100, 0, 0, 100) if again else (0, 0, 0, 0))
    desk.order(1, first=200)
    desk.sql("UPDATE orders SET code = 'o-200' WHERE id = 200")
    assert sums(desk.run("events")) == (1, 0, 0, 1)


def test_one_row_of_a_new_generation_does_not_make_the_other_events_new(applied: Desk) -> None:
    """Testing a row approves of the new keys; what is there already is still only recorded as seen."""
    desk = applied
    desk.sql("ALTER TABLE orders ADD COLUMN code TEXT")
    desk.sql("UPDATE orders SET code = 'o-' || id")
    desk.run("events")
    desk.project["syncs"]["events"] |= {"unique_id": "code", "first_run": "record_as_seen"}
    desk.apply()
    waiting = desk.done("test", "events", "--key", "o-1", "--json", code=3).json
    assert waiting["status"] == "waiting"
    desk.done("approve", str(waiting["run"]))
    assert sums(desk.run("events")) == (0, 0, 0, 0)


def test_first_run_decides_whether_present_events_are_sent(desk: Desk) -> None:
    desk.project["syncs"]["events"]["first_run"] = "record_as_seen"
    desk.apply()
    report = desk.run("events")
    assert (sums(report), report["source"]["unchanged"]) == ((0, 0, 0, 0), 100)
    desk.order(3, first=101)
    assert sums(desk.run("events")) == (3, 0, 0, 3)


def test_an_event_that_was_only_recorded_as_seen_is_not_called_sent(desk: Desk) -> None:
    desk.project["syncs"]["events"]["first_run"] = "record_as_seen"
    desk.apply()
    desk.run("events")
    story = desk.done("explain", "events", "7", "--json").json
    assert story["sent"] is False
    assert [chapter["answer"] for chapter in story["chapters"]] == ["recorded as seen"]
    said = desk.done("explain", "events", "7").out
    assert "accepted: nothing: it was recorded as seen, and not sent" in said
    desk.order(1, first=101)
    desk.run("events")
    assert desk.done("explain", "events", "101", "--json").json["sent"] is True
    assert "accepted: sent" in desk.done("explain", "events", "101").out
    drop_plans(Home(desk.home), [1])
    assert "sent or recorded as seen" in desk.done("explain", "events", "7").out
