from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headcount.control import reading
from headcount.control.models import Rejected, RejectedGroup, Role
from tests.journeys.desk import Desk
from tests.web.conftest import Visit
from tests.web.work import started, text, work

LONG = "property value cannot be longer than 1000 bytes"


def refuse(desk: Desk, keys: list[str], **error: str) -> None:
    desk.workspace.heal()
    desk.workspace.fault(kind="errors", rows={"keys": keys}, error=error)


@pytest.fixture
def refused(office: Desk, visit: Visit) -> Client:
    """An operator, after two runs that were refused three people for one reason and two for another."""
    operator = visit(Role.OPERATOR)
    refuse(office, ["3", "5", "7"], reason="invalid", field="attributes.plan", message=LONG)
    started(operator, "/syncs/people/run/")
    refuse(office, ["3", "5", "7", "11", "13"], reason="unwelcome", field="", message="is not welcome")
    office.sql("UPDATE users SET visits = 0 WHERE id IN (11, 13)")
    started(operator, "/syncs/people/run/")
    return operator


def groups(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(client.get("/syncs/people/rejected.json").content)["groups"]
    return found


def test_rejected_rows_are_grouped_by_reason_and_field_with_a_likely_fix(refused: Client) -> None:
    big, small = groups(refused)
    assert (big["field"], big["open"], big["message"]) == ("attributes.plan", 3, LONG)
    assert "Shorten the value" in big["advice"]
    assert small["open"] == 2
    assert "3 open" in text(refused.get("/syncs/people/rejected/"))


def test_muted_rows_are_not_counted_as_open_until_they_are_unmuted(refused: Client) -> None:
    big = groups(refused)[0]["id"]
    refused.post("/syncs/people/rejected/mute/", {"group": big})
    assert [(g["open"], g["muted"]) for g in groups(refused) if g["id"] == big] == [(0, 3)]
    rows = json.loads(refused.get(f"/syncs/people/rejected/{big}.json?muted=1").content)["rows"]["rows"]
    refused.post("/syncs/people/rejected/mute/", {"row": [rows[0]["id"]], "again": "1"})
    assert [(g["open"], g["muted"]) for g in groups(refused) if g["id"] == big] == [(1, 2)]
    assert "5 rows rejected" not in text(refused.get("/"))
    assert "3 rows rejected" in text(refused.get("/"))


def test_a_muted_row_that_changes_and_is_refused_again_is_open_again(office: Desk, refused: Client) -> None:
    big = groups(refused)[0]["id"]
    refused.post("/syncs/people/rejected/mute/", {"group": big})
    office.sql("UPDATE users SET plan = 'pro' WHERE id = 3")
    started(refused, "/syncs/people/run/")
    assert [(g["open"], g["muted"]) for g in groups(refused) if g["id"] == big] == [(0, 2)]
    assert [g["open"] for g in groups(refused) if g["id"] != big] == [3]


def test_rows_of_a_group_that_was_mended_are_accepted_after_retry(office: Desk, refused: Client) -> None:
    office.workspace.heal()
    big = groups(refused)[0]["id"]
    run = started(refused, "/syncs/people/rejected/retry/", group=big)
    counts = json.loads(refused.get(f"/runs/{run}.json").content)["page"]["run"]["counts"]
    assert (counts["accepted"], counts["held"]) == (3, 2)
    assert [g["open"] for g in groups(refused)] == [2]


def test_muted_rows_may_be_retried_too(office: Desk, refused: Client) -> None:
    office.workspace.heal()
    big = groups(refused)[0]["id"]
    refused.post("/syncs/people/rejected/mute/", {"group": big})
    started(refused, "/syncs/people/rejected/retry/", group=big)
    assert [(g["open"], g["muted"]) for g in groups(refused)] == [(2, 0)]


def test_all_rows_that_are_retried_are_the_open_ones_and_the_page_says_how_many(
    office: Desk, refused: Client
) -> None:
    office.workspace.heal()
    big, small = (each["id"] for each in groups(refused))
    row = json.loads(refused.get(f"/syncs/people/rejected/{big}.json").content)["rows"]["rows"][0]
    refused.post("/syncs/people/rejected/mute/", {"row": [row["id"]]})
    refused.post("/syncs/people/rejected/mute/", {"group": small})
    page = text(refused.get("/syncs/people/rejected/"))
    assert "<button>Retry all 2 open rows</button>" in page
    assert "<button>Retry 2 open</button>" in page
    assert "<button>Retry 2 muted</button>" in page
    run = started(refused, "/syncs/people/rejected/retry/", all="1")
    counts = json.loads(refused.get(f"/runs/{run}.json").content)["page"]["run"]["counts"]
    assert (counts["accepted"], counts["held"]) == (2, 3)
    assert {(g["open"], g["muted"]) for g in groups(refused)} == {(0, 1), (0, 2)}
    assert "open row" not in text(refused.get("/syncs/people/rejected/"))
    assert office.done("retry", "people", "--json").json["destination"]["accepted"] == 0


def test_of_a_group_the_open_rows_are_retried_and_the_muted_ones_stay_held(
    office: Desk, refused: Client
) -> None:
    office.workspace.heal()
    big = groups(refused)[0]["id"]
    row = json.loads(refused.get(f"/syncs/people/rejected/{big}.json").content)["rows"]["rows"][0]
    refused.post("/syncs/people/rejected/mute/", {"row": [row["id"]]})
    started(refused, "/syncs/people/rejected/retry/", group=big)
    assert [(g["open"], g["muted"]) for g in groups(refused) if g["id"] == big] == [(0, 1)]


def test_chosen_rows_are_retried_alone_and_all_together_too(office: Desk, refused: Client) -> None:
    office.workspace.heal()
    big = groups(refused)[0]["id"]
    rows = json.loads(refused.get(f"/syncs/people/rejected/{big}.json").content)["rows"]["rows"]
    started(refused, "/syncs/people/rejected/retry/", row=[rows[0]["id"]], at=big)
    assert sum(g["open"] for g in groups(refused)) == 4
    started(refused, "/syncs/people/rejected/retry/", all="1")
    assert groups(refused) == []


def test_rejected_rows_are_downloaded_whole_or_by_group(refused: Client) -> None:
    lines = refused.get("/syncs/people/rejected/rows.csv").getvalue().decode().splitlines()
    assert len(lines) == 6
    small = groups(refused)[1]["id"]
    assert (
        len(refused.get(f"/syncs/people/rejected/rows.csv?group={small}").getvalue().decode().splitlines())
        == 3
    )


def test_a_download_reads_some_rows_at_a_time(refused: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 2)
    with CaptureQueriesContext(connection) as queries:
        lines = refused.get("/syncs/people/rejected/rows.csv").getvalue().decode().splitlines()
    assert len(set(lines)) == len(lines) == 6
    read = [query["sql"] for query in queries if 'FROM "control_rejected"' in query["sql"]]
    assert [sql.endswith("LIMIT 2") for sql in read] == [True] * 4  # 5 rows, and that there are no more


def test_the_counts_of_groups_are_those_of_their_rows(office: Desk, refused: Client) -> None:
    refused.post("/syncs/people/rejected/mute/", {"group": groups(refused)[1]["id"]})
    office.sql("UPDATE users SET plan = 'pro' WHERE id IN (3, 11)")
    started(refused, "/syncs/people/run/")
    office.workspace.heal()
    office.sql("UPDATE users SET plan = 'plus' WHERE id = 3")
    started(refused, "/syncs/people/run/")
    for group in RejectedGroup.objects.all():
        for status in (Rejected.Status.OPEN, Rejected.Status.MUTED):
            assert getattr(group, status.value) == group.rows.filter(status=status).count()


def test_a_run_lists_what_it_was_refused(refused: Client) -> None:
    run = json.loads(refused.get("/runs.json").content)["runs"]["rows"][1]["run"]
    rows = json.loads(refused.get(f"/runs/{run}/rejected.json").content)["rows"]["rows"]
    assert len(rows) == 3
    assert f'href="/runs/{run}/rejected/">3<' in text(refused.get(f"/runs/{run}/"))
    only = json.loads(refused.get(f"/runs/{run}/rows.json?fate=rejected").content)["page"]["rows"]["rows"]
    assert sorted(row["key"] for row in only) == ["3", "5", "7"]


def test_a_viewer_may_look_but_neither_retry_nor_mute(refused: Client, visit: Visit) -> None:
    viewer = visit(Role.VIEWER)
    assert "<button>Retry" not in text(viewer.get("/syncs/people/rejected/"))
    big = groups(refused)[0]["id"]
    assert viewer.post("/syncs/people/rejected/mute/", {"group": big}).status_code == 403
    assert viewer.post("/syncs/people/rejected/retry/", {"group": big}).status_code == 403
    assert work() == []


def test_the_log_of_requests_says_what_was_refused_and_holds_no_row(refused: Client) -> None:
    answer = json.loads(refused.get("/syncs/people/log.json?troubled=1").content)["requests"]["rows"]
    assert {error["message"] for each in answer for error in each["errors"]} == {LONG, "is not welcome"}
    assert {each["method"] + each["path"] for each in answer} == {"POST/api/v2/batch"}
    everything = json.loads(refused.get("/syncs/people/log.json").content)["requests"]["rows"]
    assert sum(each["items"] for each in everything) == 252
    assert LONG in text(refused.get("/syncs/people/log/"))


def test_who_muted_and_retried_stands_in_the_activity(refused: Client) -> None:
    refused.post("/syncs/people/rejected/mute/", {"group": groups(refused)[0]["id"]})
    entries = json.loads(refused.get("/syncs/people/activity.json").content)["entries"]["rows"]
    assert [(e["actor"], e["action"]) for e in entries[:2]] == [
        ("operator", "muted"),
        ("operator", "started"),
    ]
    assert "rejected rows" in text(refused.get("/activity/"))


def test_a_button_for_chosen_rows_says_that_none_is_chosen(office: Desk, refused: Client) -> None:
    for deed in ("retry", "mute"):
        shown = refused.post(f"/syncs/people/rejected/{deed}/", follow=True)
        assert b"No row was chosen; nothing is changed. Tick the rows first." in shown.content


def test_a_retry_that_is_refused_again_leaves_a_group_as_old_as_it_was(office: Desk, refused: Client) -> None:
    def since() -> dict[str, str]:
        return {group["reason"]: group["first_at"] for group in groups(refused)}

    before = since()
    refuse(office, ["11", "13"], reason="unwelcome", field="", message="is not welcome")
    started(refused, "/syncs/people/rejected/retry/", all="1")
    assert since() == {"unwelcome": before["unwelcome"]}
    office.workspace.heal()
    started(refused, "/syncs/people/rejected/retry/", all="1")
    refuse(office, ["11"], reason="unwelcome", field="", message="is not welcome")
    office.sql("UPDATE users SET visits = 1 WHERE id = 11")
    started(refused, "/syncs/people/run/")
    assert since()["unwelcome"] > before["unwelcome"]
