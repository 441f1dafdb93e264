"""The mapping editor with scripts on: the preview follows what is typed, in its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from headcount.control.setup import close
from headcount.sandbox.seed import PRODUCTION
from tests.browser.conftest import sign_in
from tests.browser.site import Served
from tests.journeys.desk import Desk, Workspace


@pytest.fixture
def company(
    tmp_path: Path, browser: Browser, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """The sample company, applied; before the pages are served, so that they know its secret."""
    monkeypatch.setenv("JOURNEY_API_KEY", PRODUCTION.api_key)
    desk = Desk(tmp_path, workspace)
    desk.hire(60)
    desk.order(10)
    desk.apply()
    yield desk
    close()


def at_work(page: Page, served: Served) -> None:
    sign_in(page, served, "editor")


def test_a_custom_field_is_added_and_the_preview_follows_without_moving_the_page(
    company: Desk, people: dict[str, str], served: Served, page: Page
) -> None:
    at_work(page, served)
    page.goto(f"{served.url}/syncs/people/configuration/")
    preview = page.locator("#preview")
    expect(preview.locator("pre")).to_contain_text('"visits": 1')
    page.get_by_role("button", name="+ Add Custom Field").click()
    page.get_by_label("Row 3: value").fill("email")
    page.get_by_label("Row 3: field").fill("Contact")
    page.get_by_label("Row 3: field").press("Tab")
    expect(preview.locator("pre")).to_contain_text('"Contact": "p1@example.com"')
    preview.get_by_role("button", name="Next row").click()
    expect(preview.locator("pre")).to_contain_text('"Contact": "p2@example.com"')
    expect(page.get_by_label("Row 3: field")).to_have_value("Contact")
    page.get_by_label("Row 3: value").fill("emial")
    page.get_by_label("Row 3: value").press("Tab")
    expect(preview).to_contain_text("The model has no column emial. Did you mean email?")


def test_what_starts_a_sync_shows_the_inputs_it_needs_and_the_preview_its_next_times(
    company: Desk, people: dict[str, str], served: Served, page: Page
) -> None:
    at_work(page, served)
    page.goto(f"{served.url}/syncs/people/configuration/")
    part, due = page.locator("#starts-part"), page.locator("#preview")
    expect(part.get_by_label("Minutes")).to_be_hidden()
    part.get_by_label("It runs").select_option("weekly")
    expect(part.get_by_label("Day")).to_be_visible()
    expect(part.get_by_label("Minutes")).to_be_hidden()
    part.get_by_label("Hour").fill("6")
    part.get_by_label("Time zone").fill("Europe/Berlin")
    part.get_by_label("Time zone").press("Tab")
    expect(due).to_contain_text("Starts every Monday at 06:00 (Europe/Berlin).")
    expect(due.get_by_text("at 06:00 (Europe/Berlin)", exact=False)).to_have_count(4)
    part.get_by_label("It runs").select_option("minutes")
    expect(part.get_by_label("Minutes")).to_be_visible()
    expect(part.get_by_label("Day")).to_be_hidden()
    expect(due).to_contain_text("Starts every 15 minutes.")


def test_the_editor_and_the_review_are_accessible(
    company: Desk, people: dict[str, str], served: Served, page: Page
) -> None:
    at_work(page, served)
    for address in ("/syncs/people/configuration/", "/syncs/events/configuration/", "/syncs/people/delete/"):
        page.goto(f"{served.url}{address}")
        assert Axe().run(page).response["violations"] == []
    page.goto(f"{served.url}/syncs/people/configuration/")
    page.get_by_role("button", name="Remove row 1, plan").click()
    page.get_by_role("button", name="Review changes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Review: Users to People")
    assert Axe().run(page).response["violations"] == []
