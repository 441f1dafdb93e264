"""The guide that every new user follows, word for word, from credentials to the person in the workspace."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.fields import add_custom_field
from tests.browser.newcomer import become_owner
from tests.browser.site import Served
from tests.journeys.desk import Workspace


def test_a_newcomer_connects_customerio_writes_a_query_and_finds_the_person_in_the_workspace(
    workspace: Workspace, served: Served, page: Page, tmp_path: Path
) -> None:
    shop = tmp_path / "shop.sqlite"
    _fill(shop)
    site_id, api_key = _make_credentials(page, workspace)
    become_owner(page, served)
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    _connect_customerio(page, workspace, site_id, api_key)
    _connect_the_shop(page, shop)
    _write_a_query(page)
    _make_a_sync(page)
    _run_it(page)
    _find_the_person(page, workspace)


def _fill(shop: Path) -> None:
    with closing(sqlite3.connect(shop)) as database, database:
        database.execute(
            "CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT, plan TEXT, bikes INTEGER)"
        )
        database.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, ?)",
            [(i, f"rider{i}@example.com", "gold" if i == 7 else "free", i) for i in range(1, 31)],
        )


def _make_credentials(page: Page, workspace: Workspace) -> tuple[str, str]:
    page.goto(workspace.url)
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Sign in").click()
    page.locator("summary", has_text="Ada").click()
    page.get_by_role("link", name="Account Settings").click()
    page.get_by_role("link", name="API Credentials").click()
    page.get_by_role("link", name="Create New API Credentials").click()
    page.get_by_label("Name", exact=True).fill("Headcount")
    page.get_by_label("Workspace", exact=True).select_option("Production (US)")
    page.get_by_role("button", name="Create Credentials").click()
    expect(page.get_by_role("columnheader", name="Site ID")).to_be_visible()
    expect(page.get_by_role("columnheader", name="API Key", exact=True)).to_be_visible()
    cells = page.get_by_role("row", name=re.compile("^Headcount ")).get_by_role("cell")
    return cells.nth(2).inner_text(), cells.nth(3).inner_text()


def _connect_customerio(page: Page, workspace: Workspace, site_id: str, api_key: str) -> None:
    page.get_by_role("link", name="Connections").click()
    page.locator("summary", has_text="Add Service").click()
    page.get_by_role("link", name="Customer.io", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect Customer.io")
    page.get_by_label("Name", exact=True).fill("Production")
    page.get_by_label("Site ID").fill(site_id)
    page.get_by_label("API Key", exact=True).fill(api_key)
    page.get_by_text("More settings").click()
    page.get_by_label("Base URL", exact=False).first.fill(workspace.url)
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_role("status")).to_contain_text("✓")
    expect(page.get_by_role("status")).to_contain_text("1001")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Production")
    expect(page.get_by_text("Production is connected.")).to_be_visible()


def _connect_the_shop(page: Page, shop: Path) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Connections").click()
    expect(page.get_by_role("row", name=re.compile("Production.*connected"))).to_be_visible()
    page.locator("summary", has_text="Add Service").click()
    page.get_by_role("link", name="SQLite").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect SQLite")
    page.get_by_label("Name", exact=True).fill("Bicycle shop")
    page.get_by_label("File").fill(str(shop))
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Bicycle shop is connected.")).to_be_visible()


def _write_a_query(page: Page) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    page.get_by_role("link", name="New model").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New model")
    page.get_by_role("main").get_by_role("link", name="Bicycle shop").click()
    page.get_by_label("Name", exact=True).fill("Riders")
    page.get_by_role("radio", name="SQL").check()
    page.get_by_role("textbox", name="SQL").fill(
        "SELECT id, email, plan, bikes FROM customers WHERE bikes > 2"
    )
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("cell", name="rider7@example.com")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Riders")


def _make_a_sync(page: Page) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Syncs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Syncs")
    page.get_by_role("link", name="New sync").click()
    page.get_by_label("Name", exact=True).fill("Riders to People")
    page.get_by_label("Model").select_option("riders")
    page.get_by_label("Destination").select_option("production")
    page.get_by_label("Object").select_option("person")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("radio", name=re.compile("^Update or Create")).check()
    page.get_by_label("Column", exact=True).fill("id")
    page.get_by_role("radio", name=re.compile("^id\\b", re.I)).check()
    page.get_by_role("button", name="Map all columns").click()
    expect(page.get_by_label(re.compile("^Row 3: field$"))).to_be_visible()
    number = add_custom_field(page, value="bikes", field="Bicycles owned")
    page.get_by_label(f"Row {number}: field").press("Tab")
    expect(page.locator("#preview pre")).to_contain_text('"Bicycles owned": 3')
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Riders to People is saved.")).to_be_visible()


def _run_it(page: Page) -> None:
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#live")).to_contain_text("completed")
    expect(page.get_by_role("listitem").filter(has_text="accepted")).to_contain_text("28")


def _find_the_person(page: Page, workspace: Workspace) -> None:
    page.goto(workspace.url)
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="7", exact=True).click()
    for attribute, value in (("email", "rider7@example.com"), ("plan", "gold"), ("Bicycles owned", "7")):
        row = page.get_by_role("row").filter(has=page.get_by_role("cell", name=attribute, exact=True))
        expect(row).to_contain_text(value)
