from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.browser.site import Served


def test_somebody_signs_in_sees_their_name_and_signs_out(
    people: dict[str, str], served: Served, page: Page
) -> None:
    sign_in(page, served, "viewer")
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    page.get_by_text("viewer", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
