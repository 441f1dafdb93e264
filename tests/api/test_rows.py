"""Rows of runs: planned, sent, refused; one record's story; nothing masked among it."""

from __future__ import annotations

import json

import pytest

from headcount.control.models import MaskedColumn, Rejected, Run, Sync
from tests.api.caller import Caller
from tests.api.test_orchestrators import work_off
from tests.journeys.desk import Desk


def number(key: str = "people") -> int:
    return Sync.objects.get(key=key).pk


@pytest.fixture
def run(office: Desk, owner: Caller) -> int:
    """A run of which two rows were refused."""
    error = {"reason": "invalid", "field": "attributes.plan", "message": "no such plan"}
    office.workspace.fault(kind="errors", rows={"keys": ["7", "8"]}, error=error)
    run = owner.post(f"/syncs/{number()}/trigger").data["sync_run_id"]
    work_off()
    return int(run)


def test_the_records_of_a_run_are_listed_counted_and_exported(owner: Caller, run: int) -> None:
    listed = owner.get(f"/sync_runs/{run}/records")
    assert len(listed.data) == 50
    first = listed.data[0]
    assert (first["operation"], first["status"]) == ("add", "succeeded")
    after = listed.body["next_after"]
    assert owner.get(f"/sync_runs/{run}/records?after={after}").data[0]["id"] == after + 1
    refused = owner.get(f"/sync_runs/{run}/records?status=rejected").data
    assert {each["identifier"] for each in refused} == {"7", "8"}
    assert "no such plan" in refused[0]["status_message"]
    assert owner.get(f"/sync_runs/{run}/records/count").data == {
        "total": 250,
        "succeeded": 248,
        "rejected": 2,
        "in_doubt": 0,
        "unsent": 0,
    }
    lines = owner.get(f"/sync_runs/{run}/records/export").text.splitlines()
    assert len(lines) == 250
    assert json.loads(lines[0])["id"] == first["id"]


def test_a_record_is_looked_for_by_post_and_has_an_opaque_address(owner: Caller, run: int) -> None:
    (found,) = owner.post(f"/sync_runs/{run}/records/search", {"primary_identifier": "7"}).data
    assert found["status"] == "rejected"
    story = owner.post(f"/syncs/{number()}/records/search", {"primary_identifier": "42"}).data
    assert story["acknowledged"]["plan"] == '"free"'
    assert story["chapters"][0]["sync_run_id"] == run
    assert story["record"].startswith("gAAAA")  # encrypted by Fernet
    assert owner.get(f"/syncs/{number()}/records/{story['record']}").data["identifier"] == "42"
    assert owner.get(f"/syncs/{number()}/records/42").code == 404
    assert owner.get(f"/syncs/{number('events')}/records/{story['record']}").code == 404


def test_refused_rows_are_grouped_muted_exported_and_retried(office: Desk, owner: Caller, run: int) -> None:
    path = f"/syncs/{number()}"
    (group,) = owner.get(f"{path}/rejected_groups").data
    assert (group["open"], group["reason"], group["field"]) == (2, "invalid", "attributes.plan")
    assert group["advice"]
    assert {each["key"] for each in owner.get(f"{path}/rejected").data} == {"7", "8"}
    assert len(owner.get(f"/sync_runs/{run}/rejected").data) == 2
    assert len(owner.get(f"{path}/rejected/export").text.splitlines()) == 3
    muting = f"{path}/rejected_groups/{group['id']}"
    assert owner.post(f"{muting}/mute").data == {"rows": 2}
    assert owner.get(f"{path}/rejected").data == []
    assert len(owner.get(f"{path}/rejected?muted=true").data) == 2
    assert owner.post(f"{muting}/unmute").data == {"rows": 2}
    office.workspace.heal()
    retried = owner.post(f"{path}/retry", {"group_id": group["id"]}).data["sync_run_id"]
    work_off()
    assert owner.get(f"/sync_runs/{retried}").data["records_updated"] == 2
    assert not Rejected.objects.filter(status="open").exists()
    assert owner.post(f"{path}/retry", {"group_id": group["id"]}).code == 409
    assert owner.post(f"{path}/retry", {"identifiers": ["1"]}).code == 409


def test_a_plan_is_looked_at_and_nothing_is_sent(office: Desk, owner: Caller) -> None:
    made = owner.post(f"/syncs/{number()}/plans")
    plan = made.data
    while plan["status"] == "working":
        plan = owner.get(f"/syncs/{number()}/plans/{plan['id']}").data
    assert (plan["status"], plan["plan"]["add"]) == ("done", 250)
    rows = owner.get(f"/syncs/{number()}/plans/{plan['id']}/records?operation=add").data
    assert rows[0]["fields"][0] == {"field": "plan", "old": None, "new": '"free"'}
    assert [each["id"] for each in owner.get(f"/syncs/{number()}/plans").data] == [plan["id"]]
    assert office.workspace.requests() == []
    assert owner.get(f"/syncs/{number()}/plans/0123456789abcdef").code == 404
    canceled = owner.post(f"/syncs/{number()}/plans/{plan['id']}/cancel")
    assert (canceled.code, canceled.body["message"]) == (409, "This plan is not being made any more.")


