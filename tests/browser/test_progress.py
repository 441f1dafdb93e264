"""A run that works, looked at while the program around it comes and goes."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import sign_in
from tests.browser.office import Office
from tests.browser.witness import Witness
from tests.control_store import URL
from tests.journeys.desk import wait_for


def test_a_run_outlives_the_server_and_its_page_follows_without_being_reloaded(
    building: Office, page: Page, witness: Witness
) -> None:
    building.workspace.slow(
        2
    )  # however slow the machine is, the run is far from its end when the power is cut
    sign_in(page, building.served, "operator")
    page.goto(f"{building.url}/syncs/slow/")
    page.get_by_role("button", name="Run now").click()
    page.wait_for_url("**/runs/*/")
    page.evaluate("document.body.dataset.reloaded = 'never'")
    accepted = page.locator("#live .figures li").filter(has_text="accepted").locator("b")
    expect(accepted).not_to_have_text("0")
    expect(page.get_by_role("progressbar", name="sending")).to_be_visible()
    assert 0 < int(accepted.inner_text()) < 40
    _keep_the_focus(page, accepted)
    _keep_the_buttons(page, accepted)
    to_come = _come_back(building)
    building.workspace.heal()
    expect(page.locator("#live .badge").first).to_contain_text("completed", timeout=60_000)
    expect(accepted).to_have_text("40")
    expect(page.locator("#deeds button")).to_have_count(0)
    witness.complaints.clear()  # that nobody answered for a moment
    assert page.evaluate("document.body.dataset.reloaded") == "never"
    assert {key for key in building.workspace.people() if 2000 < int(key) <= 2040} == _SLOW
    assert len(building.workspace.requests()) == to_come


_SLOW = {str(number) for number in range(2001, 2041)}


def _keep_the_focus(page: Page, accepted: Locator) -> None:
    """Whoever has come to a button with the keyboard stays there while the numbers change."""
    cancel, before = page.get_by_role("button", name="Cancel"), accepted.inner_text()
    cancel.focus()
    expect(accepted).not_to_have_text(before)
    expect(cancel).to_be_focused()


def _keep_the_buttons(page: Page, accepted: Locator) -> None:
    """They are not made anew with the numbers, so a slow click is none that gets lost."""
    for name in ("pause", "cancel"):
        page.evaluate("id => { document.getElementById(id).kept = true }", name)
    before = accepted.inner_text()
    expect(accepted).not_to_have_text(before)
    for name in ("pause", "cancel"):
        assert page.evaluate("id => document.getElementById(id).kept", name)


def test_a_run_is_paused_and_canceled_by_slow_hands_and_its_buttons_follow_what_others_do(
    building: Office, page: Page, witness: Witness
) -> None:
    building.workspace.slow(2)
    sign_in(page, building.served, "operator")
    page.goto(f"{building.url}/syncs/slow/full/")
    page.get_by_role("button", name="Send everything").click()
    page.wait_for_url("**/runs/*/")
    expect(page.locator("#live .badge").first).to_contain_text("working")
    _slowly(page, page.get_by_role("button", name="Pause"))
    expect(page.locator("#live .badge").first).to_contain_text("paused")
    page.get_by_role("button", name="Resume").click()
    page.wait_for_url("**/runs/*/")
    expect(page.get_by_role("button", name="Resume")).to_have_count(0)
    page.evaluate("document.body.dataset.reloaded = 'never'")
    address = page.url.removeprefix(building.url)
    page.evaluate(f"void fetch('{address}pause/', {{method: 'POST', headers: {_TOKEN}}})")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    assert page.evaluate("document.body.dataset.reloaded") == "never"
    _slowly(page, page.get_by_role("button", name="Cancel"))
    expect(page.locator("#live .badge").first).to_contain_text("canceled")
    expect(page.locator("#deeds button")).to_have_count(0)
    building.workspace.heal()


def _come_back(building: Office) -> int:
    """A power cut, and the same program on the same home and port.

    Returns how many requests there are in the end if only those without a receipt are sent again.
    """
    port = building.served.port
    building.served.kill()
    wait_for(lambda: building.workspace.in_flight() == 0)
    # The building has its store in its home, wherever that of this test is.
    with closing(sqlite3.connect(building.desk.home / "control.sqlite3")) as store:
        answered = store.execute("SELECT count(*) FROM control_receipt").fetchone()[0]
    there = len(building.workspace.requests())
    building.served.start(port=port)
    return there + 40 - int(answered)


def test_a_plan_in_the_making_is_canceled_by_keyboard_and_by_slow_hands(
    building: Office, page: Page, witness: Witness
) -> None:
    endless = _endless(building)
    sign_in(page, building.served, "operator")
    for press in (_by_keyboard, _slowly):
        page.goto(f"{building.url}/syncs/{endless}/plan/")
        page.get_by_role("button", name="Make a plan").click()
        expect(page.get_by_text("The plan is being made")).to_be_visible()
        press(page, page.get_by_role("button", name="Cancel"))
        expect(page.get_by_text("It was canceled by operator before it was made.")).to_be_visible()


def test_the_page_of_a_plan_is_loaded_as_a_whole_when_the_plan_is_made_and_not_before(
    building: Office, page: Page, witness: Witness
) -> None:
    endless = _endless(building)
    sign_in(page, building.served, "operator")
    page.goto(f"{building.url}/syncs/{endless}/plan/")
    page.get_by_role("button", name="Make a plan").click()
    page.evaluate("document.body.dataset.reloaded = 'never'")
    page.wait_for_timeout(2500)
    assert page.evaluate("document.body.dataset.reloaded") == "never"
    address = page.url.removeprefix(building.url)
    page.evaluate(f"void fetch('{address}cancel/', {{method: 'POST', headers: {_TOKEN}}})")
    expect(page.get_by_text("It was canceled by operator before it was made.")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    assert page.evaluate("document.body.dataset.reloaded") is None


_TOKEN = "JSON.parse(document.body.getAttribute('hx-headers'))"


def _endless(building: Office) -> str:
    """A sync whose model never has its first row."""
    desk = building.desk
    query = "WITH RECURSIVE t(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM t) SELECT id FROM t WHERE id < 0"
    desk.project["models"]["endless"] = {"connection": "company", "query": query}
    desk.project["syncs"]["endless"] = {
        **desk.project["syncs"]["slow"],
        "name": "Endless",
        "source": {"model": "endless"},
        "mappings": [],
    }
    # The building has its store in its home, wherever that of this test is.
    said = desk.process("apply", str(desk.write()), **building.served.secrets, **{URL: ""})
    assert said.code == 0, said.all
    return "endless"


def _by_keyboard(page: Page, cancel: Locator) -> None:
    cancel.focus()
    page.wait_for_timeout(1500)
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")


def _slowly(page: Page, cancel: Locator) -> None:
    cancel.hover()
    page.mouse.down()
    page.wait_for_timeout(1500)
    page.mouse.up()
