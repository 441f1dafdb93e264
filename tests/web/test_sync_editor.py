"""Making and editing a sync in pages, without a script."""

from __future__ import annotations

import getpass
import json
import re
import secrets
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client

from headcount.control.models import Audit, FormStep, MaskedColumn, Role, Sync
from headcount.control.setup import close
from headcount.sandbox.seed import PRODUCTION
from headcount.service import counted
from headcount.service.draft_work import DraftWork
from headcount.service.editing import open_sync
from headcount.service.form_steps import LARGEST
from headcount.service.planning import plan_sync
from tests.journeys.conftest import applied, desk, sandbox, workspace
from tests.journeys.desk import Desk
from tests.web.conftest import Visit
from tests.web.office import Page, opened
from tests.web.work import text

__all__ = ["applied", "desk", "sandbox", "workspace"]

EDIT = "/syncs/people/configuration/"


@pytest.fixture
def company(applied: Desk, visit: Visit) -> Iterator[Desk]:
    """The sample company, applied, with the pages over it."""
    yield applied


def begin(visit: Visit, object_: str = "person", model: str = "users") -> Page:
    page = opened(visit(Role.EDITOR), "/syncs/new/")
    return page.press("refresh", name="From the page", model=model, connection="production", object=object_)


def applies_cleanly(desk: Desk) -> None:
    """What ``export`` prints is what ``apply`` finds in place."""
    file = desk.folder / "exported.yml"
    file.write_text(desk.done("export").out)
    assert "Nothing to change" in desk.done("apply", str(file)).out


def planned(page: Page) -> dict[str, Any]:
    """The plan that saving led to."""
    where = re.fullmatch(r"(/syncs/[\w-]+/plan/[0-9a-f]{16})/", page.answer.headers["Location"])
    assert where
    draft: dict[str, Any] = {"status": "working"}
    while draft["status"] == "working":
        draft = json.loads(page.client.get(f"{where[1]}.json").content)["draft"]
    return {"status": draft["status"], **{name: draft["plan"][name] for name in ("add", "change")}}


def test_a_new_sync_is_saved_and_planned_at_once(company: Desk, visit: Visit) -> None:
    page = begin(visit).press("save-and-plan")
    assert planned(page) == {"status": "done", "add": 250, "change": 0}


def test_the_form_asks_first_for_model_destination_and_object(company: Desk, visit: Visit) -> None:
    page = opened(visit(Role.EDITOR), "/syncs/new/")
    assert "Which fields should be updated?" not in page
    page = page.press("refresh", model="users", connection="production", object="person")
    assert "Recommended: your own internal id" in page
    assert "For prospects who have no id yet" in page
    assert page.value("behavior") == "update_or_create"
    assert page.value("identifier_from") == "id"
    assert page.rows == ["email"]


def test_a_people_sync_with_a_custom_field_is_made_and_runs(company: Desk, visit: Visit) -> None:
    page = begin(visit).press("custom")
    assert page.rows == ["email", ""]
    page = page.press("save", m__1__text="plan", m__1__to="Tariff of today")
    assert page.answer.headers["Location"] == "/syncs/from-the-page/"
    assert open_sync("from-the-page").entry["mappings"] == [
        {"from": "email", "to": "email"},
        {"from": "plan", "to": "Tariff of today"},
    ]
    applies_cleanly(company)
    company.run("from-the-page")
    assert company.workspace.people()["7"]["Tariff of today"] == '"free"'


def test_a_custom_field_is_added_to_a_sync_that_is_there_and_review_counts_the_resend(
    company: Desk, visit: Visit
) -> None:
    company.run()
    page = opened(visit(Role.EDITOR), EDIT).press("custom")
    filled = {"m__2__kind": "template", "m__2__text": "{{ email }} on {{ plan }}", "m__2__to": "full_name"}
    page = page.press("review", **filled)
    assert "Saving this would send 250 of 250 accepted records again" in page
    assert ", because full_name is new" in page
    assert "(3 requests, less than a second)" in page
    assert "<code>full_name</code> is new: 250 rows" in page
    assert open_sync("people").entry["mappings"][-1]["to"] == "visits"
    page = page.press("save-and-plan")
    assert planned(page) == {"status": "done", "add": 0, "change": 250}
    assert open_sync("people").entry["mappings"][-1] == {
        "from": {"template": "{{ email }} on {{ plan }}"},
        "to": "full_name",
    }
    line = Audit.objects.filter(action="changed").latest("id")
    assert (line.actor, line.what) == ("editor", "sync people")
    assert plan_sync("people").change == 250
    applies_cleanly(company)


def test_events_offer_append_only_and_nothing_else(company: Desk, visit: Visit) -> None:
    page = begin(visit, "event", "orders")
    assert "<b>Append Only</b>" in page
    assert "Mirror" not in page
    page = page.press("save")
    assert page.answer.status_code == 422
    assert "Choose the column that makes a row unique for ever" in page
    assert "Choose what the first run does" in page
    assert "Choose the column that says whose event it is." in page
    page = page.press(
        "save", unique_id="id", first_run="backfill", event_name="Order Placed", person_from="user_id",
        timestamp_kind="column", timestamp="at",
    )  # fmt: skip
    assert page.answer.status_code == 302
    entry = open_sync("from-the-page").entry
    assert entry["behavior"] == "append_only"
    assert entry["event"] == {
        "name": {"constant": "Order Placed"},
        "person": {"from": "user_id", "to": "id"},
        "timestamp": "at",
    }
    applies_cleanly(company)
    company.run("from-the-page")
    assert len(company.workspace.events()["events"]) == 100


