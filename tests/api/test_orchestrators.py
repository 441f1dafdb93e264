"""The same requests, in the same order, that the operators of Airflow, Dagster and Prefect make."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from django.test import Client

from headcount.control.models import Role, Run, Sync
from headcount.service.running import execute_run
from tests.api.caller import Caller
from tests.api.conftest import Call
from tests.journeys.desk import Desk


def number(key: str) -> int:
    return Sync.objects.get(key=key).pk


def work_off() -> None:
    """What a worker does: everything that is queued."""
    for run in list(Run.objects.filter(status="queued").order_by("id")):
        execute_run(run.pk)


class Airflow:
    """A hook with a session: Bearer, no body at all, every answer raised for."""

    def __init__(self, token: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {token}"})

    def run(self, method: str, endpoint: str) -> Any:
        answer = self.client.generic(method, f"/{endpoint}")
        assert answer.status_code < 400, answer.content
        return answer.json()

    def poke(self, run: int) -> bool:
        """Only these two words end the waiting."""
        info = self.run("GET", f"api/v1/sync_runs/{run}")["data"]
        if info["status"] == "failed":
            raise RuntimeError(info.get("error_message") or info.get("error_detail"))
        return bool(info["status"] == "completed")


def test_airflow_tests_its_connection_triggers_and_waits(call: Call) -> None:
    airflow = Airflow(call(Role.OPERATOR).token)
    assert airflow.run("GET", "api/v1/syncs?page=1&per_page=1")["status"] == "success"
    run = airflow.run("POST", f"api/v1/syncs/{number('people')}/trigger")["data"]["sync_run_id"]
    assert isinstance(run, int)
    assert not airflow.poke(run)
    work_off()
    assert airflow.poke(run)


def test_airflow_ends_with_words_when_a_run_is_canceled(call: Call) -> None:
    caller = call(Role.OPERATOR)
    airflow = Airflow(caller.token)
    run = airflow.run("POST", f"api/v1/syncs/{number('people')}/trigger")["data"]["sync_run_id"]
    assert caller.post(f"/sync_runs/{run}/cancel").data["canceled"] is True
    with pytest.raises(RuntimeError, match="canceled"):
        airflow.poke(run)


def test_a_canceled_run_says_who_canceled_it_and_through_what(call: Call) -> None:
    caller = call(Role.OPERATOR)
    run = caller.post(f"/syncs/{number('people')}/trigger").data["sync_run_id"]
    assert caller.get(f"/sync_runs/{run}").data["canceled_by"] is None
    canceled = caller.post(f"/sync_runs/{run}/cancel").data
    assert canceled["canceled_by"] == "owner-person (token test)"
    assert canceled["error_message"] == "The run was canceled by owner-person (token test)."
    other = caller.post(f"/syncs/{number('people')}/trigger").data["sync_run_id"]
    found = caller.get("/sync_runs").data
    assert {each["id"]: each["canceled_by"] for each in found} == {
        run: "owner-person (token test)",
        other: None,
    }


def test_a_run_that_a_guard_stopped_ends_the_waiting_and_says_what_it_needs(office: Desk, call: Call) -> None:
    caller = call(Role.OPERATOR)
    airflow = Airflow(caller.token)
    office.run("people")
    office.sql("DELETE FROM users")
    run = airflow.run("POST", f"api/v1/syncs/{number('people')}/trigger")["data"]["sync_run_id"]
    work_off()
    with pytest.raises(RuntimeError, match=r"(zero|no|0) rows"):
        airflow.poke(run)
    found = caller.get(f"/sync_runs/{run}").data
    assert (found["error_code"], found["state"], found["canceled"]) == ("APPROVAL_NEEDED", "waiting", False)
    refused = caller.post(f"/sync_runs/{run}/approve")  # it removes records: the name is wanted as well
    assert (refused.code, refused.body["errors"][0]["field"]) == (422, "name")
    assert refused.body["hint"] == 'Send {"name": "Users to People"}.'
    approved = caller.post(f"/sync_runs/{run}/approve", {"name": "Users to People"})
    assert approved.data["status"] == "queued"
    work_off()
    assert caller.get(f"/sync_runs/{run}").data["source_record_deletes"] == 250
    assert (
        caller.post(f"/sync_runs/{run}/approve").code == 409
    )  # it does not wait any more, whatever the name
    assert airflow.poke(run)


class Dagster:
    """A resource: Basic with the user ``bearer``, its own content type, JSON in the body."""

    STATES = ("completed", "failed", "queued", "skipped", "working")

    def __init__(self, token: str) -> None:
        sign = b64encode(f"bearer:{token}".encode()).decode()
        self.client = Client(headers={"Authorization": f"Basic {sign}"})

    def ask(self, method: str, endpoint: str, data: Any = None) -> Any:
        body = b"" if data is None else json.dumps(data).encode()
        answer = self.client.generic(
            method, f"/api/v1/{endpoint}", body, content_type="application/json;version=2"
        )
        assert answer.status_code < 400, answer.content
        return answer.json()


def test_dagster_reads_the_workspace_triggers_a_full_sync_and_reports_its_counters(
    office: Desk, call: Call
) -> None:
    office.run("people")
    dagster = Dagster(call(Role.OPERATOR).token)
    page = dagster.ask("GET", "syncs")
    assert page["pagination"]["last_page"] == 1
    names = {sync["id"]: sync["label"] or sync["resource_identifier"] for sync in page["data"]}
    assert names[number("people")] == "Users to People"
    assert all({"to", "field_type"} <= set(each) for sync in page["data"] for each in sync["mappings"])

    sync = dagster.ask("GET", f"syncs/{number('people')}")["data"]
    source = dagster.ask("GET", f"sources/{sync['source_attributes']['connection_id']}")["data"]
    target = dagster.ask("GET", f"destinations/{sync['destination_attributes']['connection_id']}")["data"]
    assert (source["name"], source["type"], target["name"]) == ("company", "sqlite", "production")

    begun = dagster.ask("POST", f"syncs/{sync['id']}/trigger", {"force_full_sync": True})
    run = dagster.ask("GET", f"sync_runs/{begun['data']['sync_run_id']}")["data"]
    assert run["status"] in dagster.STATES
    work_off()
    run = dagster.ask("GET", f"sync_runs/{run['id']}")["data"]
    names_read = (
        "source_record_count",
        "records_processed",
        "records_updated",
        "records_failed",
        "records_invalid",
        "full_sync",
    )
    assert [run[name] for name in names_read] == [250, 250, 250, 0, 0, True]
    assert (run["status"], run["sync_id"]) == ("completed", sync["id"])


def test_dagster_may_say_that_it_wants_no_full_sync(call: Call) -> None:
    dagster = Dagster(call(Role.OPERATOR).token)
    begun = dagster.ask("POST", f"syncs/{number('events')}/trigger", {"force_full_sync": False})
    assert Run.objects.get(pk=begun["data"]["sync_run_id"]).full is False


def test_prefect_asks_for_a_full_sync_in_the_address_and_waits(office: Desk, call: Call) -> None:
    caller = call(Role.OPERATOR)
    begun = caller.post(f"/syncs/{number('people')}/trigger?force_full_sync=true")
    run = begun.data["sync_run_id"]
    assert Run.objects.get(pk=run).full is True
    assert caller.get(f"/sync_runs/{run}").data["status"] == "queued"
    work_off()
    assert caller.get(f"/sync_runs/{run}").data["status"] == "completed"
    again = caller.post(f"/syncs/{number('people')}/trigger?force_full_sync=false")
    assert Run.objects.get(pk=again.data["sync_run_id"]).full is False


def test_who_asks_again_before_the_run_has_begun_is_given_the_same_run(call: Call) -> None:
    caller = call(Role.OPERATOR)
    path = f"/syncs/{number('people')}/trigger"
    first = caller.post(path).data["sync_run_id"]
    assert caller.post(path).data["sync_run_id"] == first
    full = caller.post(f"{path}?force_full_sync=true").data["sync_run_id"]
    assert full != first  # the first would not do what is asked now
    assert caller.post(path).data["sync_run_id"] == full  # but the full one does


def test_a_full_sync_of_events_is_refused_with_the_reason(call: Call) -> None:
    answer = call(Role.OPERATOR).post(f"/syncs/{number('events')}/trigger?force_full_sync=true")
    assert answer.code == 422
    assert "Events are never sent again" in answer.body["message"]


def test_a_rejected_row_is_no_failed_run(office: Desk, call: Call) -> None:
    caller = call(Role.OPERATOR)
    error = {"reason": "invalid", "field": "attributes.plan", "message": "no such plan"}
    office.workspace.fault(kind="errors", rows={"keys": ["7"]}, error=error)
    run = caller.post(f"/syncs/{number('people')}/trigger").data["sync_run_id"]
    work_off()
    found = caller.get(f"/sync_runs/{run}").data
    assert (found["status"], found["records_updated"], found["records_failed"]) == ("completed", 249, 1)
    assert caller.get(f"/syncs/{number('people')}").data["status"] == "Up to Date"


def test_a_run_that_failed_says_why_and_its_sync_is_failing(office: Desk, owner: Caller) -> None:
    office.sql("ALTER TABLE users DROP COLUMN plan")
    run = owner.post(f"/syncs/{number('people')}/trigger").data["sync_run_id"]
    assert owner.get(f"/syncs/{number('people')}").data["status"] == "Up to Date"
    work_off()
    found = owner.get(f"/sync_runs/{run}").data
    assert (found["status"], found["error_code"]) == ("failed", "SOURCE_ERROR")
    assert "plan" in found["error_message"]
    assert owner.get(f"/syncs/{number('people')}").data["status"] == "Failing"


def test_a_superseded_run_reads_failed(owner: Caller) -> None:
    run = Run.objects.create(sync=Sync.objects.get(key="people"), status="superseded")
    found = owner.get(f"/sync_runs/{run.pk}").data
    assert (found["status"], found["error_code"], found["state"]) == ("failed", "SUPERSEDED", "superseded")
