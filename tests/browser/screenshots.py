"""Pictures of the pages: ``python -m tests.browser.screenshots FOLDER [--whole]``.

Each page of the sample company, and each of the ``scenes``, in light, in dark and as a telephone shows it. Needs
Chromium, and starts what is served itself.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from headcount.sandbox.server import start_in_thread
from tests.browser.chromium import PATIENCE, launched
from tests.browser.newcomer import become_owner
from tests.browser.office import Office
from tests.browser.scenes import FRESH, OFFICE, SANDBOX, Stage
from tests.browser.site import Served
from tests.journeys.desk import Workspace

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
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
        "true"  # Playwright keeps an event loop, and nothing here uses it
    )
    with tempfile.TemporaryDirectory(prefix="headcount-screens-") as place, sync_playwright() as playwright:
        demo = Served(Path(place) / "home", options=("--demo",)).start()
        browser = launched(playwright)
        try:
            _all(browser, demo, folder, whole=whole)
            with _stage(Path(place)) as stage:
                _scenes(browser, stage, folder, whole=whole)
        finally:
            browser.close()
            demo.stop()


@contextmanager
def _stage(place: Path) -> Iterator[Stage]:
    """Two more installations: one as new, and a company with a sandbox of its own."""
    for folder in ("fresh", "office"):
        (place / folder).mkdir()
    sandbox = start_in_thread()
    office = Office(place / "office", Workspace(sandbox.url))
    with pytest.MonkeyPatch.context() as patch:
        office.move_in(patch)
    fresh = Served(place / "fresh" / "home").start()
    office.open()
    try:
        yield Stage(fresh=fresh, office=office)
    finally:
        office.close()
        fresh.stop()
        sandbox.stop()


def _scenes(browser: Browser, stage: Stage, folder: Path, *, whole: bool) -> None:
    """Each place in a browser of its own: cookies do not know ports."""
    for scenes in (FRESH, OFFICE, SANDBOX):
        context = browser.new_context(viewport=WIDE)
        context.set_default_timeout(3 * PATIENCE)
        page = context.new_page()
        for name, scene in scenes.items():
            scene(page, stage)
            _take(page, folder, name, whole=whole)
        context.close()


def _take(page: Page, folder: Path, name: str, *, whole: bool) -> None:
    """One moment in three looks."""
    for look in ("light", "dark", "narrow"):
        page.emulate_media(color_scheme="dark" if look == "dark" else "light")
        page.set_viewport_size(NARROW if look == "narrow" else WIDE)
        page.screenshot(path=folder / f"{name}-{look}.png", full_page=whole)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)


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