def test_a_time_of_events_that_would_not_be_used_is_told_and_not_thrown_away(
    company: Desk, visit: Visit
) -> None:
    page = begin(visit, "event", "orders")
    page = page.press(
        "save", unique_id="id", first_run="backfill", event_name="Order Placed", person_from="user_id",
        timestamp="at",
    )  # fmt: skip
    assert page.answer.status_code == 422
    assert 'id="timestamp-wrong"' in page
    assert "so this would not be used" in page
    assert page.value("timestamp") == "at"
    assert page.press("save", timestamp_kind="column").answer.status_code == 302
    assert open_sync("from-the-page").entry["event"]["timestamp"] == "at"


def test_old_events_that_would_count_as_of_today_are_worth_a_warning_until_they_are_sent(
    company: Desk, visit: Visit
) -> None:
    said = "without the time at which each happened"
    page = begin(visit, "event", "orders")
    filled = {"unique_id": "id", "event_name": "Order Placed", "person_from": "user_id"}
    page = page.press("preview", first_run="backfill", **filled)
    assert f"The first run of from-the-page sends the rows that are there already (Backfill), {said}" in page
    assert said not in page.press("preview", timestamp_kind="column", timestamp="at")
    assert said not in page.press("preview", first_run="record_as_seen")
    page.press("save", first_run="backfill")
    configuration = "/syncs/from-the-page/configuration/"
    assert said in opened(visit(Role.EDITOR), configuration)
    assert "counts as one of today" in opened(visit(Role.EDITOR), configuration).press(
        "review", name="Orders"
    )
    assert "timestamp: there is none" in plan_sync("from-the-page").warnings[0]
    assert "takes each of these events" in " ".join(company.done("plan", "from-the-page").out.split())
    company.run("from-the-page")
    assert said not in opened(visit(Role.EDITOR), configuration)


def test_a_value_that_is_probably_meant_otherwise_is_told(company: Desk, visit: Visit) -> None:
    page = begin(visit, "event", "orders").press("add").press("add")
    page = page.press(
        "preview", unique_id="id", first_run="backfill", event_name="total", person_from="user_id",
        timestamp_kind="column", timestamp="at", m__0__kind="text", m__0__text="{{ total }}", m__0__to="a",
        m__1__kind="template", m__1__text="total", m__1__to="b",
    )  # fmt: skip
    assert "The event name is the text total in every row, and the model has a column of that name." in page
    assert "The field a is sent as it is written, with its braces." in page
    assert "The field b is the same text in every row, for its template reads no column." in page


def test_everything_typed_stays_when_something_is_wrong_and_the_message_stands_beside_it(
    company: Desk, visit: Visit
) -> None:
    page = begin(visit).press("add").press("add").press("add")
    page = page.press(
        "save", m__1__kind="template", m__1__text="{{ emial }}", m__1__to="greeting",
        m__2__text="plann", m__2__to="plan", m__2__nulls="skip", m__2__type="text",
        m__3__kind="value", m__3__text="[1", m__3__to="list", max_changed="half",
    )  # fmt: skip
    assert page.answer.status_code == 422
    for place in ("m-1-text", "m-2-text", "m-3-text", "max_changed"):  # all at once
        assert f'id="{place}-wrong"' in page, place
    assert "Type a number from 0 to 100." in page
    kept = ["m-1-text", "m-2-text", "m-2-nulls", "m-2-type", "m-3-text", "max_changed"]
    assert [page.value(name) for name in kept] == ["{{ emial }}", "plann", "skip", "text", "[1", "half"]
    page = page.press("save", m__3__text="[1]", max_changed="40")
    assert 'id="m-1-text-wrong"' in page
    assert "reads emial, which is not a column." in page
    assert "The model has no column plann. Did you mean plan?" in page
    page = page.press("save", m__1__text="{{ email }}", m__2__text="plan")
    assert page.answer.status_code == 302
    assert open_sync("from-the-page").entry["guards"] == {"max_changed": 0.4}


def test_a_template_that_cannot_be_parsed_is_told_beside_it(company: Desk, visit: Visit) -> None:
    page = begin(visit).press("add")
    page = page.press("save", m__1__kind="template", m__1__text="{{ email", m__1__to="x")
    assert 'id="m-1-text-wrong"' in page
    assert "cannot be read" in page


def test_rows_are_added_removed_and_moved_and_the_others_stay(company: Desk, visit: Visit) -> None:
    page = opened(visit(Role.EDITOR), EDIT).press("suggest:email")
    assert page.rows == ["email", "plan", "visits"]
    assert page.value("m-0-text") == "email"
    page = page.press("down:0").press("up:2")
    assert page.rows == ["plan", "visits", "email"]
    page = page.press("remove:1", m__0__nulls="keep")
    assert page.rows == ["plan", "email"]
    assert page.value("m-0-nulls") == "keep"


def test_all_columns_are_mapped_at_once_in_the_chosen_style(company: Desk, visit: Visit) -> None:
    page = begin(visit).press("map-all", all_names="start_case")
    assert page.rows == ["email", "Plan", "Visits"]


