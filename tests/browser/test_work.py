"""What people do from Monday to Friday, by clicking: syncs changed and copied, runs watched, stopped and approved."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from headcount.sandbox.seed import STAGING
from tests.browser.conftest import sign_in
from tests.browser.fields import add_custom_field
from tests.browser.newcomer import PASSWORD
from tests.browser.office import Office
from tests.journeys.desk import wait_for


def test_somebody_signs_in_sees_their_name_and_signs_out(office: Office, page: Page) -> None:
    sign_in(page, office.served, "viewer")
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    page.get_by_text("viewer", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_second_workspace_gets_a_copy_of_a_sync(office: Office, page: Page) -> None:
    sign_in(page, office.served, "editor")
    _go(page, office, "People to People")
    page.get_by_role("link", name="Configuration").click()
    page.get_by_role("link", name="Duplicate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Copy People to People")
    page.get_by_label("Name").fill("People to Staging")
    page.get_by_label("Destination").select_option(label="Staging EU")
    page.get_by_role("button", name="Open in the editor").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("People to Staging is saved.")).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    _ended(page, "completed", accepted=40)
    there = office.workspace.people(STAGING.environment_id)
    assert there["1"] == {"id": '"1"', "plan": '"free"', "visits": "1"}
    assert "1" not in office.workspace.people()


def test_a_custom_field_added_to_a_sync_says_what_it_resends_and_arrives(office: Office, page: Page) -> None:
    sign_in(page, office.served, "editor")
    _run(page, office, "People to People")
    _ended(page, "completed", accepted=40)
    page.get_by_role("link", name="People to People").first.click()
    page.get_by_role("link", name="Configuration").click()
    add_custom_field(page, value="email", field="Favourite address")
    page.get_by_role("button", name="Review changes").click()
    expect(page.get_by_text("Saving this would send 40 of 40 accepted records again")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Run now").click()
    _ended(page, "completed", accepted=40)
    assert office.workspace.people()["2"]["Favourite address"] == '"people2@example.com"'


def test_events_offer_append_only_and_each_arrives_once_over_two_runs(office: Office, page: Page) -> None:
    sign_in(page, office.served, "editor")
    _new_events(page, office)
    page.get_by_role("button", name="Run now").click()
    _ended(page, "completed", accepted=20)
    office.desk.order(5, first=21)
    _run(page, office, "Orders once more")
    _ended(page, "completed", accepted=5)
    sent = [event for event in _events(office) if event["name"] == "Bought"]
    assert sorted(event["data"]["total"] for event in sent) == [order / 4 for order in range(1, 26)]


def test_a_refused_row_is_shown_with_its_reason_mended_and_retried(office: Office, page: Page) -> None:
    office.workspace.fault(
        kind="errors",
        rows={"keys": ["1003"]},
        error={"reason": "invalid", "field": "attributes.plan", "message": "plan is not for sale"},
    )
    sign_in(page, office.served, "operator")
    _run(page, office, "Refused to People")
    _ended(page, "completed", accepted=39)
    page.get_by_role("link", name="Refused to People").first.click()
    page.get_by_role("link", name="Rejected (1)").click()
    expect(page.get_by_text("“plan is not for sale”")).to_be_visible()
    page.get_by_role("link", name="Show rows").click()
    expect(page.get_by_role("row").filter(has_text="1003")).to_contain_text("attributes.plan")
    office.workspace.heal()
    office.desk.sql("UPDATE refused SET plan = 'gold' WHERE id = 1003")
    page.get_by_label("Choose 1003").check()
    page.get_by_role("button", name="Retry the chosen").click()
    _ended(page, "completed", accepted=1)
    page.get_by_role("link", name="Refused to People").first.click()
    page.get_by_role("link", name="Rejected", exact=True).click()
    expect(page.get_by_role("heading", name="Nothing is rejected")).to_be_visible()
    assert office.workspace.people()["1003"]["plan"] == '"gold"'


def test_a_working_run_is_canceled_within_a_moment(office: Office, page: Page) -> None:
    office.workspace.slow(0.5)
    sign_in(page, office.served, "operator")
    _run(page, office, "Slow to People")
    expect(page.locator("#live")).to_contain_text("sending", ignore_case=True)
    page.get_by_role("button", name="Cancel").click()
    _ended(page, "canceled")
    assert len(office.workspace.requests()) < 40


def test_a_run_that_would_remove_many_waits_until_somebody_types_the_name(office: Office, page: Page) -> None:
    sign_in(page, office.served, "operator")
    _run(page, office, "Shrinking to People")
    _ended(page, "completed", accepted=40)
    office.desk.sql("DELETE FROM shrinking WHERE id > 3010")
    _run(page, office, "Shrinking to People")
    expect(page.locator("#live")).to_contain_text("waiting")
    page.get_by_label("Type the name of the sync").fill("Shrinking")
    page.get_by_role("button", name="Remove 30 records").click()
    expect(page.get_by_text("was not typed as it is")).to_be_visible()
    page.get_by_label("Type the name of the sync").fill("Shrinking to People")
    page.get_by_role("button", name="Remove 30 records").click()
    _ended(page, "completed", accepted=30)
    assert len([key for key in office.workspace.people() if 3000 < int(key) <= 3040]) == 10


def test_a_viewer_sees_everything_and_can_change_nothing(office: Office, page: Page) -> None:
    sign_in(page, office.served, "viewer")
    for address in ("/", "/syncs/plain/", "/syncs/plain/plan/", "/syncs/plain/rejected/", "/models/plain/"):
        page.goto(office.url + address)
        assert page.get_by_role("main").get_by_role("button").count() == 0, address
    page.goto(f"{office.url}/syncs/plain/configuration/")
    expect(page.get_by_text("You may look at this configuration")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_be_disabled()
    for address in (
        "/syncs/plain/run/",
        "/syncs/plain/configuration/",
        "/syncs/plain/delete/",
        "/syncs/plain/rejected/retry/",
        "/models/plain/delete/",
        "/connections/production/delete/",
        "/settings/people/add/",
    ):
        assert _forced(page, office.url + address) == 403, address
    page.goto(f"{office.url}/syncs/plain/")
    expect(page.get_by_text("It has not run yet")).to_be_visible()


def _forced(page: Page, address: str) -> int:
    """The status of a form sent by hand, with a valid token."""
    token = page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
    answer = page.request.post(address, form={"csrfmiddlewaretoken": token, "do": "save", "all": "1"})
    return answer.status


def test_somebody_without_a_mouse_signs_in_and_starts_a_run(office: Office, page: Page) -> None:
    page.goto(f"{office.url}/sign-in/")
    _tab_to(page, "username")
    page.keyboard.type("operator")
    _tab_to(page, "password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    _tab_to(page, "Keys to People")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Keys to People")
    _tab_to(page, "Run now")
    page.keyboard.press("Enter")
    _ended(page, "completed", accepted=40)


def _tab_to(page: Page, wanted: str) -> None:
    """Press Tab until what is wanted, by its name or its words, has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count() and wanted in (focused.get_attribute("name"), focused.inner_text().strip()):
            return
    raise AssertionError(f"Tab never comes to {wanted}")


