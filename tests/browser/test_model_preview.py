"""The first rows of a model, as people see them."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.browser.office import Office

LONG = 1200


def test_one_long_value_leaves_the_other_columns_in_sight_and_opens_with_a_click(
    office: Office, page: Page
) -> None:
    office.desk.sql("UPDATE plain SET plan = ? WHERE id = (SELECT min(id) FROM plain)", [("x" * LONG,)])
    office.desk.sql("UPDATE plain SET plan = ? WHERE id = (SELECT max(id) FROM plain)", [("y" * 150,)])
    sign_in(page, office.served)
    page.goto(f"{office.url}/models/plain/rows/")
    preview = page.get_by_role("region", name="Preview of rows")
    expect(preview.get_by_role("columnheader", name="visits")).to_be_in_viewport()
    assert preview.evaluate("part => part.scrollWidth - part.clientWidth") <= 1
    value = preview.locator("details")
    expect(value).to_have_count(1)
    value.locator("summary").click()
    assert (value.inner_text()).count("x") >= LONG
    assert preview.evaluate("part => part.scrollWidth - part.clientWidth") <= 1