def test_mapping_all_columns_of_events_leaves_out_those_that_say_who_and_when(
    company: Desk, visit: Visit
) -> None:
    page = begin(visit, "event", "orders")
    read = {"unique_id": "id", "person_from": "user_id", "timestamp_kind": "column", "timestamp": "at"}
    page = page.press("map-all", **read)
    assert page.rows
    assert not {"id", "user_id", "at"} & set(page.rows)


def test_a_mistake_in_a_template_is_told_together_with_others(company: Desk, visit: Visit) -> None:
    page = begin(visit).press("add").press("add")
    page = page.press(
        "save", m__1__kind="template", m__1__text="{{ emial }}", m__1__to="greeting", m__2__text="plan"
    )
    assert "reads emial, which is not a column." in page
    assert 'id="m-2-to-wrong"' in page


def test_sync_all_properties_is_a_switch(company: Desk, visit: Visit) -> None:
    page = begin(visit).press("save", all_columns="on", all_names="upper_case")
    assert open_sync("from-the-page").entry["sync_all_columns"] == {"names": "upper_case"}
    applies_cleanly(company)
    page = opened(visit(Role.EDITOR), "/syncs/from-the-page/configuration/")
    assert dict(page.form.inputs)["all_columns"] == "on"


def test_the_preview_is_the_payload_and_steps_through_rows(company: Desk, visit: Visit) -> None:
    page = opened(visit(Role.EDITOR), EDIT).press("preview")
    assert "&quot;id&quot;: &quot;1&quot;" in page
    page = page.press("row:2")
    assert "&quot;id&quot;: &quot;2&quot;" in page
    assert "&quot;visits&quot;: 2" in page
    assert company.workspace.requests() == []


def test_a_preview_needs_no_name_and_leaves_the_key_alone(company: Desk, visit: Visit) -> None:
    page = begin(visit).press("preview", name="")
    assert "&quot;id&quot;: &quot;1&quot;" in page
    assert page.value("key") == ""
    page = page.press("save")
    assert "Give the sync a name." in page
    assert page.press("save", name="x" * 201).answer.status_code == 422


def test_nonsense_in_a_form_is_answered_in_words(company: Desk, visit: Visit) -> None:
    client = visit(Role.EDITOR)
    page = opened(client, EDIT).press("add")
    nonsense = {"m-2-kind": "evil", "m-2-text": "\u0001", "m-2-to": "x", "m-0-kept": "{", "kept": "[1]"}
    assert 'id="m-2-text-wrong"' in page.press("review", **nonsense)
    for data in (
        {"do": "remove:many"},
        {"do": "save", "object": "evil", "model": "evil", "connection": "evil"},
    ):
        assert client.post("/syncs/new/", data, follow=True).status_code in (200, 422)
    assert (
        client.post(EDIT, {"do": "review", "m-count": "-1", "object": "person"}, follow=True).status_code
        == 422
    )


def test_the_preview_says_which_rows_would_be_invalid_and_why(company: Desk, visit: Visit) -> None:
    company.sql("UPDATE users SET email = 'nobody' WHERE id = 2")
    page = begin(visit).press("preview")
    assert "1 row would never be sent" in page
    page = page.press("row:2")
    assert "would not be sent: email: this is not an e-mail address" in page


def test_masked_columns_are_not_in_the_preview(company: Desk, visit: Visit) -> None:
    MaskedColumn.objects.create(connection="company", column="email")
    page = begin(visit).press("preview")
    assert "•••" in page
    assert "@example.com" not in page


def test_a_removed_mapping_says_that_the_attribute_stays_and_offers_to_unset_it(
    company: Desk, visit: Visit
) -> None:
    company.run()
    page = opened(visit(Role.EDITOR), EDIT).press("remove:0")
    assert "plan is no longer mapped. It <b>stays in Customer.io</b>" in page
    page = page.press("unset:plan").press("review")
    assert "Saving this would send 250 of 250" in page
    page.press("save")
    assert open_sync("people").entry["mappings"][-1] == {"from": {"constant": None}, "to": "plan"}


def test_nothing_is_said_of_the_last_value_of_a_field_that_was_never_sent(
    company: Desk, visit: Visit
) -> None:
    editor = visit(Role.EDITOR)
    assert "stays in Customer.io" not in opened(editor, EDIT).press("remove:0")
    company.run()
    page = opened(editor, EDIT).press("custom")
    page.press("review", m__2__text="email", m__2__to="contact").press("save")  # and no run sends it
    page = opened(editor, EDIT).press("remove:2").press("review")
    assert "contact" in page
    assert "stays in Customer.io" not in page
    assert "plan is no longer mapped. It <b>stays" in opened(editor, EDIT).press("remove:0").press("review")


