from __future__ import annotations

import json

from headcount.control.models import Connection, Model, Role, Sync
from headcount.service.alerts import Wish, save_rule
from tests.journeys.desk import Desk
from tests.web.conftest import Visit
from tests.web.work import started, text


def test_an_empty_home_says_what_to_do_first(visit: Visit) -> None:
    assert "Connect a service" in text(visit(Role.OWNER).get("/"))
    assert "An Owner connects services" in text(visit(Role.VIEWER).get("/"))
    assert "No syncs yet" in text(visit(Role.EDITOR).get("/syncs/"))


def test_home_leads_to_the_first_sync_step_by_step(office: Desk, visit: Visit) -> None:
    owner = visit(Role.OWNER)
    assert json.loads(owner.get("/home.json").content)["home"]["steps"] == []
    assert "Welcome" not in text(owner.get("/"))
    Sync.objects.all().delete()
    Model.objects.all().delete()
    steps = json.loads(owner.get("/home.json").content)["home"]["steps"]
    assert [(step["kind"], step["done"]) for step in steps] == [
        ("destination", True),
        ("source", True),
        ("model", False),
        ("sync", False),
    ]
    page = text(owner.get("/"))
    assert 'href="/models/new/"' in page
    assert 'href="/syncs/new/"' not in page
    assert 'href="/models/new/"' not in text(visit(Role.VIEWER).get("/"))


def test_home_says_what_ran_and_that_nothing_needs_attention(office: Desk, visit: Visit) -> None:
    started(visit(Role.OPERATOR), "/syncs/people/run/")
    home = json.loads(visit(Role.VIEWER).get("/home.json").content)["home"]
    assert home["runs"] == {"completed": 1}
    assert home["attention"] == []
    assert [len(sync["recent"]) for sync in home["syncs"]] == [0, 1]


def test_what_waits_failed_was_refused_or_does_not_answer_needs_attention(office: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    office.workspace.fault(kind="errors", rows={"keys": ["42"]})
    started(operator, "/syncs/people/run/")
    office.sql("DELETE FROM users")
    waiting = started(operator, "/syncs/people/run/")
    office.sql("ALTER TABLE orders RENAME TO gone")
    failed = started(operator, "/syncs/events/run/")
    Connection.objects.filter(key="company").update(test_passed=False, test_result="It was not there.")
    attention = json.loads(operator.get("/home.json").content)["home"]["attention"]
    assert [(item["kind"], item["run"]) for item in attention] == [
        ("waiting", waiting),
        ("failed", failed),
        ("connection", None),
        ("rejected", None),
    ]
    page = text(operator.get("/"))
    assert f'href="/runs/{waiting}/"' in page
    assert "Users to People: 1 row rejected." in page
    assert "It was not there." in page


def test_a_mirror_that_may_remove_nobody_needs_attention(office: Desk, visit: Visit) -> None:
    office.sql("CREATE TABLE signups AS SELECT CAST(id AS TEXT) AS id, plan, visits FROM users")
    office.project["models"]["users"]["table"] = "signups"
    office.apply()
    operator = visit(Role.OPERATOR)
    started(operator, "/syncs/people/run/")
    office.sql("UPDATE signups SET id = 'a' || char(0) || 'b' WHERE id = '7'")
    run = started(operator, "/syncs/people/run/")
    [item] = json.loads(operator.get("/home.json").content)["home"]["attention"]
    assert (item["kind"], item["run"]) == ("unremoved", run)
    assert "Users to People removed nobody in run 2: a key cannot be read." in text(operator.get("/"))


def test_an_alert_that_is_still_so_needs_attention(office: Desk, visit: Visit) -> None:
    save_rule(Wish(kind="rejected", threshold=0))
    office.sql("UPDATE users SET plan = hex(zeroblob(600)) WHERE id <= 20")  # too long
    run = started(visit(Role.OPERATOR), "/syncs/people/run/")
    (item,) = json.loads(visit(Role.VIEWER).get("/home.json").content)["home"]["attention"]
    words = f"Users to People: 20 of 250 rows that run {run} read are invalid."
    assert (item["kind"], item["run"], item["sentence"]) == ("alert", run, words)
    assert f'<a href="/runs/{run}/">{words}</a>' in text(visit(Role.VIEWER).get("/"))
    office.sql("UPDATE users SET plan = 'free'")
    started(visit(Role.OPERATOR), "/syncs/people/run/")
    assert '<p class="note ok">Nothing.</p>' in text(visit(Role.VIEWER).get("/"))
