"""A small company whose syncs people work on in the browser: one table and one sync for each thing they try."""

from __future__ import annotations

from pathlib import Path

import pytest

from headcount.control.setup import close
from headcount.sandbox.seed import PRODUCTION, STAGING
from tests.browser.site import Served
from tests.journeys.desk import Desk, Workspace

TEAMS = ("people", "refused", "slow", "shrinking", "plain", "keys")


class Office:
    """Every team is a table of people with a sync of the same name; the records of each have ids of their own."""

    def __init__(self, folder: Path, workspace: Workspace) -> None:
        self.workspace = workspace
        self.desk = Desk(folder, workspace)
        self.served = Served(folder / "home")

    @property
    def url(self) -> str:
        return self.served.url

    def move_in(self, patch: pytest.MonkeyPatch) -> None:
        """Fill the database and apply the project. The environment is patched for as long as that takes."""
        patch.setenv("HEADCOUNT_HOME", str(self.desk.home))
        patch.setenv("JOURNEY_API_KEY", PRODUCTION.api_key)
        patch.setenv("STAGING_API_KEY", STAGING.api_key)
        self.served.secrets.update(JOURNEY_API_KEY=PRODUCTION.api_key, STAGING_API_KEY=STAGING.api_key)
        for number, team in enumerate(TEAMS):
            self._form(team, first=1000 * number + 1)
        self.desk.order(20)
        self._write_project()
        self.desk.apply()
        close()

    def open(self) -> None:
        self.served.start()

    def close(self) -> None:
        self.served.stop()

    def _form(self, team: str, *, first: int, count: int = 40) -> None:
        self.desk.sql(f"CREATE TABLE {team} (id INTEGER PRIMARY KEY, email TEXT, plan TEXT, visits INTEGER)")
        rows = [(i, f"{team}{i}@example.com", "free", i) for i in range(first, first + count)]
        self.desk.sql(f"INSERT INTO {team} VALUES (?, ?, ?, ?)", rows)

    def _write_project(self) -> None:
        project = self.desk.project
        pattern = project["syncs"].pop("people")
        events = project["syncs"]["events"]
        events["name"] = "Orders to Events"
        project["connections"]["staging"] = {
            "type": "customerio",
            "name": "Staging EU",
            "site_id": STAGING.site_id,
            "api_key": "env:STAGING_API_KEY",
            "base_url": self.workspace.url,
            "region": STAGING.region,
        }
        del project["models"]["users"]
        for team in TEAMS:
            project["models"][team] = {"connection": "company", "table": team}
            project["syncs"][team] = {
                **pattern,
                "name": f"{team.title()} to People",
                "source": {"model": team},
            }
        project["syncs"]["shrinking"]["guards"] = {"minimum": 10}
        # One record in each request, so that there is time to look at a run, and to stop it.
        project["connections"]["slowly"] = {
            **project["connections"]["production"],
            "budget": {"requests_per_second": 50, "max_items": 1, "senders": 1},
        }
        project["syncs"]["slow"]["destination"] = {"connection": "slowly", "object": "person"}
