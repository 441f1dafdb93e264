"""The sample company in the browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.newcomer import become_owner
from tests.browser.site import Served


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
