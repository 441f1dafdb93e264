"""When syncs run next, on pages and in the command; and whether a worker would notice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from headcount.control.models import Setting
from headcount.service.heartbeat import SETTING, beat, worker_seen
from headcount.service.scheduling import tick
from tests.journeys.desk import Desk
from tests.web.conftest import Visit
from tests.web.work import text

NOBODY = "No worker is looking"


@pytest.fixture
def timed(office: Desk) -> Desk:
    """People run every day, events after them."""
    syncs = office.project["syncs"]
    syncs["people"]["triggers"] = {"schedule": {"frequency": "daily", "hour": 6, "timezone": "Europe/Berlin"}}
    syncs["events"]["triggers"] = {"after": ["people"]}
    office.apply()
    return office


def test_lists_and_the_overview_say_when_a_sync_runs_next(timed: Desk, visit: Visit) -> None:
    client = visit()
    for address in ("/", "/syncs/"):
        page = text(client.get(address))
        assert "in " in page.split('<th scope="col">Next run</th>')[1].split('href="/syncs/people/"')[1]
        assert "after people" in page
    overview = text(client.get("/syncs/people/"))
    assert "<dd>every day at 06:00 (Europe/Berlin)</dd>" in overview
    assert "at 06:00 (Europe/Berlin)</span>" in overview
    assert "when that has happened" in text(client.get("/syncs/events/"))
    due = client.get("/syncs/people.json").json()["page"]["next_run"]
    assert datetime.fromisoformat(due) > datetime.now(UTC)


def test_a_time_that_a_worker_noted_and_nobody_kept_is_due_now(timed: Desk, visit: Visit) -> None:
    tick(datetime.now(UTC) - timedelta(days=3))
    assert "<dd>now " in text(visit().get("/syncs/people/"))


def test_pages_say_that_no_worker_is_looking_until_one_does(timed: Desk, visit: Visit) -> None:
    client, now = visit(), datetime.now(UTC)
    assert NOBODY in text(client.get("/"))
    assert NOBODY in text(client.get("/syncs/people/"))
    beat(now)
    assert worker_seen(now)
    assert NOBODY not in text(client.get("/"))
    assert NOBODY not in text(client.get("/syncs/people/"))
    beat(now - timedelta(minutes=2))
    assert NOBODY in text(client.get("/"))
    assert Setting.objects.filter(name=SETTING).count() == 1


def test_nobody_is_missed_where_nothing_is_to_be_started(office: Desk, visit: Visit) -> None:
    assert NOBODY not in text(visit().get("/"))
    assert NOBODY not in text(visit().get("/syncs/people/"))


def test_the_command_lists_triggers_next_times_and_last_runs(timed: Desk) -> None:
    said = timed.done("schedule").out
    assert "every day at 06:00 (Europe/Berlin)" in said
    assert NOBODY in said
    run = timed.run("people")["run"]
    beat(datetime.now(UTC))
    found = timed.done("schedule", "--json").json
    people = next(line for line in found["syncs"] if line["sync"] == "people")
    assert (people["last_run"], people["last_status"]) == (run, "completed")
    assert datetime.fromisoformat(people["next_due"]) > datetime.now(UTC)
    assert found["attended"] is True


def test_the_doctor_misses_a_worker_only_when_one_is_needed(timed: Desk) -> None:
    assert "2 syncs have triggers" in timed.cli("doctor").all
    beat(datetime.now(UTC))
    assert "looked within the last minute" in timed.cli("doctor").all