def test_a_review_that_was_saved_says_when_it_is_shown_again_what_is_true_now(
    company: Desk, visit: Visit
) -> None:
    company.run()
    editor = visit(Role.EDITOR)
    page = opened(editor, EDIT).press("custom").press("custom")
    filled = {"m__2__text": "email", "m__2__to": "contact", "m__0__text": "visits", "m__3__text": "id"}
    review = page.press("review", **filled, m__3__to="number", max_changed="100")
    assert "Saving this would send 250 of 250" in review
    assert "<code>plan</code> is mapped differently: 250 rows" in review
    for what, before, after in (
        ("Field plan", "column plan", "column visits"),
        ("Field contact", "", "column email"),
        ("Most records changed", "50 %", "100 %"),
    ):
        old = f'<span class="{"old" if before else "quiet"}">{before or "nothing"}</span>'
        assert f'{what}</td><td data-label="Before">{old}</td><td data-label="After">{after}</td>' in review
    assert "{&quot;from&quot;" not in review.text.partition("<table")[2]
    address = review.answer.wsgi_request.get_full_path()
    review.press("save")
    again = text(editor.get(address))
    assert "Nothing: this is what is stored already." in again
    assert "Saving this would send" not in again
    assert (
        "Nothing is sent again because of this. The next run sends 250 rows that are new or changed in the source, "
        "or mapped anew since the last run." in again
    )
    for field in ("contact", "plan", "number"):
        assert f"<code>{field}</code> was mapped anew since the last run: 250 rows" in again
    page = opened(editor, EDIT).press("review", m__2__text="plan")
    assert "</b>, because contact is mapped differently" in page
    assert "<code>plan</code> was mapped anew since the last run: 250 rows" in page
    company.run()
    assert "Nothing is sent again because of this, and nothing changed in the source." in text(
        editor.get(address)
    )


def test_all_columns_of_a_sync_are_nothing_that_an_edit_of_it_adds(company: Desk, visit: Visit) -> None:
    company.people_sync["sync_all_columns"] = {"enabled": True}
    company.project["models"]["users"] = {"connection": "company", "table": "users"}
    company.apply()
    company.run()
    company.sql("ALTER TABLE users ADD COLUMN since TEXT DEFAULT 'today'")
    page = opened(visit(Role.EDITOR), EDIT).press("review", max_changed="60")
    assert "Nothing is sent again because of this. The next run sends 250 rows" in page
    assert "<code>since</code>" in page


def test_a_sync_that_changed_meanwhile_is_not_overwritten_and_nothing_typed_is_lost(
    company: Desk, visit: Visit
) -> None:
    mine = opened(visit(Role.EDITOR), EDIT).press("add")
    review = mine.press("review", m__2__text="email", m__2__to="contact")
    company.people_sync["behavior"] = "update_only"
    company.apply()
    page = review.press("save")
    assert page.answer.status_code == 409
    assert f"The sync people was changed meanwhile, last by {getpass.getuser()}; nothing was saved." in page
    assert '<span class="old">Update Only</span></td><td data-label="After">Mirror' in page
    assert page.rows == ["plan", "visits", "contact"]
    assert open_sync("people").entry["behavior"] == "update_only"
    assert page.press("review").press("save").answer.status_code == 302
    assert open_sync("people").entry["mappings"][-1]["to"] == "contact"


def test_events_under_another_unique_id_need_a_choice_before_they_are_saved(
    company: Desk, visit: Visit
) -> None:
    company.run("events")
    page = opened(visit(Role.EDITOR), "/syncs/events/configuration/")
    page = page.press("review", unique_id="at")
    assert "What should become of the rows that are there now?" in page
    assert "save" not in page.form.buttons
    assert open_sync("events").entry["unique_id"] == "id"
    page = page.press("review", generation="record_as_seen")
    assert "every row is recorded as seen and not sent" in page
    page.press("save")
    entry = open_sync("events").entry
    assert (entry["unique_id"], entry["first_run"]) == ("at", "record_as_seen")


def test_another_sync_that_writes_the_same_field_is_told_in_preview_and_after_saving(
    company: Desk, visit: Visit
) -> None:
    page = begin(visit).press("map-all").press("preview")
    assert "both write plan, visits" in page
    page = page.press("save")
    assert "both write plan, visits" in opened(page.client, EDIT)


