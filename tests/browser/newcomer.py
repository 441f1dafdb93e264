"""Somebody who opens Headcount for the first time."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.site import Served

PASSWORD = "correct horse battery"
LINK = re.compile(r"Create the Owner.*: (http\S+)")


def become_owner(page: Page, site: Served) -> None:
    """By the link that the start has printed."""
    page.goto(LINK.findall("".join(site.said))[0])
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Name (optional)").fill("Ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Create the Owner and sign in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
