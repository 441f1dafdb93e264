from __future__ import annotations

import json

from headcount.control.models import Role
from tests.journeys.desk import Desk
from tests.web.conftest import Visit
from tests.web.work import started, text


def test_a_record_is_found_by_its_key_and_shown_under_an_address_that_does_not_tell_it(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    first = started(operator, "/syncs/people/run/")
    office.sql("UPDATE users SET plan = 'pro' WHERE id = 42")
    second = started(operator, "/syncs/people/run/")
    started(operator, "/syncs/people/run/")
    address = visit(Role.VIEWER).post("/syncs/people/records/", {"key": " 42 "}).headers["Location"]
    assert "/42" not in address
    record = json.loads(operator.get(address.rstrip("/") + ".json").content)["record"]
    assert record["now"]["values"]["plan"] == '"pro"'
    assert [(chapter["run"], chapter["op"]) for chapter in record["chapters"]] == [
        (second, "change"),
        (first, "add"),
    ]
    assert "pro" in text(operator.get(address))


def test_an_unknown_key_and_no_key_are_said_in_words(office: Desk, visit: Visit) -> None:
    viewer = visit(Role.VIEWER)
    started(visit(Role.OPERATOR), "/syncs/people/run/")
    assert '<label for="key">id</label>' in text(viewer.get("/syncs/people/records/"))
    said = text(viewer.post("/syncs/people/records/", {"key": "p7@example.com"}, follow=True))
    assert 'Nothing is known of a record with this <span class="code">id</span>' in said
    assert "Records are found by their id alone" in said
    assert "never sent by this sync" not in said
    assert "No key was given" in text(viewer.post("/syncs/people/records/", {"key": "  "}, follow=True))


def test_an_address_that_was_made_for_another_sync_or_by_nobody_shows_nothing(
    office: Desk, visit: Visit
) -> None:
    viewer = visit(Role.VIEWER)
    address = viewer.post("/syncs/people/records/", {"key": "42"}).headers["Location"]
    assert viewer.get(address.replace("people", "events")).status_code == 404
    assert viewer.get("/syncs/people/records/gAAAAAB/").status_code == 404


def test_a_row_that_was_never_sent_says_why_in_its_story(office: Desk, visit: Visit) -> None:
    office.sql("UPDATE users SET plan = ? WHERE id = 9", [("x" * 1200,)])
    operator = visit(Role.OPERATOR)
    run = started(operator, "/syncs/people/run/")
    page = text(operator.post("/syncs/people/records/", {"key": "9"}, follow=True))
    assert "invalid" in page
    assert f'href="/runs/{run}/invalid/">1<' in text(operator.get(f"/runs/{run}/"))
    [row] = json.loads(operator.get(f"/runs/{run}/invalid.json").content)["rows"]["rows"]
    assert (row["key"], row["field"]) == ("9", "plan")
