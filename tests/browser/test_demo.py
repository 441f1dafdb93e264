"""The sample company in the browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.newcomer import become_owner
from tests.browser.site import Served

CREDENTIALS = "/settings/api_credentials"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Served]:
    site = Served(tmp_path / "home", options=("--demo",)).start()
    yield site
    site.stop()


def test_the_demo_opens_with_a_company_whose_changes_wait_to_be_sent(demo: Served, page: Page) -> None:
    become_owner(page, demo)
    expect(page.get_by_role("heading", name="What needs attention")).to_be_visible()
    page.get_by_role("link", name="Customers to People", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Customers to People")
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#live .badge").first).to_contain_text("completed")
    page.get_by_role("listitem").filter(has_text="change").get_by_role("link").click()
    expect(page.get_by_role("row").filter(has_text="→").first).to_be_visible()


def test_keys_made_in_the_sandbox_connect_without_an_address(demo: Served, page: Page) -> None:
    (sandbox,) = re.findall(r"Customer\.io, is at (http://\S+)", "".join(demo.said))
    page.goto(sandbox)
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{sandbox}{CREDENTIALS}/new")
    page.get_by_label("Name", exact=True).fill("Headcount")
    page.get_by_label("Workspace", exact=True).select_option("Production (US)")
    page.get_by_role("button", name="Create Credentials").click()
    expect(page.get_by_text(sandbox, exact=True)).to_be_visible()
    cells = page.get_by_role("row", name=re.compile("^Headcount ")).get_by_role("cell")
    site_id, api_key = cells.nth(2).inner_text(), cells.nth(3).inner_text()
    become_owner(page, demo)
    page.goto(f"{demo.url}/connections/add/customerio/")
    expect(page.get_by_label("Base URL").first).to_have_value(sandbox)
    expect(page.get_by_label("Base URL").first).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Mine")
    page.get_by_label("Site ID").fill(site_id)
    page.get_by_label("API Key", exact=True).fill(api_key)
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_role("status")).to_contain_text("✓")
