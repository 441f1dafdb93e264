"""Pictures of the pages over the sample company: ``python -m tests.browser.screenshots FOLDER [--whole]``.

Each page in light, in dark and as a telephone shows it. Needs Chromium, and starts ``headcount serve --demo`` itself.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import PATIENCE, launched
from tests.browser.newcomer import become_owner
from tests.browser.site import Served

WIDE = {"width": 1200, "height": 820}
NARROW = {"width": 390, "height": 844}
SETTLED = 1500  # milliseconds, for parts that are fetched after the page
PAGES = {
    "home": "/",
    "syncs": "/syncs/",
    "sync": "/syncs/customers/",
    "plan": "{plan}",
    "run": "{run}",
    "changes": "{run}rows/?op=change",
    "rejected": "/syncs/customers/rejected/",
    "editor": "/syncs/customers/configuration/",
    "review": "/syncs/customers/configuration/",
    "events": "/syncs/orders/configuration/",
    "new-sync": "/syncs/new/",
    "models": "/models/",
    "model": "/models/customers/",
    "connections": "/connections/",
    "connection": "/connections/workspace/",
    "add-service": "/connections/add/customerio/",
    "settings": "/settings/",
    "people": "/settings/people/",
    "tokens": "/settings/tokens/",
    "activity": "/activity/",
    "log": "/syncs/customers/log/",
}


def take(folder: Path, *, whole: bool) -> None:
    """Write ``<page>-<light|dark|narrow>.png`` into the folder, which is made if need be: what fits on the screen, or
    the ``whole`` page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="headcount-screens-") as place, sync_playwright() as playwright:
        demo = Served(Path(place) / "home", options=("--demo",)).start()
        browser = launched(playwright)
        try:
            _all(browser, demo, folder, whole=whole)
        finally:
            browser.close()
            demo.stop()


def _all(browser: Browser, demo: Served, folder: Path, *, whole: bool) -> None:
    context = browser.new_context(viewport=WIDE)
    addresses = _company_at_work(context.new_page(), demo)
    cookies = context.storage_state()
    for look in ("light", "dark", "narrow"):
        seen = browser.new_context(
            viewport=NARROW if look == "narrow" else WIDE,
            color_scheme="dark" if look == "dark" else "light",
            storage_state=cookies,
        )
        seen.set_default_timeout(3 * PATIENCE)
        _look(seen.new_page(), demo, addresses, folder, look, whole=whole)
        seen.close()


def _company_at_work(page: Page, demo: Served) -> dict[str, str]:
    """A plan is made and run. Returns the addresses of both."""
    page.set_default_timeout(3 * PATIENCE)
    become_owner(page, demo)
    page.goto(f"{demo.url}/syncs/customers/plan/")
    page.get_by_role("button", name="Make a plan").click()
    expect(page.get_by_role("row").nth(1)).to_be_visible(timeout=PATIENCE)
    plan = page.url.removeprefix(demo.url)
    for sync in ("orders", "customers"):
        page.goto(f"{demo.url}/syncs/{sync}/")
        page.get_by_role("button", name="Run now").click()
        expect(page.locator("#live .badge").first).to_contain_text("completed", timeout=PATIENCE)
    return {"plan": plan, "run": page.url.removeprefix(demo.url)}


def _look(
    page: Page, demo: Served, addresses: dict[str, str], folder: Path, look: str, *, whole: bool
) -> None:
    for name, address in PAGES.items():
        page.goto(demo.url + address.format(**addresses))
        if name == "review":
            page.get_by_role("button", name="+ Add Custom Field").click()
            page.get_by_label(re.compile("^Row .*field$")).last.fill("Home town")
            page.get_by_label(re.compile("^Row .*value$")).last.fill("city")
            page.get_by_role("button", name="Review changes").click()
        if page.locator("[hx-trigger*=load]").count():
            page.wait_for_timeout(SETTLED)
        if name == "editor" and not whole:
            page.locator("#mappings").evaluate("part => part.scrollIntoView()")
        page.screenshot(path=folder / f"{name}-{look}.png", full_page=whole)


if __name__ == "__main__":
    take(Path(sys.argv[1]), whole="--whole" in sys.argv)
