"""A real browser in front of the served pages, with the sandbox in Customer.io's place."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from headcount.control.models import Role, User
from headcount.control.setup import close, setup
from headcount.sandbox.server import start_in_thread
from tests.browser.chromium import PATIENCE, launched
from tests.browser.newcomer import PASSWORD
from tests.browser.office import Office
from tests.browser.site import Served
from tests.browser.witness import Witness
from tests.journeys.desk import Workspace


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails tells what the browser showed."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.failed and call.when == "call" and isinstance(page, Page) and not page.is_closed():
        report.sections.append((f"The page {page.url}", page.locator("body").inner_text()))
    return report


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Playwright keeps an event loop in this thread for as long as it is open, beside which Django refuses to touch a
    database. Nothing here is asynchronous, so it is told to do so all the same; after a module's tests the loop is
    gone, and no other test in this process notices.
    """
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE)
        opened = launched(playwright)
        yield opened
        opened.close()


@pytest.fixture
def witness() -> Iterator[Witness]:
    """What the browser said while the test ran; errors, and requests to other machines, fail it."""
    witness = Witness()
    yield witness
    witness.swear()


@pytest.fixture
def context(browser: Browser, witness: Witness) -> Iterator[BrowserContext]:
    """One person's browser: its own cookies."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    witness.watch(context)
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
def workspace(customerio: Workspace) -> Iterator[Workspace]:
    """The sandbox, as fresh as on its first day."""
    customerio.ask("reset", {})
    yield customerio
    customerio.heal()


@pytest.fixture
def people(tmp_path: Path, browser: Browser) -> dict[str, str]:
    """A user of every role in the home's control store, with one password. Returns name -> role."""
    return hire()


def hire() -> dict[str, str]:
    setup()
    for role in Role:
        User.objects.create_user(username=role.value, role=role, password=PASSWORD)
    close()
    return {role.value: role.value for role in Role}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """The pages over a home of their own; nobody is known there unless ``people`` is asked for first."""
    site = Served(tmp_path / "home").start()
    yield site
    site.stop()


@pytest.fixture(scope="module")
def building(
    browser: Browser, customerio: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """A company at work, served once for all tests of a module."""
    customerio.ask("reset", {})
    office = Office(tmp_path_factory.mktemp("office"), customerio)
    with pytest.MonkeyPatch.context() as patch:
        office.move_in(patch)
        hire()
    office.open()
    yield office
    office.close()


@pytest.fixture
def office(building: Office) -> Iterator[Office]:
    """The company of this module; faults of its workspace end with the test."""
    yield building
    building.workspace.heal()


def sign_in(page: Page, site: Served, name: str = "owner") -> None:
    page.goto(f"{site.url}/sign-in/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