def _go(page: Page, office: Office, sync: str) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Syncs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Syncs")
    page.get_by_role("link", name=sync, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(sync)


def _run(page: Page, office: Office, sync: str) -> None:
    _go(page, office, sync)
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"Run \d+"))


def _ended(page: Page, status: str, *, accepted: int | None = None) -> None:
    """The page of the run says so by itself: nobody reloads it."""
    expect(page.locator("#live .badge").first).to_contain_text(status)
    if accepted is not None:
        expect(page.locator("#live .figures li").filter(has_text="accepted")).to_contain_text(f"{accepted:,}")


def _new_events(page: Page, office: Office) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Syncs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Syncs")
    page.get_by_role("link", name="New sync").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New sync")
    page.get_by_label("Name", exact=True).fill("Orders once more")
    page.get_by_label("Model").select_option("orders")
    page.get_by_label("Destination").select_option("production")
    page.get_by_label("Object").select_option("event")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Append Only, the only behavior of events.")).to_be_visible()
    page.get_by_label("Unique ID column").fill("id")
    page.get_by_role("radio", name="Backfill").check()
    page.get_by_label("Event name", exact=True).fill("Bought")
    page.get_by_label("Person: column").fill("user_id")
    add_custom_field(page, value="total", field="total")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Orders once more is saved.")).to_be_visible()


def _events(office: Office) -> list[dict[str, Any]]:
    wait_for(lambda: office.workspace.in_flight() == 0, seconds=60)
    return list(office.workspace.events()["events"])
