"""Every main page, in light and in dark, for people who see it, hear it or zoom into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.chromium import PATIENCE
from tests.browser.conftest import sign_in
from tests.browser.office import Office
from tests.browser.witness import Witness

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
)
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


# Only colours differ in the dark.
@pytest.mark.parametrize(("scheme", "rules"), [("light", {}), ("dark", {"runOnly": ["color-contrast"]})])
def test_no_page_has_a_serious_barrier(
    building: Office,
    browser: Browser,
    at_work: dict[str, str],
    witness: Witness,
    scheme: str,
    rules: dict[str, Any],
) -> None:
    context = browser.new_context(color_scheme=scheme, storage_state=at_work["state"])  # type: ignore[arg-type]
    witness.watch(context)
    page = context.new_page()
    found = {
        address: barriers
        for address in PAGES
        if (barriers := _barriers(page, building, address, at_work, rules))
    }
    context.close()
    assert found == {}


def _barriers(
    page: Page, building: Office, address: str, numbers: dict[str, str], rules: dict[str, Any]
) -> list[str]:
    answer = page.goto(building.url + address.format(**numbers))
    assert answer is not None
    assert answer.status == 200, address
    if page.locator("[hx-trigger*=load]").count():
        page.wait_for_load_state("networkidle")
    found = Axe().run(page, options=rules).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def test_no_page_is_wider_than_a_telephone(
    building: Office, browser: Browser, at_work: dict[str, str]
) -> None:
    context = _telephone(browser, at_work)
    page = context.new_page()
    wide = {}
    for address in PAGES:
        page.goto(building.url + address.format(**at_work))
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 390 + WIDEST:
            wide[address] = width
    context.close()
    assert wide == {}


def _telephone(browser: Browser, at_work: dict[str, str]) -> BrowserContext:
    return browser.new_context(
        viewport={"width": 390, "height": 844},
        storage_state=at_work["state"],  # type: ignore[arg-type]
    )
