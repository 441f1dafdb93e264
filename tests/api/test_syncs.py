"""Syncs made, changed, deleted and tried out."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from headcount.control.models import Audit, MaskedColumn, Role, Sync
from headcount.service.editing import open_sync
from headcount.service.scheduling import tick
from tests.api.caller import Caller
from tests.api.conftest import Call
from tests.journeys.desk import Desk
from tests.web.work import work


def number(key: str) -> int:
    return Sync.objects.get(key=key).pk


def entry_of(office: Desk, **more: Any) -> dict[str, Any]:
    return {**deepcopy(office.people_sync), **more}


def test_a_sync_is_made_from_what_the_project_file_would_say(office: Desk, owner: Caller) -> None:
    made = owner.post("/syncs", {"entry": entry_of(office, name="More People")})
    assert (made.code, made.body["status"]) == (201, "created")
    assert made.body["data"]["sync_id"] == number("more-people")
    assert any("both write" in warning for warning in made.body["data"]["warnings"])
    found = owner.get(f"/syncs/{number('more-people')}").data
    assert (found["label"], found["operation"], found["status"]) == ("More People", "mirror", "Ready")
    assert found["entry"] == entry_of(office, name="More People")
    assert "more-people:" in office.done("export").out
    line = Audit.objects.get(what="sync more-people", action="created")
    assert line.actor == "owner-person"


def test_a_sync_is_made_in_the_words_of_other_clients(office: Desk, owner: Caller) -> None:
    source, target = owner.get("/sources").data[0]["id"], owner.get("/destinations").data[0]["id"]
    body = {
        "label": "Theirs",
        "operation": "upsert",
        "source_attributes": {"connection_id": source, "object": {"type": "model", "name": "users"}},
        "destination_attributes": {"connection_id": target, "object": "person"},
        "mappings": [
            {"from": {"type": "column", "data": "id"}, "to": "id", "is_primary_identifier": True},
            {"from": {"type": "column", "data": "plan"}, "to": "plan", "sync_null_values": False},
            {
                "from": {"type": "constant_value", "data": {"value": "shop", "basic_type": "text"}},
                "to": "origin",
            },
        ],
    }
    made = owner.post("/syncs", body)
    assert made.code == 201, made.text
    entry = owner.get(f"/syncs/{made.body['data']['sync_id']}").data["entry"]
    assert entry["identifier"] == {"from": "id", "to": "id"}
    assert entry["behavior"] == "update_or_create"
    assert entry["mappings"] == [
        {"from": "plan", "to": "plan", "nulls": "skip"},
        {"from": {"constant": "shop"}, "to": "origin"},
    ]


def test_what_such_a_client_gets_wrong_is_told_by_field(owner: Caller) -> None:
    body = {
        "operation": "upsert",
        "source_attributes": {"connection_id": 999, "object": {"type": "model", "id": 1}},
        "destination_attributes": {"connection_id": 1, "object": "event"},
        "mappings": [],
    }
    answer = owner.post("/syncs", body)
    assert (answer.code, answer.fields) == (422, ["destination_attributes.object", "mappings"])
    body["destination_attributes"]["object"] = "person"  # type: ignore[index]
    body["mappings"] = [{"from": "id", "to": "id", "is_primary_identifier": True}]
    assert owner.post("/syncs", body).fields == ["source_attributes.object"]


def test_every_mistake_in_an_entry_is_told_with_its_field_and_its_mend(office: Desk, owner: Caller) -> None:
    entry = entry_of(office, behavior="append_only", source={"model": "user"})
    entry["mappings"].append({"from": "plan", "to": "other", "type": "txt"})
    answer = owner.post("/syncs", {"entry": entry})
    assert answer.code == 422
    assert set(answer.fields) == {"mappings[2].type", "source.model", "behavior"}
    assert {"field": "source.model", "message": "There is no model user.", "hint": "Did you mean users?"} in (
        answer.body["errors"]
    )


def test_validate_only_saves_nothing(office: Desk, owner: Caller) -> None:
    answer = owner.post("/syncs", {"entry": entry_of(office), "key": "again", "validate_only": True})
    assert answer.data["sync_id"] is None
    assert not Sync.objects.filter(key="again").exists()


def test_a_key_that_is_taken_or_cannot_be_one_is_refused(office: Desk, owner: Caller) -> None:
    for key in ("people", "a b", "new"):
        answer = owner.post("/syncs", {"key": key, "entry": entry_of(office)})
        assert (answer.code, answer.fields) == (422, ["key"])


def test_a_change_replaces_what_is_given_and_keeps_the_rest(owner: Caller) -> None:
    people = number("people")
    checked = owner.post(f"/syncs/{people}/check", {"entry": {"behavior": "update_or_create"}}).data
    assert checked["changes"] == [{"path": "behavior", "old": "mirror", "new": "update_or_create"}]
    changed = owner.patch(f"/syncs/{people}", {"label": "People", "operation": "upsert"})
    assert changed.body["status"] == "updated"
    assert (changed.data["label"], changed.data["operation"]) == ("People", "upsert")
    assert len(changed.data["mappings"]) == 3
    assert Audit.objects.filter(what="sync people", action="changed").count() == 1


def test_who_saw_an_older_version_overwrites_nothing(owner: Caller) -> None:
    people = number("people")
    seen = owner.get(f"/syncs/{people}").data["version"]
    assert owner.patch(f"/syncs/{people}", {"label": "First", "version": seen}).code == 200
    late = owner.patch(f"/syncs/{people}", {"label": "Second", "version": seen})
    assert (late.code, late.body["status"]) == (409, "error")
    said = "The sync people was changed meanwhile, last by owner-person; nothing was saved."
    assert late.body["message"] == said
    assert owner.get(f"/syncs/{people}").data["label"] == "First"


def test_pausing_is_for_operators_and_changes_nothing_else(call: Call) -> None:
    operator, people = call(Role.OPERATOR), number("people")
    assert operator.post(f"/syncs/{people}/pause").data["paused"] is True
    assert operator.post(f"/syncs/{people}/resume").data["paused"] is False
    assert operator.patch(f"/syncs/{people}", {"paused": True}).code == 403


@pytest.mark.parametrize(
    "said", [lambda paused: {"paused": paused}, lambda paused: {"entry": {"paused": paused}}]
)
def test_a_change_may_pause_and_resume(owner: Caller, said: Callable[[bool], dict[str, Any]]) -> None:
    people = number("people")
    assert owner.patch(f"/syncs/{people}", {**said(True), "validate_only": True}).data["paused"] is False
    assert owner.patch(f"/syncs/{people}", said(True)).data["paused"] is True
    assert owner.patch(f"/syncs/{people}", {"label": "Others"}).data["paused"] is True
    assert owner.patch(f"/syncs/{people}", said(False)).data["paused"] is False
    deeds = Audit.objects.filter(what="sync people").order_by("id").values_list("action", flat=True)
    assert list(deeds)[1:] == ["paused", "changed", "resumed"]


def test_a_deleted_sync_is_gone(office: Desk, owner: Caller) -> None:
    people = number("people")
    assert owner.delete(f"/syncs/{people}").body == {"status": "deleted"}
    assert owner.get(f"/syncs/{people}").code == 404
    assert owner.delete(f"/syncs/{people}").code == 404


def test_a_preview_shows_the_exact_payload_and_sends_nothing(office: Desk, owner: Caller) -> None:
    (first, second) = owner.get(f"/syncs/{number('people')}/preview?rows=2").data
    assert first["identifier"] == "1"
    assert first["payload"]["attributes"] == {"plan": "free", "visits": 1}
    assert second["problems"] == []
    assert office.workspace.requests() == []


def test_one_record_is_asked_for_by_post_and_found_or_not(owner: Caller) -> None:
    people = number("people")
    (found,) = owner.post(f"/syncs/{people}/payload", {"identifier": "42"}).data
    assert found["payload"]["identifiers"] == {"id": "42"}
    assert owner.post(f"/syncs/{people}/payload", {"identifier": "nobody"}).data == []


def test_masked_values_leave_in_no_preview(office: Desk, owner: Caller) -> None:
    office.sql("UPDATE users SET plan = 'secret-plan'")
    for column in ("plan", "id"):
        MaskedColumn.objects.create(connection="company", column=column)
    people = number("people")
    texts = [
        owner.get(f"/syncs/{people}/preview").text,
        owner.post(f"/syncs/{people}/payload", {"identifier": "42"}).text,
    ]
    for text in texts:
        assert "secret-plan" not in text
        assert '"42"' not in text
        assert "\\u2022" in text


def test_a_schedule_reads_as_other_clients_know_it(office: Desk, owner: Caller) -> None:
    people = number("people")

    def told(schedule: dict[str, Any]) -> list[Any]:
        changed = owner.patch(f"/syncs/{people}", {"entry": {"triggers": {"schedule": schedule}}})
        names = ("schedule_frequency", "schedule_day", "schedule_hour", "schedule_minute", "cron_expression")
        return [changed.data[name] for name in names]

    weekly = {"frequency": "weekly", "day": "friday", "hour": 6, "minute": 30}
    assert told(weekly) == ["weekly", "Friday", 6, 30, None]
    assert told({"frequency": "hourly"}) == ["hourly", None, None, 0, None]
    assert told({"every_minutes": 15}) == ["quarter_hourly", None, None, None, None]
    assert told({"every_minutes": 20}) == ["expression", None, None, None, "*/20 * * * *"]
    assert told({"cron": "0 6 * * 1-5"}) == ["expression", None, None, None, "0 6 * * 1-5"]
    assert owner.get(f"/syncs/{number('events')}").data["schedule_frequency"] == "never"


def schedule_of(key: str) -> Any:
    return open_sync(key).entry.get("triggers", {}).get("schedule")


def test_a_schedule_is_set_in_the_words_of_other_clients(office: Desk, owner: Caller) -> None:
    path = f"/syncs/{number('people')}"
    owner.patch(path, {"entry": {"triggers": {"after": ["events"]}}})
    for frequency, meant in {"continuous": 1, "quarter_hourly": 15}.items():
        assert owner.patch(path, {"schedule_frequency": frequency}).data["schedule_frequency"] == frequency
        assert schedule_of("people") == {"every_minutes": meant}
    weekly = {
        "schedule_frequency": "weekly",
        "schedule_day": "Friday",
        "schedule_hour": 6,
        "schedule_timezone": "Europe/Berlin",
    }
    data = owner.patch(path, weekly).data
    assert [data[name] for name in weekly] == list(weekly.values())
    due = datetime.fromisoformat(data["next_scheduled_run"])
    assert due > datetime.now(UTC)
    assert due.astimezone(ZoneInfo("Europe/Berlin")).strftime("%A %H:%M") == "Friday 06:00"
    owner.patch(path, {"schedule_minute": 30})
    assert schedule_of("people") == {
        "frequency": "weekly",
        "day": "friday",
        "hour": 6,
        "minute": 30,
        "timezone": "Europe/Berlin",
    }
    cron = {"schedule_frequency": "expression", "cron_expression": "0 6 * * 1-5"}
    assert owner.patch(path, cron).data["cron_expression"] == "0 6 * * 1-5"
    assert owner.patch(path, {"paused": True}).code == 200
    never = owner.patch(path, {"schedule_frequency": "never"}).data
    assert (never["schedule_frequency"], never["next_scheduled_run"]) == ("never", None)
    assert open_sync("people").entry["triggers"] == {"after": ["events"]}


def test_a_sync_is_made_with_a_schedule(office: Desk, owner: Caller) -> None:
    entry = owner.get(f"/syncs/{number('people')}").data
    body = {
        "label": "Scheduled",
        "operation": "upsert",
        "source_attributes": {
            "connection_id": entry["source_attributes"]["connection_id"],
            "object": {"type": "model", "id": entry["source_attributes"]["object"]["id"]},
        },
        "destination_attributes": entry["destination_attributes"],
        "mappings": [
            {"from": {"type": "column", "data": "id"}, "to": "id", "is_primary_identifier": True},
            {"from": {"type": "column", "data": "plan"}, "to": "tier"},
        ],
        "schedule_frequency": "daily",
        "schedule_hour": 4,
    }
    assert owner.post("/syncs", body).code == 201
    assert schedule_of("scheduled") == {"frequency": "daily", "hour": 4}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"schedule_frequency": "sometimes"}, "schedule_frequency"),
        ({"schedule_frequency": "expression"}, "cron_expression"),
        ({"cron_expression": "61 * * * *"}, "cron_expression"),
        ({"schedule_frequency": "weekly", "schedule_day": "Someday"}, "schedule_day"),
        ({"schedule_frequency": "daily", "schedule_timezone": "Berlin"}, "schedule_timezone"),
        ({"schedule_frequency": "daily", "schedule_hour": 24}, "schedule_hour"),
        ({"schedule_hour": 6}, "schedule_frequency"),
    ],
)
def test_a_schedule_that_cannot_be_followed_names_its_field(
    office: Desk, owner: Caller, body: dict[str, Any], field: str
) -> None:
    said = owner.patch(f"/syncs/{number('people')}", body)
    assert (said.code, said.fields) == (422, [field])
    assert schedule_of("people") is None


def test_a_run_says_for_when_it_was_scheduled_and_what_triggered_it(office: Desk, owner: Caller) -> None:
    owner.patch(f"/syncs/{number('people')}", {"schedule_frequency": "continuous"})
    noon = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    tick(noon)
    [run] = tick(noon + timedelta(minutes=1))
    said = owner.get(f"/sync_runs/{run}").data
    assert said["scheduled_execution_time"].startswith("2026-11-24T12:01:00")
    assert said["sync_trigger_reason"] == {"ui_tag": "Scheduled", "ui_detail": "Due by its schedule"}


def test_a_run_that_failed_says_what_kind_of_error_it_was(office: Desk, owner: Caller) -> None:
    office.sql("ALTER TABLE users RENAME TO gone")
    run = owner.post(f"/syncs/{number('people')}/trigger").data["sync_run_id"]
    work()
    said = owner.get(f"/sync_runs/{run}").data
    assert (said["status"], said["error_code"]) == ("failed", "SOURCE_ERROR")
    office.sql("ALTER TABLE gone RENAME TO users")
    office.workspace.fault(kind="status", status=401, match={"path": "/api/v2/"})
    run = owner.post(f"/syncs/{number('people')}/trigger").data["sync_run_id"]
    work()
    assert owner.get(f"/sync_runs/{run}").data["error_code"] == "CREDENTIALS_REFUSED"
    office.workspace.heal()
    run = owner.post(f"/syncs/{number('people')}/trigger").data["sync_run_id"]
    work()
    assert owner.get(f"/sync_runs/{run}").data["error_code"] is None