def test_attributes_of_the_workspace_are_suggested_on_demand(
    company: Desk, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(visit(Role.EDITOR), EDIT).press("seen")
    assert "needs an App API Key" in page
    company.run()
    monkeypatch.setenv("JOURNEY_APP_KEY", PRODUCTION.app_key)
    company.target["app_api_key"] = "env:JOURNEY_APP_KEY"
    company.apply()
    page = begin(visit).press("seen")
    assert "suggest:plan" in page.form.buttons
    assert page.press("suggest:plan").rows == ["plan", "email"]


def test_a_form_of_three_hundred_mappings_works(company: Desk, visit: Visit) -> None:
    page = begin(visit)
    typed: dict[str, Any] = {"m-count": "299"}
    for number in range(1, 299):
        typed |= {f"m-{number}-text": "plan", f"m-{number}-to": f"field {number}"}
    page = page.press("save", **typed)
    assert page.answer.status_code == 302
    assert len(open_sync("from-the-page").entry["mappings"]) == 299
    page = opened(visit(Role.EDITOR), "/syncs/from-the-page/configuration/").press("preview")
    assert len(page.rows) == 299
    assert "&quot;field 298&quot;" in page


def test_a_source_that_cannot_be_asked_does_not_keep_anybody_from_editing(
    company: Desk, visit: Visit
) -> None:
    company.database.unlink()
    page = opened(visit(Role.EDITOR), EDIT)
    assert "The columns of the model are not known" in page
    page = page.press("remove:1").press("review")
    assert "How much would be sent again is not known" in page
    assert page.press("save").answer.status_code == 302


def test_viewers_and_operators_may_look_and_not_change(company: Desk, visit: Visit) -> None:
    for role in (Role.VIEWER, Role.OPERATOR):
        client = visit(role)
        page = opened(client, EDIT)
        assert "changing it takes the role Editor" in page
        assert page.form.buttons == ["refresh"]
        for address in (EDIT, "/syncs/new/", "/syncs/people/delete/", "/syncs/people/copy/"):
            assert client.post(address, {"do": "save"}).status_code == 403
        assert client.get("/syncs/new/").status_code == 403
    assert visit(Role.VIEWER).post("/syncs/people/pause/").status_code == 403


def test_the_twin_holds_the_entry(company: Desk, visit: Visit) -> None:
    data = json.loads(visit(Role.VIEWER).get("/syncs/people/configuration.json").content)
    assert data["configuration"]["entry"] == open_sync("people").entry
    assert [column["name"] for column in data["columns"]] == ["id", "email", "plan", "visits"]


def test_a_copy_opens_in_the_editor_and_is_saved_as_a_sync_of_its_own(company: Desk, visit: Visit) -> None:
    client = visit(Role.EDITOR)
    answer = client.post("/syncs/people/copy/", {"name": "People too", "connection": "production"})
    page = opened(client, answer.headers["Location"])
    assert (page.value("name"), page.value("key")) == ("People too", "people-too")
    assert page.press("save").answer.headers["Location"] == "/syncs/people-too/"
    copied = {**open_sync("people-too").entry, "name": "Users to People"}
    assert copied == open_sync("people").entry


def test_an_operator_pauses_and_resumes(company: Desk, visit: Visit) -> None:
    client = visit(Role.OPERATOR)
    client.post("/syncs/people/pause/")
    assert open_sync("people").paused
    client.post("/syncs/people/resume/")
    assert not open_sync("people").paused
    assert [line.action for line in Audit.objects.order_by("-id")[:2]] == ["resumed", "paused"]


def test_deleting_says_what_is_lost_and_wants_the_name(company: Desk, visit: Visit) -> None:
    company.run()
    client = visit(Role.EDITOR)
    page = opened(client, "/syncs/people/delete/", "")
    assert "that 250 records were accepted is forgotten" in page
    wrong = client.post("/syncs/people/delete/", {"name": "people"})
    assert b"Type Users to People exactly" in wrong.content
    assert client.post("/syncs/people/delete/", {"name": "Users to People"}).headers["Location"] == "/syncs/"
    assert b"There is no sync people" in client.get(EDIT).content


def test_what_starts_a_sync_is_chosen_in_the_form_and_its_next_times_are_told(
    company: Desk, visit: Visit
) -> None:
    page = opened(visit(Role.EDITOR), EDIT)
    assert page.value("starts") == ""
    chosen = {"starts": "weekly", "on_day": "friday", "at_hour": "6", "timezone": "Europe/Berlin"}
    page = page.press("preview", **chosen, after="events")
    assert "Starts every Friday at 06:00 (Europe/Berlin); after events." in page
    assert page.text.count("at 06:00 (Europe/Berlin)</li>") == 3
    assert "<li>Friday, " in page
    page = page.press("review")
    assert "Nothing is sent again because of this" in page
    page = page.press("save")
    assert page.answer.status_code == 302
    schedule = {"frequency": "weekly", "day": "friday", "hour": 6, "timezone": "Europe/Berlin"}
    assert open_sync("people").entry["triggers"] == {"schedule": schedule, "after": ["events"]}
    applies_cleanly(company)
    page = opened(visit(Role.EDITOR), EDIT)
    assert [page.value(name) for name in ("starts", "on_day", "at_hour", "after")] == [
        "weekly", "friday", "6", "events",
    ]  # fmt: skip
    page.press("review", starts="", after="").press("save")
    assert "triggers" not in open_sync("people").entry


def test_a_schedule_that_cannot_be_followed_is_told_beside_its_inputs(company: Desk, visit: Visit) -> None:
    page = opened(visit(Role.EDITOR), EDIT)
    page = page.press("review", starts="cron", cron="61 * * * *", timezone="Berlin")
    assert page.answer.status_code == 422
    assert 'id="cron-wrong"' in page
    assert 'id="timezone-wrong"' in page
    assert "There is no time zone Berlin." in page
    page = page.press("review", starts="minutes", every_minutes="0")
    assert 'id="every_minutes-wrong"' in page
    page = page.press("review", every_minutes="15", after="people")
    assert 'id="after-wrong"' in page
    assert "people would wait for itself" in page
    assert "triggers" not in open_sync("people").entry


def test_pausing_says_what_it_means_for_the_schedule(company: Desk, visit: Visit) -> None:
    client = visit(Role.EDITOR)
    opened(client, EDIT).press("review", starts="hourly", at_minute="5").press("save")
    paused = client.post("/syncs/people/pause/", follow=True).content.decode()
    assert "What would start it is left: every hour at minute 5 (UTC)." in paused
    resumed = client.post("/syncs/people/resume/", follow=True).content.decode()
    assert "It starts every hour at minute 5 (UTC). Due next: " in resumed
    client.post("/syncs/events/pause/")
    assert "It has no triggers" in client.post("/syncs/events/resume/", follow=True).content.decode()


def test_everything_that_a_form_lacks_is_told_at_once_and_leads_to_its_input(
    company: Desk, visit: Visit
) -> None:
    page = opened(visit(Role.EDITOR), "/syncs/new/?model=orders&connection=production&object=event")
    page = page.press("add")
    page = page.press("save", m__0__text="totl", m__0__to="total")
    assert page.answer.status_code == 422
    for place in ("name", "unique_id", "first_run", "event_name", "person_from", "m-0-text"):
        assert f'href="#{place}-wrong"' in page, place
        assert f'id="{place}-wrong"' in page, place
    assert "The model has no column totl. Did you mean total?" in page
    assert "first_run is missing" not in page
    page = opened(visit(Role.EDITOR), EDIT).press("review", starts="cron", cron="99", m__0__text="plaan")
    for place in ("cron", "m-0-text"):
        assert f'href="#{place}-wrong"' in page, place


def test_the_configuration_says_which_other_syncs_write_the_same_fields(company: Desk, visit: Visit) -> None:
    assert "both write" not in opened(visit(Role.EDITOR), EDIT)
    company.project["syncs"]["twin"] = {**company.people_sync, "name": "Twin"}
    company.apply()
    assert "The syncs people and twin both write plan, visits in " in opened(visit(Role.EDITOR), EDIT)


def test_the_keyboard_stays_with_the_row_that_was_moved_or_removed(company: Desk, visit: Visit) -> None:
    page = opened(visit(Role.EDITOR), EDIT)
    page = page.press("map-all")
    assert len(page.rows) > 2

    def focused(page: Page) -> str:
        found = re.search(r'value="([a-z-]+(?::\d+)?)" autofocus', page.text)
        return found[1] if found else ""

    assert focused(page) == "map-all"
    page = page.press("down:0")
    assert focused(page) == "down:1"
    page = page.press("up:1")
    assert focused(page) == "up:0"
    page = page.press("up:0")
    assert focused(page) == "up:0"
    last = len(page.rows) - 1
    assert focused(page.press(f"remove:{last}")) == f"remove:{last - 1}"
    page = page.press("custom")
    assert 'aria-label="Row ' in page.text[: page.text.index(" autofocus")][-200:]


def test_a_wrong_guard_hides_no_wrong_schedule(company: Desk, visit: Visit) -> None:
    typed = {
        "max_removed": "lots",
        "minimum": "many",
        "timeout_minutes": "long",
        "starts": "cron",
        "cron": "daily",
    }
    page = opened(visit(Role.EDITOR), EDIT).press("review", **typed)
    for name, value in typed.items():
        assert page.value(name) == value
        assert name == "starts" or f'id="{name}-wrong"' in page, name


def test_going_on_without_model_destination_and_object_says_what_is_missing(
    company: Desk, visit: Visit
) -> None:
    page = opened(visit(Role.EDITOR), "/syncs/new/").press("refresh", name="Mine", connection="production")
    assert "Choose a model." in page
    assert "Choose an object." in page
    assert "Choose a destination." not in page
    assert page.value("name") == "Mine"


def test_a_sync_that_is_deleted_while_somebody_changes_it_becomes_a_new_one(
    company: Desk, visit: Visit
) -> None:
    client = visit(Role.EDITOR)
    page = opened(client, EDIT).press("custom")
    number = len(page.rows) - 1
    client.post("/syncs/people/delete/", {"name": "Users to People"})
    typed = {f"m__{number}__text": "plan", f"m__{number}__to": "Tariff of today"}
    page = page.press("review", **typed)
    assert "was deleted meanwhile" in page
    assert page.rows[number] == "Tariff of today"
    assert 'action="/syncs/new/"' in page
    page.address = "/syncs/new/"
    assert page.press("save").answer.headers["Location"] == "/syncs/people/"
    assert open_sync("people").entry["mappings"][-1]["to"] == "Tariff of today"


def test_each_step_of_the_form_has_an_address_that_shows_it_again(company: Desk, visit: Visit) -> None:
    client = visit(Role.EDITOR)
    page = opened(client, EDIT).press("add")
    typed = {"m__2__text": "email", "m__2__to": "contact"}
    sent = {**dict(page.form.inputs), **{name.replace("__", "-"): text for name, text in typed.items()}}
    steps = [client.post(EDIT, {**sent, "do": do}).headers["Location"] for do in ("add", "review", "preview")]
    assert opened(client, steps[0]).rows == ["plan", "visits", "contact", ""]
    assert "contact" in opened(client, steps[1], "")
    assert "contact&quot;:" in opened(client, steps[2])
    assert opened(client, steps[0]).rows == ["plan", "visits", "contact", ""]
    assert "contact" not in str(client.session.items())
    later = opened(client, f"{EDIT}?step=of-yesterday")
    assert "What was typed there is kept no longer" in later
    assert later.rows == ["plan", "visits"]
    wrong = client.post(EDIT, {**sent, "m-2-text": "nowhere", "do": "save"})
    assert client.get(wrong.headers["Location"]).status_code == 422
    assert open_sync("people").entry["mappings"][-1]["to"] == "visits"


def test_a_review_says_each_time_that_the_sync_was_changed_meanwhile(company: Desk, visit: Visit) -> None:
    mine = opened(visit(Role.EDITOR), EDIT).press("add")
    assert "was changed" not in mine.press("review", m__2__text="email", m__2__to="contact")
    company.people_sync["behavior"] = "update_only"
    company.apply()
    review = mine.press("review", m__2__text="email", m__2__to="contact")
    assert "The sync was changed since you began." in review
    assert "Update Only" in review
    again = review.press("refresh").press("review")
    assert "The sync was changed since you began." in again
    assert review.press("save").answer.status_code == 302


def test_a_slow_request_of_the_same_session_takes_no_step_away(company: Desk, visit: Visit) -> None:
    client, other = visit(Role.EDITOR), Client()
    other.cookies = client.cookies
    slow = client.session
    slow.load()  # a request that began before
    sent = dict(opened(client, EDIT).form.inputs)
    steps = [
        each.post(EDIT, {**sent, "m-0-to": typed, "do": "add"}).headers["Location"]
        for each, typed in ((client, "here"), (other, "there"))
    ]
    slow["said"] = [["It took its time.", "ok"]]
    slow.save()
    shown = opened(client, steps[0])
    assert "It took its time." in shown
    assert shown.rows == ["here", "visits", ""]
    assert opened(other, steps[1]).rows == ["there", "visits", ""]


def test_a_step_is_its_person_s_own_and_opens_where_it_was_made(company: Desk, visit: Visit) -> None:
    client = visit(Role.EDITOR)
    sent = dict(opened(client, EDIT).form.inputs)
    step = client.post(EDIT, {**sent, "m-0-to": "mine", "do": "add"}).headers["Location"]
    assert opened(client, step).rows == ["mine", "visits", ""]
    assert "steps" not in client.session
    for who, address in ((client, "/syncs/events/configuration/"), (visit(Role.OWNER), EDIT)):
        page = opened(who, f"{address}?{step.partition('?')[2]}")
        assert "What was typed there is kept no longer" in page
        assert "mine" not in page.rows


def test_a_form_that_is_too_large_to_be_kept_is_shown_all_the_same(company: Desk, visit: Visit) -> None:
    client = visit(Role.EDITOR)
    sent = dict(opened(client, EDIT).form.inputs)
    answer = client.post(EDIT, {**sent, "m-0-text": secrets.token_hex(LARGEST), "do": "add"})
    assert answer.status_code == 200
    assert Page(client, answer, EDIT).rows == ["plan", "visits", ""]


def test_a_button_asks_the_source_once_when_its_step_is_shown(company: Desk, visit: Visit) -> None:
    client = visit(Role.EDITOR)
    sent = dict(opened(client, EDIT).form.inputs)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        port = silent.getsockname()[1]
        source = {"type": "mysql", "host": "127.0.0.1", "port": port, "database": "x", "user": "u"}
        company.project["connections"]["company"] = source
        company.apply()
        steps = [client.post(EDIT, {**sent, "do": do}) for do in ("add", "preview", "review")]
        with pytest.raises(BlockingIOError):  # nobody came
            silent.accept()
    assert "columns of the model are not known" in opened(client, steps[0].headers["Location"])


def syncs() -> list[str]:
    return list(Sync.objects.order_by("pk").values_list("key", flat=True))


def test_saving_a_new_sync_twice_makes_one_and_leads_to_it(company: Desk, visit: Visit) -> None:
    page = begin(visit, "event", "orders")
    typed = {
        "unique_id": "id",
        "first_run": "backfill",
        "event_name": "Ordered",
        "person_from": "user_id",
    }
    saved = [page.press(do, **typed) for do in ("save", "save", "save-and-plan")]
    for each in saved[:2]:
        assert each.answer.headers["Location"] == "/syncs/from-the-page/"
    assert planned(saved[2])["status"] == "done"
    assert syncs() == ["events", "people", "from-the-page"]


def test_a_form_that_made_a_sync_makes_no_second_one_without_a_word(company: Desk, visit: Visit) -> None:
    page = begin(visit)
    page.press("save")
    again = page.press("save", behavior="update_only")
    assert "A sync from-the-page was made since this form was begun." in again
    assert again.value("behavior") == "update_only"
    assert syncs() == ["events", "people", "from-the-page"]
    assert again.press("save", key="other").answer.headers["Location"] == "/syncs/other/"
    later = begin(visit).press("save")
    assert later.answer.headers["Location"] == "/syncs/from-the-page-2/"


def test_the_same_key_is_led_to_only_when_the_same_is_stored_under_it(company: Desk, visit: Visit) -> None:
    page = begin(visit)
    assert page.press("save", key="mine").answer.headers["Location"] == "/syncs/mine/"
    assert page.press("save", key="mine").answer.headers["Location"] == "/syncs/mine/"
    assert "people is taken." in page.press("save", key="people")


def test_steps_of_a_new_sync_end_when_it_is_saved_and_those_of_another_form_stay(
    company: Desk, visit: Visit
) -> None:
    client = visit(Role.EDITOR)
    first, second = (opened(client, "/syncs/new/") for _ in range(2))
    typed = {"model": "users", "connection": "production", "object": "person", "do": "refresh"}
    one, two = (
        client.post("/syncs/new/", {**dict(page.form.inputs), **typed, "name": name}).headers["Location"]
        for page, name in ((first, "One"), (second, "Two"))
    )
    opened(client, one).press("save")
    assert "What was typed there is kept no longer" in opened(client, one)
    assert opened(client, two).value("name") == "Two"


def test_saving_an_edit_twice_is_no_conflict(company: Desk, visit: Visit) -> None:
    review = opened(visit(Role.EDITOR), EDIT).press("review", behavior="update_only")
    for _ in range(2):
        assert review.press("save").answer.headers["Location"] == "/syncs/people/"


def test_two_requests_that_save_the_same_new_sync_at_once_make_one(company: Desk, visit: Visit) -> None:
    page = begin(visit)
    data = {**dict(page.form.inputs), "do": "save"}
    together = threading.Barrier(2)

    def save() -> str:
        client = Client()
        client.cookies = page.client.cookies
        together.wait()
        try:
            answer = client.post("/syncs/new/", data)
            return answer.headers.get("Location", answer.content.decode())
        finally:
            close()

    with ThreadPoolExecutor(2) as both:
        found = [each.result() for each in [both.submit(save) for _ in range(2)]]
    assert found == ["/syncs/from-the-page/"] * 2
    assert syncs() == ["events", "people", "from-the-page"]


@pytest.fixture
def no_room_for_plans(company: Desk) -> Iterator[None]:
    """Another disk in the place of the plans' folder, on which nothing can be made."""
    plans = str(company.home / "plans")
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=1", "tmpfs", plans]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a disk")
    yield
    subprocess.run(["umount", "-l", plans], check=True)


