from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from headcount.control import runs
from headcount.control.models import Invalid, Role, Run
from headcount.errors import SourceUnavailable
from headcount.home import current_home
from headcount.service.heartbeat import beat
from headcount.service.locks import sync_lock
from headcount.service.queue import queue_run
from headcount.service.running import cancel_run
from tests.journeys.desk import Desk
from tests.web.conftest import Visit
from tests.web.work import started, text, work


def test_run_now_makes_a_run_whose_numbers_lead_to_the_rows_behind_them(office: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    run = started(operator, "/syncs/people/run/")
    page = text(operator.get(f"/runs/{run}/"))
    assert "completed" in page
    assert f'<a id="add" href="/runs/{run}/rows/?op=add">250</a>' in page
    rows = json.loads(operator.get(f"/runs/{run}/rows.json?op=add").content)["page"]["rows"]
    assert len(rows["rows"]) == 50
    assert rows["rows"][0]["fate"] == "accepted"
    assert {"field": "plan", "old": None, "new": '"free"'} in rows["rows"][0]["fields"]
    following = json.loads(operator.get(f"/runs/{run}/rows.json?op=add&after={rows['next']}").content)
    assert following["page"]["rows"]["rows"][0]["seq"] == 50


def test_every_page_of_a_run_and_its_twin_answers(office: Desk, visit: Visit) -> None:
    viewer = visit(Role.VIEWER)
    run = started(visit(Role.OPERATOR), "/syncs/people/run/")
    for part in ("", "rows/", "rejected/", "invalid/"):
        text(viewer.get(f"/runs/{run}/{part}"))
        assert json.loads(viewer.get(f"/runs/{run}/{part}".rstrip("/") + ".json").content)
    text(viewer.get("/runs/?sync=people&status=completed"))


def test_only_changed_fields_are_shown_old_and_new(office: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    started(operator, "/syncs/people/run/")
    office.sql("UPDATE users SET plan = 'pro' WHERE id = 7")
    run = started(operator, "/syncs/people/run/")
    [row] = json.loads(operator.get(f"/runs/{run}/rows.json").content)["page"]["rows"]["rows"]
    assert row["op"] == "change"
    assert row["fields"] == [{"field": "plan", "old": '"free"', "new": '"pro"'}]
    assert f'<a href="/runs/{run}/rows/?op=change&amp;field=plan">plan</a> 100 %' in text(
        operator.get(f"/runs/{run}/")
    )


def test_reasons_why_rows_were_not_sent_lead_to_the_rows_each_is_about(office: Desk, visit: Visit) -> None:
    office.sql("CREATE TABLE more AS SELECT * FROM users")
    office.sql(
        "INSERT INTO more VALUES (NULL, 'nobody@example.com', 'free', 1), (7, 'twin@example.com', 'pro', 1)"
    )
    office.project["models"]["users"] = {"connection": "company", "table": "more"}
    office.apply()
    operator = visit(Role.OPERATOR)
    run = started(operator, "/syncs/people/run/")
    reasons = json.loads(operator.get(f"/runs/{run}.json").content)["page"]["invalid_reasons"]
    assert sum(each["rows"] for each in reasons) == 3
    page = text(operator.get(f"/runs/{run}/"))
    for each in reasons:
        query = f"?field={quote(each['field'], safe='')}&reason={quote(each['reason'], safe='')}"
        assert f'href="/runs/{run}/invalid/{query}"'.replace("&", "&amp;") in page
        rows = json.loads(operator.get(f"/runs/{run}/invalid.json{query}").content)["rows"]["rows"]
        assert len(rows) == each["rows"]
        assert {row["reason"] for row in rows} == {each["reason"]}
    overview = text(operator.get("/syncs/people/"))
    assert f'href="/runs/{run}/invalid/"' in overview
    assert "stands in several lines" not in page + overview
    assert f'href="/runs/{run}/invalid/?field=' in overview


def test_numbers_of_reasons_that_add_up_to_more_than_the_rows_say_why(office: Desk, visit: Visit) -> None:
    long = "x" * 1_200
    office.people_sync["mappings"].append({"from": "email", "to": "email"})
    office.apply()
    office.sql(f"UPDATE users SET plan = '{long}', email = '{long}' WHERE id = 7")
    operator = visit(Role.OPERATOR)
    run = started(operator, "/syncs/people/run/")
    page = json.loads(operator.get(f"/runs/{run}.json").content)["page"]
    assert page["run"]["counts"]["invalid"] == 1
    assert sum(each["rows"] for each in page["invalid_reasons"]) == 3
    for address in (f"/runs/{run}/", f"/runs/{run}/invalid/", "/syncs/people/"):
        assert "1 row in all: a row with several complaints stands in several lines." in text(
            operator.get(address)
        )


def test_rows_that_are_wrong_as_a_whole_can_be_looked_at_alone(office: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    run = started(operator, "/syncs/people/run/")
    for key, field in (("1", ""), ("2", "plan")):
        Invalid.objects.create(run_id=run, key=key, field=field, reason="too large")

    def keys(query: str) -> list[str]:
        found = json.loads(operator.get(f"/runs/{run}/invalid.json{query}").content)["rows"]["rows"]
        return [row["key"] for row in found]

    assert keys("") == ["1", "2"]
    assert keys("?field=") == keys("?field=&reason=too%20large") == ["1"]
    assert keys("?field=plan") == ["2"]
    page = text(operator.get(f"/runs/{run}/invalid/?field="))
    assert "<p>Only the whole row." in page


def test_a_failed_run_says_what_that_means_for_the_data_and_can_be_run_again(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    office.workspace.fault(kind="status", status=401)
    run = started(operator, "/syncs/people/run/")
    page = text(operator.get(f"/runs/{run}/"))
    assert "Nothing was sent to Customer.io." in page
    assert "Run again" in page
    assert "Replace credentials" not in page
    assert "Replace credentials" in text(visit(Role.OWNER).get(f"/runs/{run}/"))
    assert "Run again" not in text(visit(Role.VIEWER).get(f"/runs/{run}/"))
    overview = text(operator.get("/syncs/people/"))
    assert f'<a href="/runs/{run}/">Run {run}</a> failed.' in overview
    assert "Customer.io refused the credentials" in overview
    assert f"Run {run} of Users to People failed. Customer.io refused" in text(operator.get("/"))


def test_a_run_says_who_started_it(office: Desk, visit: Visit) -> None:
    run = started(visit(Role.OPERATOR), "/syncs/people/run/")
    assert "manual by operator" in text(visit(Role.VIEWER).get(f"/runs/{run}/"))


def test_runs_can_be_looked_at_by_when_they_began(office: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    old, new = started(operator, "/syncs/people/run/"), started(operator, "/syncs/people/run/")
    Run.objects.filter(pk=old).update(created_at=datetime.now(UTC) - timedelta(hours=30))
    assert 'href="/runs/?status=completed&amp;hours=24"' in text(operator.get("/"))

    def found(hours: str) -> list[int]:
        rows = json.loads(operator.get(f"/runs.json?status=completed&hours={hours}").content)["runs"]["rows"]
        return [row["run"] for row in rows]

    assert found("24") == [new]
    assert found("168") == [new, old]
    assert found("7") == [new, old]  # none of the choices: not a filter


def test_a_download_has_values_only_when_it_is_asked_for_them(office: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    run = started(operator, "/syncs/people/run/")
    plain = operator.get(f"/runs/{run}/rows/rows.csv").getvalue().decode()
    full = operator.get(f"/runs/{run}/rows/rows.csv?values=1").getvalue().decode()
    assert plain.splitlines()[0] == "operation,key,fields"
    assert len(plain.splitlines()) == 251
    assert "free" not in plain
    assert "free" in full
    document = json.loads(operator.get(f"/runs/{run}/rows/rows.json?values=1").getvalue())
    assert len(document) == 250


def test_a_run_that_would_remove_people_waits_and_wants_the_name_of_the_sync(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    started(operator, "/syncs/people/run/")
    office.sql("DELETE FROM users WHERE id <= 100")
    run = started(operator, "/syncs/people/run/")
    page = text(operator.get(f"/runs/{run}/"))
    assert "Remove 100 records in production" in page
    refused = operator.post(f"/runs/{run}/approve/", {"name": "something"}, follow=True)
    assert "was not typed as it is" in text(refused)
    assert len(office.workspace.people()) == 250
    operator.post(f"/runs/{run}/approve/", {"name": "Users to People"})
    assert work() == [run]
    assert len(office.workspace.people()) == 150


def test_a_run_that_waits_and_that_another_release_planned_is_shown_and_answered(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    started(operator, "/syncs/people/run/")
    office.sql("DELETE FROM users WHERE id <= 100")
    run = started(operator, "/syncs/people/run/")
    snapshot = Run.objects.get(pk=run).sync_snapshot
    snapshot["sync"]["definition"]["of"] = "tomorrow"
    Run.objects.filter(pk=run).update(sync_snapshot=snapshot, fingerprint="of old")
    page = text(operator.get(f"/runs/{run}/"))
    assert f"/runs/{run}/approve/" in page
    assert f"/runs/{run}/cancel/" in page
    rows = operator.get(f"/runs/{run}/rows/")
    assert rows.status_code == 404
    assert "cannot be read by this release" in rows.content.decode()
    operator.post(f"/runs/{run}/approve/", {"name": "Users to People"})
    assert work() == [run]
    assert Run.objects.get(pk=run).status == "waiting"  # with a plan made anew, which nobody has seen yet
    text(operator.get(f"/runs/{run}/rows/"))
    assert "is canceled" in text(operator.post(f"/runs/{run}/cancel/", follow=True))


def test_a_run_that_waits_can_be_canceled(office: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    started(operator, "/syncs/people/run/")
    office.sql("DELETE FROM users")
    run = started(operator, "/syncs/people/run/")
    assert "is canceled" in text(operator.post(f"/runs/{run}/cancel/", follow=True))
    page = json.loads(operator.get(f"/runs/{run}.json").content)["page"]
    assert (page["run"]["status"], page["canceled_by"]) == ("canceled", "operator")
    assert "</span> by operator" in text(operator.get(f"/runs/{run}/"))


def test_a_run_that_the_command_line_canceled_says_so_and_whoever_told_it_first(
    office: Desk, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    operator = visit(Role.OPERATOR)
    run = queue_run("people")
    Run.objects.filter(pk=run).update(status="working")
    with sync_lock(current_home(), Run.objects.get(pk=run).sync.stream.state_id) as mine:
        assert mine
        cancel_run(run)
        operator.post(f"/runs/{run}/cancel/")
        page = text(operator.get(f"/runs/{run}/"))
        assert "It is being canceled by ann (command line): requests" in page
    activity = text(operator.get("/activity/"))
    assert '<span class="quiet">through</span> <span class="code">command line</span>' in activity


def test_what_is_said_of_a_run_that_is_told_to_stop_is_true_when_it_has_stopped(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    run = int(operator.post("/syncs/people/run/").headers["Location"].strip("/").split("/")[-1])
    Run.objects.filter(pk=run).update(status="working")
    with sync_lock(current_home(), Run.objects.get(pk=run).sync.stream.state_id) as mine:
        assert mine
        for deed, said, live in (
            ("pause", "to pause", "being paused by operator: requests"),
            ("cancel", "to stop", "being canceled"),
        ):
            page = text(operator.post(f"/runs/{run}/{deed}/", follow=True))
            told, _, refreshed = page.partition('<div id="live"')
            assert f"The run was told {said}." in told
            assert "as soon as" not in told
            assert live in refreshed


def test_a_queued_run_rests_when_it_is_paused_and_goes_on_when_it_is_resumed(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    run = int(operator.post("/syncs/people/run/").headers["Location"].strip("/").split("/")[-1])
    assert "The run is paused" in text(operator.post(f"/runs/{run}/pause/", follow=True))
    assert work() == []
    operator.post(f"/runs/{run}/resume/")
    assert work() == [run]


def test_the_page_of_a_run_that_works_refreshes_itself_and_that_of_an_ended_one_does_not(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    run = int(operator.post("/syncs/people/run/").headers["Location"].strip("/").split("/")[-1])
    assert "every 1s" in text(operator.get(f"/runs/{run}/"))
    work()
    assert "every 1s" not in text(operator.get(f"/runs/{run}/"))


def test_one_row_is_sent_whether_it_changed_or_not(office: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    started(operator, "/syncs/people/run/")
    run = started(operator, "/syncs/people/test/", key="7")
    page = json.loads(operator.get(f"/runs/{run}.json").content)["page"]
    assert page["run"]["counts"]["accepted"] == 1
    assert page["run"]["trigger"] == "test"


def test_a_full_run_says_its_size_first_and_is_refused_for_events(office: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    started(operator, "/syncs/people/run/")
    assert "<b>250 rows</b>" in text(operator.get("/syncs/people/full/"))
    run = started(operator, "/syncs/people/full/")
    assert json.loads(operator.get(f"/runs/{run}.json").content)["page"]["run"]["counts"]["accepted"] == 250
    assert "never sent again" in text(operator.get("/syncs/events/full/"))
    assert "never sent again" in text(operator.post("/syncs/events/full/", follow=True))


def test_a_viewer_sees_runs_and_may_start_nothing(office: Desk, visit: Visit) -> None:
    viewer = visit(Role.VIEWER)
    run = started(visit(Role.OPERATOR), "/syncs/people/run/")
    assert "Run now" not in text(viewer.get("/syncs/people/"))
    for address in (
        "/syncs/people/run/",
        "/syncs/people/full/",
        "/syncs/people/test/",
        f"/runs/{run}/cancel/",
    ):
        assert viewer.post(address).status_code == 403
    assert viewer.post("/syncs/people/plan/").status_code == 403
    assert work() == []


def test_a_run_that_does_not_exist_is_said_in_words(office: Desk, visit: Visit) -> None:
    answer = visit(Role.VIEWER).get("/runs/4711/")
    assert answer.status_code == 404
    assert b"There is no run 4711" in answer.content


def test_a_run_that_waits_for_its_source_says_when_it_is_tried_again(office: Desk, visit: Visit) -> None:
    run = queue_run("people")
    error = SourceUnavailable("PostgreSQL cannot be reached: Connection refused.")
    runs.put_off(Run.objects.get(pk=run), 600, error, worked=1)
    page = text(visit(Role.VIEWER).get(f"/runs/{run}/"))
    assert "Connection refused" in page
    due = Run.objects.get(pk=run).not_before
    assert due is not None
    assert f"next try at {due:%H:%M:%S} UTC" in page


def test_a_complaint_about_no_field_is_about_the_whole_row(office: Desk, visit: Visit) -> None:
    office.people_sync["mappings"] = [{"from": "plan", "to": f"plan_{n}"} for n in range(40)]
    office.apply()
    office.sql("UPDATE users SET plan = printf('%.900c', 'x') WHERE id = 7")
    operator = visit(Role.OPERATOR)
    run = started(operator, "/syncs/people/run/")
    assert '<td class="first code">the whole row</td>' in text(operator.get(f"/runs/{run}/"))
    assert "<h2>Invalid rows</h2>" in text(operator.get(f"/runs/{run}/"))
    assert f'<h2 id="leftout">Invalid rows of run {run}</h2>' in text(operator.get("/syncs/people/"))
    page = text(operator.get(f"/runs/{run}/invalid/?field=&reason=the%20row%20is%20larger"))
    assert "Only the whole row: the row is larger" in page


def test_the_buttons_of_a_run_stand_outside_the_part_that_is_refreshed_and_come_anew_only_when_they_change(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    run = int(operator.post("/syncs/people/run/").headers["Location"].strip("/").split("/")[-1])
    before, _, refreshed = text(operator.get(f"/runs/{run}/")).partition('<div id="live"')
    assert 'id="pause"' in before
    assert 'id="cancel"' in before
    assert "<form" not in refreshed
    assert 'hx-vals=\'{"deeds": "pause cancel"}\'' in refreshed

    def asked(shown: str) -> str:
        return text(operator.get(f"/runs/{run}/", {"deeds": shown}, headers={"HX-Request": "true"}))

    assert 'id="deeds"' not in asked("pause cancel")
    assert 'id="deeds"' in asked("pause")
    operator.post(f"/runs/{run}/pause/")
    assert 'id="resume"' in asked("pause cancel")
    operator.post(f"/runs/{run}/cancel/")
    assert '<div id="deeds" class="actions">' in asked("pause cancel")
    assert "</button>" not in asked("pause cancel").partition('id="deeds"')[2].partition("</div>")[0]
    assert 'id="cancel"' not in text(visit(Role.VIEWER).get(f"/runs/{run}/"))


def test_a_run_in_the_queue_says_what_it_waits_for_and_only_a_backfill_that_others_go_first(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    backfill = "is a backfill: runs that are due go before it."

    def waits(run: int) -> str:
        page = text(operator.get(f"/runs/{run}/"))
        waits = json.loads(operator.get(f"/runs/{run}.json").content)["page"]["waits"]
        assert waits["words"] in page
        assert (f'href="/runs/{waits["run"]}/"' in page) == bool(waits["run"])
        assert (backfill in page) == (backfill in waits["words"])
        return str(waits["words"])

    run = queue_run("people")
    assert waits(run).startswith("No worker is looking for runs.")
    beat(datetime.now(UTC))
    assert waits(run) == f"A run of a sync that has not completed any yet {backfill}"
    after = queue_run("people")
    assert waits(after) == f"It waits for the end of run {run} of this sync, which was queued before."
    Run.objects.filter(pk=run).update(status="working")
    assert waits(after) == f"It waits for the end of run {run} of this sync, which is working."
    assert backfill in text(operator.get(f"/runs/{run}/"))
    Run.objects.filter(pk=run).update(status="completed")
    assert waits(after) == "It waits for a worker that is free."
    Run.objects.filter(pk=after).update(status="working")
    assert backfill not in text(operator.get(f"/runs/{after}/"))
    Run.objects.filter(pk=after).update(status="completed")
    assert waits(queue_run("people", full=True)) == f"A full run {backfill}"
    assert waits(run) == ""
