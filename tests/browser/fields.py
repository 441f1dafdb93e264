"""Mapping rows as people add them in the sync editor."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


def add_custom_field(page: Page, *, value: str, field: str) -> int:
    """Add a row and fill it in, once the page with the new row is there: the old page has rows to type into as well.
    Returns the row's number.
    """
    button = page.get_by_role("button", name="+ Add Custom Field")
    expect(button).to_be_visible()
    rows = page.get_by_label(re.compile(r"^Row \d+: field$"))
    number = rows.count() + 1
    button.click()
    expect(rows).to_have_count(number)
    page.get_by_label(f"Row {number}: value").fill(value)
    page.get_by_label(f"Row {number}: field").fill(field)
    return number
