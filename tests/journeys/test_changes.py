"""What editing the project does to what was sent already."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

import pytest

from tests.journeys.desk import Desk, sums


@pytest.fixture
def synced(applied: Desk) -> Desk:
    applied.run()
    applied.run("events")
    applied.workspace.forget()
    return applied


def test_a_new_mapping_sends_the_rows_it_affects_and_says_so(synced: Desk) -> None:
    synced.sql("UPDATE users SET email = NULL WHERE id > 10")
    synced.people_sync["mappings"].append({"from": "email", "to": "email", "nulls": "skip"})
    assert "mappings.email" in synced.apply().out
    assert "New in this sync: email" in synced.done("plan", "people").out
    report = synced.run()
    assert sums(report) == (0, 10, 0, 10)
    assert any("New in this sync: email" in warning for warning in report["warnings"])
    assert synced.run()["warnings"] == []


def test_a_new_mapping_stops_no_run_though_it_touches_every_row(synced: Desk) -> None:
    synced.people_sync["mappings"].append({"from": {"constant": "shop"}, "to": "origin"})
    synced.apply()
    assert sums(synced.run()) == (0, 250, 0, 250)


def test_a_removed_mapping_sends_nothing_and_coming_back_sends_again(synced: Desk) -> None:
    gone = synced.people_sync["mappings"].pop()
    synced.apply()
    assert sums(synced.run()) == (0, 0, 0, 0)
    synced.people_sync["mappings"].append(gone)
    synced.apply()
    assert sums(synced.run()) == (0, 250, 0, 250)


def test_a_new_name_changes_nothing(synced: Desk) -> None:
    for sync in ("people", "events"):
        synced.project["syncs"][sync]["name"] = f"The {sync} of the shop"
    synced.project["connections"]["production"]["name"] = "Live"
    assert "name: Users to People -> The people of the shop" in synced.apply().out
    assert sums(synced.run()) == sums(synced.run("events")) == (0, 0, 0, 0)
    assert "The people of the shop" in synced.done("plan", "people").out
    assert synced.workspace.requests("") == []


def test_a_run_that_waits_survives_a_new_name(synced: Desk) -> None:
    synced.sql("DELETE FROM users WHERE id < 60")
    waiting = synced.run(code=3)["run"]
    synced.people_sync["name"] = "Another"
    synced.apply()
    assert sums(synced.done("approve", str(waiting), "--yes", "--json").json) == (0, 0, 59, 59)


def test_what_the_file_omits_stays_until_pruned(synced: Desk) -> None:
    del synced.project["syncs"]["events"]
    assert "--prune deletes it" in synced.apply().out
    assert synced.run("events")["status"] == "completed"
    said = synced.done("apply", "headcount.yml", "--prune", code=2)
    assert "which events were sent is kept" in said.out
    assert "--yes" in said.err


def test_events_of_a_sync_that_was_created_again_are_not_sent_again(synced: Desk) -> None:
    events = synced.project["syncs"].pop("events")
    synced.apply("--prune", "--yes")
    assert synced.cli("run", "events").code == 2
    synced.project["syncs"]["events"] = events
    synced.apply()
    synced.order(5, first=101)
    assert sums(synced.run("events")) == (5, 0, 0, 5)
    seen = synced.workspace.events()
    assert (seen["total"], seen["dropped_repeats"]) == (105, 0)


def test_people_of_a_sync_that_was_created_again_are_sent_again(synced: Desk) -> None:
    people = synced.project["syncs"].pop("people")
    assert "250 records were accepted is forgotten" in synced.apply("--prune", "--yes").out
    synced.project["syncs"]["people"] = people
    synced.apply()
    assert sums(synced.run()) == (250, 0, 0, 250)


def test_a_sync_that_is_running_is_not_pruned(desk: Desk) -> None:
    desk.target["budget"]["max_items"] = 20
    desk.apply()
    desk.workspace.slow(0.2)
    from tests.journeys.desk import ended, wait_for

    process = desk.start("run", "people", "--json")
    wait_for(desk.workspace.in_flight)
    people = desk.project["syncs"].pop("people")
    said = desk.cli("apply", str(desk.write()), "--prune", "--yes")
    assert (said.code, "is running" in said.err) == (2, True)
    assert sums(ended(process).json) == (250, 0, 0, 250)
    assert people


def test_mirror_after_update_or_create_removes_who_had_vanished(desk: Desk) -> None:
    desk.people_sync["behavior"] = "update_or_create"
    desk.apply()
    desk.run()
    desk.sql("DELETE FROM users WHERE id <= 5")
    assert sums(desk.run()) == (0, 0, 0, 0)
    desk.people_sync["behavior"] = "mirror"
    desk.apply()
    assert sums(desk.run()) == (0, 0, 5, 5)


def test_the_exported_project_can_be_applied_again(synced: Desk) -> None:
    text = synced.done("export").out
    Path("exported.yml").write_text(text)
    assert "Nothing to change." in synced.done("apply", "exported.yml").out


def test_a_project_is_applied_from_another_folder_with_its_relative_paths(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.folder / "shop").mkdir()
    shutil.move(desk.database, desk.folder / "shop" / "company.sqlite")
    shutil.move(desk.write(), desk.folder / "shop" / "headcount.yml")
    (desk.folder / "far").mkdir()
    monkeypatch.chdir(desk.folder / "far")
    desk.done("apply", "../shop/headcount.yml")
    monkeypatch.chdir("/")
    assert sums(desk.run()) == (250, 0, 0, 250)


def test_a_sync_with_two_objects_of_one_model_keeps_two_states(desk: Desk) -> None:
    desk.project["syncs"]["also"] = copy.deepcopy(desk.people_sync)
    desk.apply()
    desk.run()
    assert sums(desk.run("also")) == (250, 0, 0, 250)


def test_a_field_that_is_not_mapped_any_more_stays_until_it_is_mapped_to_nothing(synced: Desk) -> None:
    mappings = synced.people_sync["mappings"]
    synced.people_sync["mappings"] = [m for m in mappings if m["to"] != "plan"]
    said = synced.apply().out
    assert "people does not write plan any more; what it wrote stays in Customer.io." in said
    assert "{from: {constant: null}, to: plan}" in said
    assert sums(synced.run()) == (0, 0, 0, 0)
    assert synced.workspace.people()["1"]["plan"] == '"free"'
    synced.people_sync["mappings"].append({"from": {"constant": None}, "to": "plan"})
    synced.people_sync["guards"] = {"max_changed": 1}
    synced.apply()
    assert sums(synced.run()) == (0, 250, 0, 250)
    assert not [person for person in synced.workspace.people().values() if "plan" in person]
    assert sums(synced.run()) == (0, 0, 0, 0)
    synced.people_sync["mappings"].pop()
    assert "any more" not in synced.apply().out


def test_a_sync_with_all_columns_is_warned_about_when_another_writes_the_same_fields(synced: Desk) -> None:
    everything = {**synced.people_sync, "mappings": [], "sync_all_columns": True}
    synced.project["syncs"]["everything"] = everything
    said = synced.apply().out
    assert "The syncs everything and people may write the same fields" in said
    synced.done("run", "everything")
    said = synced.apply().out
    assert "The syncs everything and people both write plan, visits in" in said
    assert "may write" not in said
