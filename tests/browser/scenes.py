"""Moments of a working week that a picture is taken of: empty pages, mistakes in forms, runs that need somebody.

Each scene brings a page to its moment. They are taken in their order, for later ones use what earlier ones have done.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.browser.newcomer import LINK, become_owner
from tests.browser.office import Office
from tests.browser.site import Served


@dataclass(frozen=True, kw_only=True)
class Stage:
    """An installation where nothing is set up yet, and a company at work."""

    fresh: Served
    office: Office


Scene = Callable[[Page, Stage], None]


def _at(address: str) -> Scene:
    """A page of the company."""
    return lambda page, stage: _go(page, stage.office.url + address)


def _empty(address: str) -> Scene:
    """A page of the installation where nothing is set up."""
    return lambda page, stage: _go(page, stage.fresh.url + address)


def _go(page: Page, address: str) -> None:
    page.goto(address)


def _first_owner(page: Page, stage: Stage) -> None:
    page.goto(LINK.findall("".join(stage.fresh.said))[0])


def _welcome(page: Page, stage: Stage) -> None:
    become_owner(page, stage.fresh)


def _at_work(page: Page, stage: Stage) -> None:
    become_owner(page, stage.office.served)


def _services(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.fresh.url}/connections/")
    page.locator("summary", has_text="Add Service").click()


def _refused_credentials(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.fresh.url}/connections/add/customerio/")
    page.get_by_label("Name", exact=True).fill("Production")
    page.get_by_label("Site ID").fill("mistyped")
    page.get_by_label("API Key", exact=True).fill("mistyped too")
    page.get_by_text("More settings").click()
    page.get_by_label("Base URL").first.fill(stage.office.workspace.url)
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_role("status")).to_contain_text("The test did not pass")


def _token(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.fresh.url}/settings/tokens/")
    page.get_by_label("Name").fill("Airflow")
    page.get_by_role("button", name="Create it").click()
    expect(page.get_by_text("Copy it now")).to_be_visible()


def _ended(page: Page, stage: Stage, sync: str, status: str) -> None:
    page.goto(f"{stage.office.url}/syncs/{sync}/")
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#live .badge").first).to_contain_text(status)


def _refused(page: Page, stage: Stage) -> None:
    mistake = {"reason": "invalid", "field": "attributes.plan", "message": "plan is not for sale"}
    stage.office.workspace.fault(kind="errors", rows={"keys": ["1003", "1004"]}, error=mistake)
    _ended(page, stage, "refused", "completed")
    stage.office.workspace.heal()


def _refused_rows(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.office.url}/syncs/refused/rejected/")
    page.get_by_role("link", name="Show rows").click()
    page.wait_for_url("**/rejected/*/")


def _story(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.office.url}/syncs/refused/records/")
    page.locator("#key").fill("1003")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url("**/records/*/")


def _waiting(page: Page, stage: Stage) -> None:
    _ended(page, stage, "shrinking", "completed")
    stage.office.desk.sql("DELETE FROM shrinking WHERE id > 3010")
    _ended(page, stage, "shrinking", "waiting")


def _no_rows(page: Page, stage: Stage) -> None:
    _ended(page, stage, "people", "completed")
    stage.office.desk.sql("DELETE FROM people")
    _ended(page, stage, "people", "waiting")


def _failed(page: Page, stage: Stage) -> None:
    stage.office.workspace.fault(kind="status", status=401)
    _ended(page, stage, "keys", "failed")
    stage.office.workspace.heal()


def _gone(page: Page, stage: Stage) -> None:
    stage.office.desk.sql("ALTER TABLE plain RENAME COLUMN plan TO tariff")
    _ended(page, stage, "plain", "failed")


def _working(page: Page, stage: Stage) -> None:
    stage.office.workspace.slow(1)
    page.goto(f"{stage.office.url}/syncs/slow/")
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("progressbar", name="sending")).to_be_visible()


def _canceled(page: Page, stage: Stage) -> None:
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#live .badge").first).to_contain_text("canceled")
    stage.office.workspace.heal()


def _plan_of_events(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.office.url}/syncs/events/plan/")
    page.get_by_role("button", name="Make a plan").click()
    expect(page.locator(".figures").first).to_be_visible()


def _mistakes(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.office.url}/syncs/new/?model=orders&connection=production&object=event")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Not saved yet")).to_be_visible()


def _weekly(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.office.url}/syncs/refused/configuration/")
    page.locator("summary", has_text="Advanced").click()
    page.get_by_label("It runs").select_option("weekly")
    expect(page.locator("#preview")).to_contain_text("Starts every Monday")
    page.locator("#starts-part").evaluate("part => part.scrollIntoView()")


def _bodies(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.office.url}/syncs/refused/configuration/")
    page.locator("summary", has_text="Advanced").click()
    page.locator("[name=bodies]").check()
    page.get_by_role("button", name="Review changes").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("is saved.")).to_be_visible()
    stage.office.desk.sql("UPDATE refused SET plan = 'gold' WHERE id < 1010")
    _ended(page, stage, "refused", "completed")
    page.goto(f"{stage.office.url}/syncs/refused/log/")
    page.get_by_role("link", name="What was said").first.click()
    expect(page.get_by_label("Body of the request")).to_be_visible()


def _credentials(page: Page, stage: Stage) -> None:
    page.goto(stage.office.workspace.url)
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Sign in").click()
    page.locator("summary", has_text="Ada").click()
    page.get_by_role("link", name="Account Settings").click()
    page.get_by_role("link", name="API Credentials").click()
    expect(page.get_by_role("columnheader", name="Site ID")).to_be_visible()


def _people_there(page: Page, stage: Stage) -> None:
    page.goto(stage.office.workspace.url)
    page.get_by_role("link", name="People").click()
    expect(page.get_by_role("columnheader", name="cio_id")).to_be_visible()


def _person_there(page: Page, stage: Stage) -> None:
    page.get_by_role("link", name=re.compile(r"^\d+$")).first.click()
    expect(page.get_by_text("plan", exact=True).first).to_be_visible()


FRESH: dict[str, Scene] = {
    "first-owner": _first_owner,
    "welcome": _welcome,
    "no-connections": _services,
    "no-models": _empty("/models/"),
    "no-syncs": _empty("/syncs/new/"),
    "no-alerts": _empty("/settings/alerts/"),
    "no-webhooks": _empty("/settings/webhooks/"),
    "refused-credentials": _refused_credentials,
    "token": _token,
    "about": _empty("/settings/about/"),
    "not-found": _empty("/syncs/nothing/"),
}
OFFICE: dict[str, Scene] = {
    "syncs-that-never-ran": _at_work,
    "run-refused": _refused,
    "refused-rows": _refused_rows,
    "story": _story,
    "run-waiting": _waiting,
    "run-no-rows": _no_rows,
    "run-failed": _failed,
    "run-column-gone": _gone,
    "sync-failed": _at("/syncs/plain/"),
    "run-working": _working,
    "run-canceled": _canceled,
    "attention": _at("/"),
    "runs": _at("/runs/"),
    "plan-of-events": _plan_of_events,
    "mistakes": _mistakes,
    "weekly": _weekly,
    "bodies": _bodies,
    "duplicate": _at("/syncs/events/copy/"),
    "delete": _at("/syncs/refused/delete/"),
    "tables": _at("/connections/company/tables/"),
    "alerts": _at("/settings/alerts/"),
}
SANDBOX: dict[str, Scene] = {
    "sandbox-credentials": _credentials,
    "sandbox-people": _people_there,
    "sandbox-person": _person_there,
}
