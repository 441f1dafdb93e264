"""A real browser in front of the served pages, with the sandbox in Customer.io's place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from django.contrib.auth.hashers import make_password
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from headcount.control.models import Role, User
from headcount.control.setup import close, setup
from headcount.sandbox.server import start_in_thread
from tests.browser.site import Served
from tests.journeys.desk import Workspace

Result = TypeVar("Result")

PASSWORD = "correct horse battery"
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _launched(playwright: Playwright) -> Browser:
    """The system's browser, or Playwright's own. Without one: a reason, and in continuous integration a failure."""
    own = Path(playwright.chromium.executable_path)
    path = next((found for name in NAMES if (found := shutil.which(name))), str(own) if own.exists() else "")
    if not path:
        missing = "There is no Chromium: install the package chromium, or run: playwright install chromium"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return playwright.chromium.launch(executable_path=path, args=SWITCHES)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = _launched(playwright)
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One person's browser: its own cookies."""
    context = browser.new_context()
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(scope="session")
def customerio() -> Iterator[Workspace]:
    """The sandbox, for everybody."""
    running = start_in_thread()
    yield Workspace(running.url)
    running.stop()


@pytest.fixture
def workspace(customerio: Workspace) -> Workspace:
    """The sandbox, as fresh as on its first day."""
    customerio.ask("reset", {})
    return customerio


@pytest.fixture
def people(tmp_path: Path) -> dict[str, str]:
    """A user of every role in the home's control store, with one password. Returns name -> role."""
    aside(_hire)
    return {role.value: role.value for role in Role}


def _hire() -> None:
    setup()
    hashed = make_password(
        PASSWORD, hasher="pbkdf2_sha256"
    )  # the command does not know the tests' quick hasher
    for role in Role:
        User.objects.create(username=role.value, role=role, password=hashed)
    close()


def aside(work: Callable[[], Result]) -> Result:
    """Do something with the control store in a thread: Playwright keeps an event loop in this one, which Django
    refuses to work beside.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """The pages over a home of their own; nobody is known there unless ``people`` is asked for first."""
    site = Served(tmp_path / "home").start()
    yield site
    site.stop()


def sign_in(page: Page, site: Served, name: str = "owner") -> None:
    page.goto(f"{site.url}/sign-in/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