@pytest.mark.usefixtures("no_room_for_plans")
def test_a_sync_whose_plan_cannot_be_begun_is_saved_all_the_same_and_that_is_said(
    company: Desk, visit: Visit
) -> None:
    saved = begin(visit).press("save-and-plan")
    assert saved.answer.headers["Location"] == "/syncs/from-the-page/plan/"
    shown = opened(saved.client, "/syncs/from-the-page/plan/")
    assert "From the page is saved." in shown
    assert "The plan was not begun. The disk that holds" in shown
    assert "is full. Free some space" in shown
    assert syncs() == ["events", "people", "from-the-page"]
    refused = saved.client.post("/syncs/from-the-page/plan/")
    assert (refused.status_code, b"is full." in refused.content) == (503, True)


def test_a_plan_that_cannot_say_how_far_it_is_ends(
    company: Desk, visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    work = DraftWork("people", full=False)
    folder = company.home / "plans" / f"draft-{work.id}"
    shutil.rmtree(folder)
    folder.touch()
    work.run()
    assert "store_unusable" in caplog.text


def test_after_one_s_own_save_back_does_not_speak_of_a_change(company: Desk, visit: Visit) -> None:
    client = visit(Role.EDITOR)
    sent = {**dict(opened(client, EDIT).form.inputs), "behavior": "update_only"}
    step = client.post(EDIT, {**sent, "do": "review"}).headers["Location"]
    review = opened(client, step, "")
    assert "was changed" not in review
    review.press("save")
    back = opened(client, step, "")
    assert "Nothing: this is what is stored already." in back
    assert "was changed" not in back


def test_a_review_that_is_loaded_again_does_not_count_again(company: Desk, visit: Visit) -> None:
    company.run()
    client = visit(Role.EDITOR)
    sent = {**dict(opened(client, EDIT).form.inputs), "m-0-to": "tariff"}
    step = client.post(EDIT, {**sent, "do": "review"}).headers["Location"]
    assert "send 250 of 250 accepted records again" in opened(client, step, "")
    assert "250" not in str(FormStep.objects.values_list("counted"))
    company.sql("DELETE FROM users WHERE id > 100")
    again = opened(client, step, "")
    assert "send 250 of 250 accepted records again" in again
    assert "Counted <time" in again
    assert "send 100 of 250 accepted records again" in again.press("refresh").press("review")


def test_a_review_counts_again_when_what_is_stored_has_changed(company: Desk, visit: Visit) -> None:
    company.run()
    client = visit(Role.EDITOR)
    sent = {**dict(opened(client, EDIT).form.inputs), "m-0-to": "tariff"}
    step = client.post(EDIT, {**sent, "do": "review"}).headers["Location"]
    assert "send 250 of 250 accepted records again" in opened(client, step, "")
    company.project["models"]["users"] = {
        "connection": "company",
        "query": "SELECT * FROM users WHERE id <= 100",
    }
    company.apply()
    assert "send 100 of 250 accepted records again" in opened(client, step, "")


@pytest.mark.parametrize("long", [True, False])
def test_a_count_that_took_too_long_is_not_tried_again_by_looking_again(
    long: bool, company: Desk, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    if long:
        monkeypatch.setattr(counted, "LONG", 0.0)
    client = visit(Role.EDITOR)
    sent = {**dict(opened(client, EDIT).form.inputs), "m-0-to": "tariff"}
    step = client.post(EDIT, {**sent, "do": "review"}).headers["Location"]
    away = company.database.rename(company.database.with_suffix(".away"))
    unknown = "How much would be sent again is not known"
    assert unknown in opened(client, step, "")
    away.rename(company.database)
    assert (unknown in opened(client, step, "")) is long