def test_a_plan_names_the_rows_it_leaves_out_and_those_that_may_be_one_person(
    office: Desk, owner: Caller
) -> None:
    office.people_sync["mappings"].append({"from": "email", "to": "email"})
    office.sql("UPDATE users SET email = 'p1@example.com' WHERE id IN (1, 2)")
    office.sql("UPDATE users SET email = 'nobody' WHERE id <= 60 AND id > 5")
    office.apply()
    path = f"/syncs/{number()}/plans/{owner.post(f'/syncs/{number()}/plans').data['id']}"
    [shared] = owner.get(f"{path}/shared").data
    assert shared == {"field": "email", "value": '"p1@example.com"', "keys": ["1", "2"], "rows": 2}
    part = owner.get(f"{path}/invalid").body
    rest = owner.get(f"{path}/invalid?after={part['next_after']}").data
    assert {row["key"] for row in (*part["data"], *rest)} == {str(id_) for id_ in range(6, 61)}
    run = owner.post(f"/syncs/{number()}/trigger").data["sync_run_id"]
    work_off()
    assert owner.get(f"/sync_runs/{run}/shared").data == [shared]


def test_one_row_is_sent_as_a_run_of_its_own(office: Desk, owner: Caller) -> None:
    sent = owner.post(f"/syncs/{number()}/test", {"identifier": "42"}).data["sync_run_id"]
    work_off()
    assert owner.get(f"/sync_runs/{sent}").data["records_updated"] == 1
    assert list(office.workspace.people()) == ["42"]


def test_the_requests_of_a_run_are_told_without_their_rows(owner: Caller, run: int) -> None:
    found = owner.get(f"/syncs/{number()}/requests?sync_run_id={run}")
    assert sum(each["items"] for each in found.data) >= 250
    assert "p1@example.com" not in found.text
    assert owner.get(f"/syncs/{number()}/requests?failed=true").data


def test_who_did_what_is_listed_and_what_needs_attention(owner: Caller, run: int) -> None:
    actions = {(each["actor"], each["action"]) for each in owner.get("/activity").data}
    assert ("owner-person", "started") in actions
    assert owner.get(f"/activity?sync_id={number('events')}").code == 200
    overview = owner.get("/overview").data
    assert overview["runs"]["completed"] == 1
    assert overview["attention"][0]["kind"] == "rejected"
    assert owner.get("/health").data["syncs"] == 2


def test_a_run_rests_and_goes_on(owner: Caller) -> None:
    run = owner.post(f"/syncs/{number()}/trigger").data["sync_run_id"]
    assert owner.post(f"/sync_runs/{run}/pause").data["state"] == "paused"
    assert owner.get(f"/sync_runs/{run}").data["status"] == "working"  # it has not ended
    assert owner.get(f"/sync_runs/{run}/progress").data["phase"] == "paused"
    assert owner.post(f"/sync_runs/{run}/resume").data["status"] == "queued"
    assert owner.post(f"/sync_runs/{run}/resume").code == 409
    work_off()
    assert owner.post(f"/sync_runs/{run}/cancel").code == 409
    assert owner.post(f"/sync_runs/{run}/approve").code == 409


def test_masked_values_leave_in_no_answer_about_rows(office: Desk, owner: Caller) -> None:
    office.sql("UPDATE users SET plan = 'secret-plan', visits = 0")
    for column in ("plan", "id"):
        MaskedColumn.objects.create(connection="company", column=column)
    error = {"reason": "invalid", "field": "attributes.plan", "message": "secret-plan is no plan"}
    office.workspace.fault(kind="errors", rows={"keys": ["123"]}, error=error)
    run = owner.post(f"/syncs/{number()}/trigger").data["sync_run_id"]
    work_off()
    plan = owner.post(f"/syncs/{number()}/plans").data["id"]
    texts = [
        owner.get(path).text
        for path in (
            f"/sync_runs/{run}/records",
            f"/sync_runs/{run}/records?status=rejected",
            f"/sync_runs/{run}/records/export",
            f"/sync_runs/{run}/rejected",
            f"/syncs/{number()}/rejected",
            f"/syncs/{number()}/rejected_groups",
            f"/syncs/{number()}/rejected/export",
            f"/syncs/{number()}/requests",
            f"/syncs/{number()}/plans/{plan}/records",
            "/activity",
        )
    ]
    texts.append(owner.post(f"/syncs/{number()}/records/search", {"primary_identifier": "5"}).text)
    for text in texts:
        assert text
        assert "secret-plan" not in text
        assert '"123"' not in text


def test_the_rows_of_a_run_that_another_release_planned_are_not_there_and_the_rest_of_it_is(
    owner: Caller, run: int
) -> None:
    snapshot = Run.objects.get(pk=run).sync_snapshot
    snapshot["sync"]["definition"]["of"] = "tomorrow"
    Run.objects.filter(pk=run).update(sync_snapshot=snapshot)
    refused = owner.get(f"/sync_runs/{run}/records")
    assert refused.code == 404
    assert "cannot be read by this release" in refused.body["message"]
    assert owner.get(f"/sync_runs/{run}").data["id"] == run
    assert owner.get(f"/sync_runs/{run}/records/count").data["succeeded"] == 248
