"""SQLite under load: a run at full rate, people who look and click, and two command lines, all on one home."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import yaml

from headcount.control.models import Role, User
from headcount.control.setup import close
from headcount.sandbox.seed import PRODUCTION
from headcount.service.tokens import issue
from tests.journeys.desk import Desk, Workspace
from tests.load.crowd import Asker, Crowd, speaks_of_locks
from tests.web.conftest import PASSWORD
from tests.web.test_serving import Served, served

CHANGED = "The configuration was changed meanwhile."  # fair: two people applied at the same moment
ORDERS = {
    "source": {"model": "orders"},
    "destination": {"connection": "production", "object": "event"},
    "behavior": "append_only",
    "unique_id": "id",
    "first_run": "backfill",
    "event": {"name": {"constant": "Order"}, "person": {"from": "user_id", "to": "id"}, "timestamp": "at"},
    "mappings": [{"from": "total", "to": "total"}],
}
PEOPLE = 30_000
SECONDS = 10
PAGES = (
    "/",
    "/syncs/",
    "/syncs/people/",
    "/syncs/people/runs/",
    "/syncs/people/log/",
    "/syncs/people/rejected/",
    "/runs/",
    "/runs/1/",
    "/runs/1/rows/",
    "/activity/",
    "/connections/",
    "/models/users/",
    "/settings/alerts/",
    "/healthz",
    "/readyz",
)
CALLS = (
    "/api/v1/overview",
    "/api/v1/syncs",
    "/api/v1/sync_runs",
    "/api/v1/sync_runs/1/progress",
    "POST /api/v1/syncs/1/pause",
    "POST /api/v1/syncs/1/resume",
    "/api/v1/sync_runs/1/records?per_page=10",
    "/api/v1/activity",
    "/metrics",
)


@pytest.fixture
def sink(desk: Desk) -> Iterator[Workspace]:
    """The fast far end, as a process of its own."""
    process = desk.start("sandbox", "--sink", "--port", "0")
    assert process.stdout
    while not (found := re.search(r"http://127\.0\.0\.1:\d+", line := process.stdout.readline())):
        assert line, process.communicate()[1]
    yield Workspace(found[0])
    process.kill()
    process.communicate()


@pytest.fixture
def busy(desk: Desk, sink: Workspace) -> Desk:
    """Many people, and everything goes to the sink, as fast as it can."""
    desk.target["base_url"] = sink.url
    desk.target["budget"] = {"requests_per_second": 1000, "max_items": 50, "senders": 4}
    del desk.project["syncs"]["events"]
    desk.apply()
    desk.done("run", "people")  # run 1, which can be looked at
    desk.hire(PEOPLE - 250, first=251)
    return desk


def test_a_run_at_full_rate_pages_and_two_command_lines_meet_no_lock(busy: Desk) -> None:
    owner = User.objects.create_user(username="ada", role=Role.OWNER, password=PASSWORD)
    token = issue(owner.username, name="load", role=Role.OWNER).token
    close()
    crowd = Crowd()
    with served(cwd=busy.folder, JOURNEY_API_KEY=PRODUCTION.api_key) as site:
        visitors = [asker(site, f"page {n}", PAGES, n * 5, Cookie=signed_in(site)) for n in range(2)]
        callers = [asker(site, f"call {n}", CALLS, n * 4, Authorization=f"Bearer {token}") for n in range(2)]
        lines = [CommandLine(busy, number) for number in (1, 2)]
        runs = FullRuns(asker(site, "trigger", CALLS, 0, Authorization=f"Bearer {token}"))
        with crowd.busy([*visitors, *callers, *lines, runs]):
            crowd.enough.wait(SECONDS)
            crowd.wait_for({"page 0", "page 1", "call 0", "call 1", "command 1", "command 2", "full run"})
        logged = site.end()
    assert crowd.troubles == []
    assert not speaks_of_locks(logged)
    assert not re.findall(r"^.*(?:unexpected|status=5\d\d|run_broke|run_left).*$", logged, re.MULTILINE)


def asker(site: Served, name: str, addresses: Sequence[str], first: int, **headers: str) -> Asker:
    return Asker(name, site.port, (*addresses[first:], *addresses[:first]), **headers)


def signed_in(site: Served) -> str:
    """The cookies of somebody who signed in with name and password."""
    form = site.ask("/sign-in/")
    csrf = re.search(r"headcount_csrf_\w+=(\w+)", form.headers["Set-Cookie"])
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', form.text)  # type: ignore[attr-defined]
    assert csrf
    assert token
    typed = f"csrfmiddlewaretoken={token[1]}&username=ada&password={PASSWORD.replace(' ', '+')}"
    headers = {"Cookie": csrf[0], "Content_Type": "application/x-www-form-urlencoded"}
    entered = site.ask("/sign-in/", method="POST", body=typed.encode(), **headers)
    session = re.search(r"headcount_session_\w+=\w+", str(entered.headers.get_all("Set-Cookie")))
    assert session
    return f"{csrf[0]}; {session[0]}"


class FullRuns:
    """Runs the sync of people in full, again and again."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def __call__(self, crowd: Crowd) -> None:
        _, text = self._asker.ask("/api/v1/syncs/1/trigger?force_full_sync=true", method="POST")
        number = json.loads(text)["data"]["sync_run_id"]
        run: dict[str, Any] = {"status": "queued"}
        while run["status"] in ("queued", "working"):
            time.sleep(0.1)
            run = json.loads(self._asker.ask(f"/api/v1/sync_runs/{number}")[1])["data"]
        well = (run["status"], run["records_updated"]) == ("completed", PEOPLE)
        crowd.note("full run", "" if well else str(run))

    def close(self) -> None:
        self._asker.close()


class CommandLine:
    """Somebody at a terminal who changes, applies, plans and runs a sync of orders, again and again."""

    def __init__(self, desk: Desk, number: int) -> None:
        self._desk, self._number, self._round = desk, number, 0
        self._key = f"orders-{number}"
        self._file = desk.folder / f"project-{number}.yml"

    def __call__(self, crowd: Crowd) -> None:
        self._round += 1
        self._write()
        self._desk.order(1, first=1_000_000 * self._number + self._round)
        for words in (["apply", str(self._file)], ["plan", self._key], ["run", self._key]):
            said = self._desk.process(*words)
            while CHANGED in said.err:
                said = self._desk.process(*words)
            wrong = said.code or speaks_of_locks(said.all)
            crowd.note(f"command {self._number}", f"{words}: {said.code} {said.all}" if wrong else "")

    def close(self) -> None:
        """Every command has ended by itself."""

    def _write(self) -> None:
        entry = {**ORDERS, "name": f"Orders, round {self._round}"}
        project = {**self._desk.project, "syncs": {self._key: entry}}
        self._file.write_text(yaml.safe_dump(project, sort_keys=False))
