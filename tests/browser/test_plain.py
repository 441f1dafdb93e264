"""Pages with scripts switched off."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import PATIENCE
from tests.browser.conftest import sign_in
from tests.browser.fields import add_custom_field
from tests.browser.office import Office
from tests.journeys.desk import wait_for


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def test_a_sync_is_made_previewed_and_run_without_scripts(office: Office, plain: Page) -> None:
    sign_in(plain, office.served, "editor")
    plain.get_by_role("link", name="Syncs").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Syncs")
    plain.get_by_role("link", name="New sync").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("New sync")
    plain.get_by_label("Name", exact=True).fill("Without scripts")
    plain.get_by_label("Model").select_option("plain")
    plain.get_by_label("Destination").select_option("production")
    plain.get_by_label("Object").select_option("person")
    plain.get_by_role("button", name="Continue").click()
    plain.get_by_label("Column", exact=True).fill("id")
    plain.get_by_role("radio", name=re.compile("^id\\b", re.I)).check()
    add_custom_field(plain, value="plan", field="Tariff")
    plain.get_by_role("button", name="Show preview").click()
    expect(plain.locator("#preview pre")).to_contain_text('"Tariff": "free"')
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.get_by_text("Without scripts is saved.")).to_be_visible()
    plain.get_by_role("button", name="Run now").click()
    plain.wait_for_url("**/runs/*/")
    wait_for(lambda: _reloaded(plain), seconds=60)
    assert office.workspace.people()["4001"]["Tariff"] == '"free"'


def _reloaded(page: Page) -> bool:
    """People without scripts press the reload button of their browser."""
    page.reload()
    return page.locator("#live .badge", has_text="completed").count() == 1


def test_the_menus_open_without_scripts(office: Office, plain: Page) -> None:
    sign_in(plain, office.served, "owner")
    plain.get_by_role("link", name="Connections").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Connections")
    plain.locator("summary", has_text="Add Service").click()
    plain.get_by_role("link", name="PostgreSQL").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Connect PostgreSQL")
    plain.locator("summary", has_text="owner").click()
    plain.get_by_role("button", name="Sign out").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Sign in")
