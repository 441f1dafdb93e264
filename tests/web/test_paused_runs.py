"""What pages say of a run that a person paused, and of the run that takes its place."""

from __future__ import annotations

import json
from datetime import timedelta

from django.utils import timezone

from headcount.control.audit import acting_as
from headcount.control.models import Alert, Role, Run
from headcount.service.queue import pause_run, queue_run
from headcount.service.running import execute_run
from tests.journeys.desk import Desk
from tests.web.conftest import Visit
from tests.web.work import started, text, work


def paused_while_reading() -> int:
    run = queue_run("people")
    rests(run, started_at=timezone.now())
    return run


def paused_while_sending(office: Desk, requests: int = 5) -> int:
    """After about so many of its 25 requests."""
    office.target["budget"]["max_items"] = 10
    office.apply()
    run = queue_run("people")
    execute_run(run, stopping=lambda: len(office.workspace.requests()) >= requests)
    rests(run)
    return run


def rests(run: int, **more: object) -> None:
    Run.objects.filter(pk=run).update(status="paused", pause_requested=True, **more)


def test_a_run_that_was_paused_while_it_read_is_superseded_and_nobody_is_alarmed(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    run = paused_while_reading()
    later = started(operator, "/syncs/people/run/")
    found = Run.objects.get(pk=run)
    assert (found.status, found.folded) == ("superseded", True)
    assert found.error.startswith("It was paused before its plan was complete")
    assert not Alert.objects.exists()
    assert json.loads(operator.get("/home.json").content)["home"]["attention"] == []
    page = text(operator.get(f"/runs/{run}/"))
    assert "Nothing was sent to Customer.io." in page
    assert f'<a id="successor" href="/runs/{later}/">Run {later}</a> took its place' in page


def test_an_interruption_before_the_plan_is_a_failure_as_ever(office: Desk, visit: Visit) -> None:
    run = paused_while_reading()
    Run.objects.filter(pk=run).update(pause_requested=False)
    started(visit(Role.OPERATOR), "/syncs/people/run/")
    found = Run.objects.get(pk=run)
    assert (found.status, found.error) == (
        "failed",
        "The run was interrupted before its plan was complete; nothing was sent.",
    )


def test_the_page_of_a_superseded_run_says_what_it_sent_and_leads_to_the_run_in_its_place(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    run = paused_while_sending(office)
    later = started(operator, "/syncs/people/run/")
    found = Run.objects.get(pk=run)
    assert found.status == "superseded"
    page = text(operator.get(f"/runs/{run}/"))
    assert f"{found.counts['accepted']} of 250 changes were accepted before that. <a" in page
    assert f'<a id="successor" href="/runs/{later}/">Run {later}</a> took its place' in page
    assert json.loads(operator.get(f"/runs/{run}.json").content)["page"]["successor"] == later
    assert 'id="successor"' not in text(operator.get(f"/runs/{later}/"))


def test_the_page_of_a_sync_says_which_run_is_paused_and_what_run_now_means_for_it(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)

    def said() -> str:
        return text(operator.get("/syncs/people/")).partition('id="resting">')[2].partition("</p>")[0]

    assert said() == ""
    run = queue_run("people")
    rests(run)
    assert f'<a href="/runs/{run}/">Run {run}</a> is paused: resume it' in said()
    assert "It was not begun yet" in said()
    rests(run, started_at=timezone.now())
    assert "starts a new run, which takes its place" in said()
    assert "is not over yet" not in text(operator.get("/syncs/people/"))


def figure(page: str, name: str) -> str:
    """The number over a name on the page of a run, without its link."""
    before = page.partition(f"</b><span>{name}</span>")[0]
    return before.rpartition("<b>")[2].rpartition('">')[2].removesuffix("</a>")


def test_a_run_that_works_shows_what_its_plan_leaves_out_and_a_dash_before_it_is_made(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    office.sql("UPDATE users SET plan = printf('%.1001c', 'x') WHERE id <= 3")
    run = queue_run("people")
    page = text(operator.get(f"/runs/{run}/"))
    assert [figure(page, name) for name in ("add", "change", "remove", "invalid")] == ["–"] * 4
    execute_run(run, stopping=lambda: bool(office.workspace.requests()))
    Run.objects.filter(pk=run).update(status="working")
    page = text(operator.get(f"/runs/{run}/"))
    assert [figure(page, name) for name in ("add", "change", "invalid")] == ["247", "0", "3"]
    assert "They are listed when the run ends." in text(operator.get(f"/runs/{run}/invalid/"))


def test_a_paused_run_keeps_its_steps_and_says_who_paused_it_and_how_long_it_was_worked_on(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    office.target["budget"]["max_items"] = 10
    office.apply()
    run = queue_run("people")
    execute_run(
        run,
        stopping=lambda: len(office.workspace.requests()) >= 5 and bool(operator.post(f"/runs/{run}/pause/")),
    )
    Run.objects.filter(pk=run).update(started_at=timezone.now() - timedelta(hours=2))
    found = Run.objects.get(pk=run)
    page = json.loads(operator.get(f"/runs/{run}.json").content)["page"]
    assert (page["run"]["status"], page["paused_by"]) == ("paused", "operator")
    steps = {step["name"]: (step["state"], step["done"], step["of"]) for step in page["steps"]}
    assert steps == {
        "reading": ("done", 250, None),
        "planning": ("done", 250, None),
        "sending": ("paused", found.counts["accepted"], 250),
        "folding": ("later", None, None),
    }
    assert 0 < page["run"]["seconds"] == found.worked < 60
    words = text(operator.get(f"/runs/{run}/"))
    assert "It was paused by operator and waits for somebody to resume or cancel it." in words
    assert ", worked on for " in words.partition("begun ")[2].partition("</span>")[0]
    operator.post(f"/runs/{run}/resume/")
    work()
    [row] = json.loads(operator.get("/syncs/people/runs.json").content)["runs"]["rows"]
    assert (row["status"], row["seconds"]) == ("completed", Run.objects.get(pk=run).worked)
    assert row["seconds"] < 60


def test_a_pause_on_the_command_line_is_recorded_too(office: Desk, visit: Visit) -> None:
    run = queue_run("people")
    with acting_as("ann", through="command line"):
        pause_run(run)
    assert "It was paused by ann (command line) and waits" in text(visit(Role.VIEWER).get(f"/runs/{run}/"))


def test_a_paused_sync_is_told_from_a_paused_run_and_resumed_on_its_overview(
    office: Desk, visit: Visit
) -> None:
    operator = visit(Role.OPERATOR)
    run = paused_while_reading()
    operator.post("/syncs/people/pause/")
    page = text(operator.get("/syncs/people/"))
    assert "</span> paused</span>" in page
    assert "</span> sync paused</span>" in page
    assert "none by itself while it is paused" in page
    assert '<form method="post" action="/syncs/people/resume/">' in page
    assert "syncs/people/resume/" not in text(visit(Role.VIEWER).get("/syncs/people/"))
    assert 'id="resume" class="primary">Resume</button>' in text(operator.get(f"/runs/{run}/"))
    answer = operator.post("/syncs/people/resume/", {"then": "overview"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/syncs/people/"
    assert 'id="sync-paused"' not in text(answer)
