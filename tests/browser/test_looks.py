"""Every main page, in light and in dark, for people who see it, hear it or zoom into it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.chromium import PATIENCE
from tests.browser.conftest import sign_in
from tests.browser.office import Office
from tests.browser.witness import Witness

pytestmark = pytest.mark.xdist_group("looks")  # what they look at takes a minute to build

PAGES = (
    "/",
    "/syncs/",
    "/syncs/new/",
    "/syncs/new/?model=people&connection=production&object=person",
    "/syncs/refused/",
    "/syncs/refused/plan/",
    "/syncs/refused/runs/",
    "/syncs/refused/rejected/",
    "/syncs/refused/rejected/{group}/",
    "/syncs/refused/records/",
    "/syncs/refused/log/",
    "/syncs/refused/configuration/",
    "/syncs/refused/activity/",
    "/syncs/refused/copy/",
    "/syncs/refused/full/",
    "/syncs/events/configuration/",
    "/runs/",
    "/runs/{run}/",
    "/runs/{run}/rows/",
    "/runs/{run}/rejected/",
    "/models/",
    "/models/new/?connection=company",
    "/models/people/",
    "/models/people/edit/",
    "/connections/",
    "/connections/production/",
    "/connections/production/edit/",
    "/connections/add/customerio/",
    "/connections/add/postgresql/",
    "/activity/",
    "/settings/",
    "/settings/tokens/",
    "/settings/people/",
    "/settings/masks/",
    "/settings/alerts/",
    "/settings/alerts/rules/add/",
    "/settings/webhooks/",
    "/settings/about/",
    "/settings/password/",
    "/settings/people/add/",
    "/connections/company/tables/",
    "/syncs/refused/delete/",
    "/syncs/refused/nowhere/",
)
MISSING = "/syncs/refused/nowhere/"
DESK: ViewportSize = {"width": 1200, "height": 820}
TELEPHONE: ViewportSize = {"width": 390, "height": 844}
UNSEEN = """[...document.querySelectorAll("tbody td")].filter(cell => !cell.getClientRects().length)
    .map(cell => cell.textContent.trim()).filter(words => words)"""
SIDEWAYS = """[...document.querySelectorAll(".scroll:not(.tall)")]
    .filter(part => part.scrollWidth > part.clientWidth + 4).map(part => part.innerText.slice(0, 80))"""
WIDEST = 4  # pixels that a page may be wider than the screen


@pytest.fixture(scope="module")
def at_work(building: Office, browser: Browser) -> Iterator[dict[str, str]]:
    """An Owner's cookies, and the numbers of a run with a refused row and of its group."""
    building.workspace.fault(
        kind="errors", rows={"keys": ["1003"]}, error={"reason": "invalid", "field": "attributes.plan"}
    )
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    sign_in(page, building.served)
    page.goto(f"{building.url}/syncs/refused/")
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#live .badge").first).to_contain_text("completed")
    run = page.url.rstrip("/").rpartition("/")[2]
    page.goto(f"{building.url}/syncs/refused/rejected/")
    page.get_by_role("link", name="Show rows").click()
    page.wait_for_url("**/rejected/*/")
    group = page.url.rstrip("/").rpartition("/")[2]
    yield {"run": run, "group": group, "state": context.storage_state()}  # type: ignore[dict-item]
    context.close()


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What was found on all pages, by their address: barriers in light and in dark; on a telephone pages that are too
    wide, tables that are (rows of data apart), and words of tables that cannot be seen.
    """

    light: dict[str, list[str]]
    dark: dict[str, list[str]]
    wide: dict[str, int]
    unseen: dict[str, list[str]]
    sideways: dict[str, list[str]]


@pytest.fixture(scope="module")
def looked(building: Office, browser: Browser, at_work: dict[str, str]) -> Looked:
    """Every page, opened once and looked at in three ways."""
    witness = Witness()
    context = browser.new_context(storage_state=at_work["state"])  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    witness.watch(context)
    page, found = context.new_page(), Looked(light={}, dark={}, wide={}, unseen={}, sideways={})
    for address in PAGES:
        _open(page, building.url + address.format(**at_work))
        _look(page, address, found)
    context.close()
    witness.swear()
    return found


def _open(page: Page, address: str) -> None:
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == (404 if address.endswith(MISSING) else 200), address
    if page.locator("[hx-trigger*=load]").count():
        page.wait_for_load_state("networkidle")


def _look(page: Page, address: str, found: Looked) -> None:
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)
    if barriers := _barriers(page, {}):
        found.light[address] = barriers
    page.emulate_media(color_scheme="dark")
    if barriers := _barriers(page, {"runOnly": ["color-contrast"]}):  # nothing else differs in the dark
        found.dark[address] = barriers
    page.set_viewport_size(TELEPHONE)
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > TELEPHONE["width"] + WIDEST:
        found.wide[address] = width
    if words := page.evaluate(UNSEEN):
        found.unseen[address] = words
    if tables := page.evaluate(SIDEWAYS):
        found.sideways[address] = tables


def _barriers(page: Page, options: dict[str, Any]) -> list[str]:
    brief = {"resultTypes": ["violations"], **options}  # nobody reads what it found in order
    found = Axe().run(page, options=brief).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def test_no_page_has_a_serious_barrier(looked: Looked) -> None:
    assert looked.light == {}


def test_no_page_is_hard_to_read_in_the_dark(looked: Looked) -> None:
    assert looked.dark == {}


def test_no_cell_of_a_table_is_lost_on_a_telephone(looked: Looked) -> None:
    assert looked.unseen == {}


def test_no_page_is_wider_than_a_telephone(looked: Looked) -> None:
    assert looked.wide == {}


def test_no_table_is_wider_than_a_telephone(looked: Looked) -> None:
    assert looked.sideways == {}
