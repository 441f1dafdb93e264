from __future__ import annotations

import json
import os
import re
import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headcount.control.models import MaskedColumn, Model, Role, Run
from headcount.errors import StateError
from headcount.home import current_home
from headcount.latch import latched
from headcount.service import draft_work
from headcount.service.draft_work import LATCH, DraftWork
from headcount.service.drafts import start_draft
from headcount.service.plans import plans_here
from tests.journeys.desk import Desk
from tests.web.conftest import Visit
from tests.web.office import opened
from tests.web.work import started, text

TABS = ("", "plan/", "runs/", "full/", "rejected/", "records/", "log/", "activity/")


def test_every_page_of_a_sync_and_its_twin_answers_before_and_after_its_first_run(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    for sync in ("people", "events"):
        for _ in range(2):
            for part in TABS:
                text(operator.get(f"/syncs/{sync}/{part}"))
                assert json.loads(operator.get(f"/syncs/{sync}/{part}".rstrip("/") + ".json").content)["sync"]
            started(operator, f"/syncs/{sync}/run/")
    assert "Users to People" in text(operator.get("/syncs/"))


def test_a_sync_that_does_not_exist_is_said_in_words(office: Desk, visit: Visit) -> None:
    answer = visit(Role.VIEWER).get("/syncs/peopel/")
    assert answer.status_code == 404
    assert b"Did you mean people?" in answer.content


def test_the_overview_says_which_fields_made_rows_change_also_when_plans_are_gone(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    started(operator, "/syncs/people/run/")
    office.sql("UPDATE users SET plan = 'pro' WHERE id <= 30")
    office.sql("UPDATE users SET visits = 0 WHERE id <= 10")
    run = started(operator, "/syncs/people/run/")
    office.plan_file(run).unlink()
    fields = json.loads(operator.get("/syncs/people.json").content)["page"]["fields"]
    assert fields == [
        {"field": "plan", "changes": 30, "of": 30, "run": run},
        {"field": "visits", "changes": 10, "of": 30, "run": run},
    ]
    page = text(operator.get("/syncs/people/"))
    assert "100 %" in page
    assert f'href="/runs/{run}/rows/?op=change&amp;field=plan"' in page


def test_a_plan_says_old_and_new_and_sends_nothing(office: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    started(operator, "/syncs/people/run/")
    office.sql("UPDATE users SET plan = 'pro' WHERE id = 7")
    office.hire(1, first=900)
    office.workspace.forget()
    address = operator.post("/syncs/people/plan/").headers["Location"]
    shown = json.loads(operator.get(address.rstrip("/") + ".json").content)
    assert (shown["draft"]["plan"]["add"], shown["draft"]["plan"]["change"]) == (1, 1)
    page = text(operator.get(address))
    assert '<span class="old">&quot;free&quot;</span> → &quot;pro&quot;' in page
    [row] = json.loads(operator.get(address.rstrip("/") + ".json?op=add").content)["page"]["rows"]["rows"]
    assert row["key"] == "900"
    assert office.workspace.requests() == []
    with_values = operator.get(address + "plan.csv?values=1").getvalue().decode()
    assert "change,7,plan,free,pro" in with_values.splitlines()
    assert "free" not in operator.get(address + "plan.csv").getvalue().decode()
    office.sql("UPDATE users SET visits = 0 WHERE id = 7")
    again = operator.post("/syncs/people/plan/").headers["Location"]
    assert 'change,7,"plan, visits"' in operator.get(again + "plan.csv").getvalue().decode().splitlines()
    assert len(json.loads(operator.get(address + "plan.json").getvalue())) == 2


def test_a_plan_that_made_room_for_newer_ones_says_how_many_are_kept(office: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    first, *_ = [operator.post("/syncs/people/plan/").headers["Location"] for _ in range(4)]
    gone = operator.get(first)
    assert gone.status_code == 404
    assert "The newest 3 plans of a sync are kept, and for a day at most." in gone.content.decode()


def test_a_plan_can_be_searched_for_one_key_which_stays_out_of_the_address(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    address = operator.post("/syncs/people/plan/").headers["Location"]
    found = operator.post(address, {"key": "42"}).headers["Location"]
    assert "42" not in found.partition("?")[2].partition("=")[0]
    [row] = json.loads(operator.get(found.replace("/?", ".json?")).content)["page"]["rows"]["rows"]
    assert row["key"] == "42"


def test_a_plan_that_cannot_be_made_says_why(office: Desk, visit: Visit) -> None:
    office.database.rename(office.database.with_suffix(".away"))
    operator = visit(Role.OPERATOR)
    address = operator.post("/syncs/people/plan/").headers["Location"]
    draft = _draft(operator, address)
    assert draft["status"] == "failed"
    assert draft["error"]
    page = text(operator.get(address))
    assert draft["hint"] in page.replace("&#x27;", "'")
    assert 'href="/models/users/"' in page
    assert 'class="button" href="/syncs/people/configuration/"' in page
    assert "Make a plan again" not in text(visit(Role.VIEWER).get(address))
    office.database.with_suffix(".away").rename(office.database)
    assert "Make a plan again" in page
    assert _draft(operator, operator.post("/syncs/people/plan/").headers["Location"])["status"] == "done"


ENDLESS = "WITH RECURSIVE t(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM t) SELECT id, id AS plan FROM t WHERE id < 0"


@pytest.fixture
def endless(office: Desk) -> str:
    """A sync whose model never has its first row."""
    office.project["models"]["endless"] = {"connection": "company", "query": ENDLESS}
    people = office.project["syncs"]["people"]
    office.project["syncs"]["endless"] = {
        **{name: people[name] for name in ("destination", "behavior")},
        "source": {"model": "endless"},
        "identifier": {"from": "id", "to": "id"},
        "mappings": [{"from": "plan", "to": "plan"}],
    }
    office.apply()
    return "endless"


def _draft(visitor: Client, address: str) -> dict[str, Any]:
    """As its page says it, once it is made no more."""
    for _ in range(100):
        draft: dict[str, Any] = json.loads(visitor.get(address.rstrip("/") + ".json").content)["draft"]
        if draft["status"] != "working":
            break
        time.sleep(0.1)
    return draft


def test_plans_that_never_end_can_be_canceled_also_while_they_wait_for_their_turn(
    endless: str, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    works = [
        DraftWork(endless, full=full) for full in (False, True, False)
    ]  # two at once, and one that waits
    threads = [threading.Thread(target=work.run, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    addresses = [f"/syncs/{endless}/plan/{work.id}/" for work in works]
    assert "Cancel" in text(operator.get(addresses[0]))
    assert "Cancel" not in text(visit(Role.VIEWER).get(addresses[0]))
    assert f'href="{addresses[0]}"' in text(operator.get(f"/syncs/{endless}/plan/"))
    for address in reversed(addresses):
        assert operator.post(f"{address}cancel/").status_code == 302
        assert _draft(operator, address)["status"] == "canceled"
    for thread in threads:
        thread.join(30)  # they give back their connections to the store, which is of this test alone
    canceled = text(operator.get(addresses[1]))
    assert "It was canceled by operator before it was made." in canceled
    assert '<input type="hidden" name="full" value="1"><button class="primary">Make a plan again' in canceled
    assert _draft(operator, addresses[0])["canceled_by"] == "operator"
    assert f'href="{addresses[0]}"' in text(operator.get(f"/syncs/{endless}/plan/"))
    again = text(operator.post(f"{addresses[0]}cancel/", follow=True))
    assert "This plan is not being made any more." in again
    assert _draft(operator, operator.post("/syncs/people/plan/").headers["Location"])["status"] == "done"


def test_a_plan_of_a_sync_that_was_changed_since_is_ended_for_the_next_one(
    endless: str, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    made = [start_draft(endless, anew=True, wait=0.2).id for _ in range(3)]  # and only two are made at once
    addresses = [f"/syncs/{endless}/plan/{id_}/" for id_ in made]
    for address in addresses[:-1]:
        assert _draft(operator, address)["status"] == "canceled"
    assert "a newer plan takes its place" in text(operator.get(addresses[0]))
    assert start_draft(endless, wait=0).id == made[-1]
    assert _draft(operator, operator.post("/syncs/people/plan/").headers["Location"])["status"] == "done"
    operator.post(f"{addresses[-1]}cancel/")
    assert _draft(operator, addresses[-1])["status"] == "canceled"


def test_a_plan_takes_no_longer_than_it_may(
    endless: str, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_work, "SECONDS", 0.6)
    operator = visit(Role.OPERATOR)
    draft = _draft(operator, operator.post(f"/syncs/{endless}/plan/").headers["Location"])
    assert (draft["status"], "was not made within" in draft["error"]) == ("failed", True)


def test_a_plan_of_a_killed_server_is_lost_also_when_the_next_one_has_its_number(
    office: Desk, visit: Visit
) -> None:
    left = current_home().plans / f"draft-{'ab' * 8}"
    left.mkdir()
    said = {"sync": "people", "status": "working", "full": False, "made_at": datetime.now(UTC).isoformat()}
    (left / "draft.json").write_text(json.dumps({**said, "pid": os.getpid()}))
    (left / "latch").touch()
    operator = visit(Role.OPERATOR)
    assert _draft(operator, f"/syncs/people/plan/{'ab' * 8}/")["status"] == "failed"
    made = operator.post("/syncs/people/plan/").headers["Location"]
    assert "ab" * 8 not in made
    assert _draft(operator, made)["status"] == "done"


def test_only_the_newest_plans_are_kept_and_none_longer_than_a_day(office: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    for _ in range(5):
        operator.post("/syncs/people/plan/")
    kept = sorted(current_home().plans.glob("draft-*"))
    assert len(kept) == 3
    for folder in kept[:2]:
        old = json.loads((folder / "draft.json").read_text())
        (folder / "draft.json").write_text(json.dumps({**old, "made_at": "2020-01-01T00:00:00+00:00"}))
        operator.post("/syncs/events/plan/") if folder == kept[0] else office.done("tidy")
        assert not folder.exists()


def test_masked_values_are_on_no_page_no_twin_and_in_no_download(office: Desk, visit: Visit) -> None:
    office.sql("UPDATE users SET plan = 'topsecret' || id")
    operator = visit(Role.OPERATOR)
    office.workspace.fault(
        kind="errors",
        rows={"keys": ["7"]},
        error={"reason": "invalid", "field": "attributes.plan", "message": "topsecret7 is not good"},
    )
    run = started(operator, "/syncs/people/run/")
    office.sql("UPDATE users SET plan = 'topsecreter' WHERE id < 9")
    plan = operator.post("/syncs/people/plan/").headers["Location"]
    record = operator.post("/syncs/people/records/", {"key": "7"}).headers["Location"]
    group = json.loads(operator.get("/syncs/people/rejected.json").content)["groups"][0]["id"]
    addresses = [
        "/", "/syncs/people/", f"/runs/{run}/", f"/runs/{run}/rows/", f"/runs/{run}/rejected/", plan, record,
        "/syncs/people/rejected/", f"/syncs/people/rejected/{group}/", "/syncs/people/log/", "/activity/",
    ]  # fmt: skip
    files = [f"{plan}plan.csv?values=1", f"{plan}plan.json?values=1", f"/runs/{run}/rows/rows.csv?values=1"]
    files.append("/syncs/people/rejected/rows.csv")

    def everything() -> str:
        pages = [text(operator.get(address)) for address in addresses]
        twins = [operator.get((a.rstrip("/") or "/home") + ".json").content.decode() for a in addresses]
        return "".join([*pages, *twins, *(operator.get(file).getvalue().decode() for file in files)])

    assert "topsecret" in everything()
    MaskedColumn.objects.create(connection="company", column="plan")
    assert "topsecret" not in everything()
    assert "•••" in everything()


def test_masked_keys_are_on_no_page_either(office: Desk, visit: Visit) -> None:
    office.sql("UPDATE users SET id = id + 770000")
    operator = visit(Role.OPERATOR)
    run = started(operator, "/syncs/people/run/")
    record = operator.post("/syncs/people/records/", {"key": "770007"}).headers["Location"]
    MaskedColumn.objects.create(connection="company", column="id")
    for address in (f"/runs/{run}/rows/", record):
        assert "77000" not in text(operator.get(address))


def test_a_small_picture_shows_how_recent_runs_ended(office: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    run = started(operator, "/syncs/people/run/")
    page = text(operator.get("/syncs/"))
    assert 'aria-label="The last 1 run: 1 completed"' in page
    Run.objects.filter(pk=run).update(status="failed")
    assert '<rect class="failed"' in text(operator.get("/syncs/people/"))


def test_activity_shows_what_was_set_as_the_project_file_would_say_it(office: Desk, visit: Visit) -> None:
    page = visit().get("/activity/").content.decode()
    assert "{&quot;from&quot;: &quot;plan&quot;}" in page
    assert "&#x27;from&#x27;" not in page


def test_activity_links_only_to_what_is_still_there(office: Desk, visit: Visit) -> None:
    owner = visit(Role.OWNER)
    run = started(owner, "/syncs/people/run/")
    ways = (f'href="/runs/{run}/"', 'href="/syncs/people/"', 'href="/models/users/"')
    before = text(owner.get("/activity/"))
    assert [way in before for way in ways] == [True, True, True]
    owner.post("/syncs/people/delete/", {"name": "Users to People"})
    owner.post("/models/users/delete/")
    with CaptureQueriesContext(connection) as queries:
        after = text(owner.get("/activity/"))
    assert len(queries) < 12
    assert [way in after for way in ways] == [False, False, False]
    assert "sync people" in after
    assert f"run {run}" in after
    assert 'href="/syncs/events/"' in after


def test_what_is_in_use_says_by_whom_and_cannot_be_deleted(office: Desk, visit: Visit) -> None:
    owner = visit(Role.OWNER)
    connection = text(owner.get("/connections/production/"))
    assert "It cannot be deleted while something uses it: events, Users to People." in connection
    assert "It cannot be deleted while syncs read it: Users to People." in text(owner.get("/models/users/"))
    assert '<a href="/connections/production/#users">2</a>' in text(owner.get("/connections/"))
    assert '<a href="/models/users/#users">1</a>' in text(owner.get("/models/"))
    owner.post("/models/users/delete/")
    assert Model.objects.filter(key="users").exists()


def test_the_overview_leads_to_the_syncs_alerts(office: Desk, visit: Visit) -> None:
    owner = visit()
    page = text(owner.get("/syncs/people/"))
    assert "none is open" in page
    assert "/settings/alerts/rules/add/?sync=people" in page
    assert "/settings/alerts/rules/add/" not in text(visit(Role.EDITOR).get("/syncs/people/"))
    office.workspace.fault(kind="status", status=401, match={"path": "/api/v2/"})
    office.done("run", "people", code=3)
    office.workspace.heal()
    told = owner.get("/syncs/people.json").json()["alerts"]
    assert [alert["kind"] for alert in told] == ["failed"]
    assert told[0]["words"].split()[0] in text(owner.get("/syncs/people/"))


def test_the_review_calls_a_field_by_its_name(office: Desk, visit: Visit) -> None:
    page = opened(visit(), "/syncs/people/configuration/")
    review = page.press("review", m__0__to="Home town")
    assert "Field Home town" in review
    assert "mappings." not in review


def test_a_plan_in_the_making_refreshes_itself_and_says_so_only_where_it_does_not(
    office: Desk, visit: Visit
) -> None:
    folder = current_home().plans / "draft-00000000000000aa"
    folder.mkdir()
    said = {"sync": "people", "status": "working", "full": False, "rows_read": 50_000}
    (folder / "draft.json").write_text(json.dumps({**said, "made_at": datetime.now(UTC).isoformat()}))
    making = latched(folder / LATCH)
    assert making
    with making:
        page = text(visit(Role.VIEWER).get("/syncs/people/plan/00000000000000aa/"))
    assert 'hx-trigger="every 1s"' in page
    assert "50,000 rows read" in page
    assert "Load this page again" not in re.sub("<noscript>.*?</noscript>", "", page)


@pytest.mark.parametrize("instead", [False, True])
def test_a_folder_of_plans_that_is_gone_is_said_with_what_to_do(
    office: Desk, visit: Visit, instead: bool
) -> None:
    operator = visit(Role.OPERATOR)
    plans = current_home().plans
    plans.rmdir()
    if instead:
        plans.touch()
    said = "is not a folder." if instead else "is not there any more."
    for answer in (operator.get("/syncs/people/plan/"), operator.post("/syncs/people/plan/")):
        assert answer.status_code == 503
        assert f"{plans} {said}" in answer.content.decode()
        assert "tart Headcount again" in answer.content.decode()
    with pytest.raises(StateError, match="plans is not"):
        plans_here(current_home())


def test_why_rows_were_left_out_is_said_by_the_last_run_that_knows_it(office: Desk, visit: Visit) -> None:
    office.sql("UPDATE users SET plan = printf('%.1100c', 'x') WHERE id <= 3")
    operator = visit(Role.OPERATOR)
    told = started(operator, "/syncs/people/run/")
    by_keys = Run.objects.get(pk=told)
    by_keys.pk, by_keys.status, by_keys.invalid_reasons = None, "superseded", []
    by_keys.save()
    [left_out] = json.loads(operator.get("/syncs/people.json").content)["page"]["left_out"]
    assert (left_out["run"], left_out["rows"]) == (told, 3)


def test_a_test_of_one_row_does_not_stand_before_the_last_run(office: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    tested = started(operator, "/syncs/people/test/", key="7")
    assert "last run, a test of one row, completed" in text(operator.get("/syncs/people/"))
    run = started(operator, "/syncs/people/run/")
    Run.objects.filter(pk=run).update(status="failed", error="It was not there.")
    tested = started(operator, "/syncs/people/test/", key="7")
    assert tested > run
    page = text(operator.get("/syncs/people/"))
    assert f'<b><a href="/runs/{run}/">' in page
    assert "last run, failed" in page
    assert "<b>250</b><span>rows read" in page
    assert f"Run {run}</a> failed. It was not there." in page
    assert f"Run {run} of Users to People failed." in text(operator.get("/"))
    assert "The last run read <b>250 rows</b>" in text(operator.get("/syncs/people/full/"))
