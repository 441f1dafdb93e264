"""The mapping editor with scripts on: the preview follows what is typed, in its place."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.browser.fields import add_custom_field
from tests.browser.newcomer import PASSWORD
from tests.browser.office import Office


def test_a_custom_field_is_added_and_the_preview_follows_without_moving_the_page(
    office: Office, page: Page
) -> None:
    sign_in(page, office.served, "editor")
    page.goto(f"{office.url}/syncs/people/configuration/")
    preview = page.locator("#preview")
    expect(preview.locator("pre")).to_contain_text('"visits": 1')
    assert add_custom_field(page, value="email", field="Contact") == 3
    page.get_by_label("Row 3: field").press("Tab")
    expect(preview.locator("pre")).to_contain_text('"Contact": "people1@example.com"')
    preview.get_by_role("button", name="Next row").press("Enter")
    expect(preview.locator("pre")).to_contain_text('"Contact": "people2@example.com"')
    expect(preview.get_by_role("button", name="Next row")).to_be_focused()
    expect(preview.get_by_role("status")).to_contain_text("Preview of row 2.")
    expect(page.get_by_label("Row 3: field")).to_have_value("Contact")
    page.get_by_label("Row 3: value").fill("emial")
    page.get_by_label("Row 3: value").press("Tab")
    expect(preview).to_contain_text("The model has no column emial. Did you mean email?")


def test_what_starts_a_sync_shows_the_inputs_it_needs_and_the_preview_its_next_times(
    office: Office, page: Page
) -> None:
    sign_in(page, office.served, "editor")
    page.goto(f"{office.url}/syncs/people/configuration/")
    part, due = page.locator("#starts-part"), page.locator("#preview")
    expect(part.get_by_label("Minutes")).to_be_hidden()
    part.get_by_label("It runs").select_option("weekly")
    expect(part.get_by_label("Day")).to_be_visible()
    expect(part.get_by_label("Minutes")).to_be_hidden()
    part.get_by_label("Hour").fill("6")
    part.get_by_label("Time zone").fill("Europe/Berlin")
    part.get_by_label("Time zone").press("Tab")
    expect(due).to_contain_text("Starts every Monday at 06:00 (Europe/Berlin).")
    expect(due.get_by_text("at 06:00 (Europe/Berlin)", exact=False)).to_have_count(4)
    part.get_by_label("It runs").select_option("minutes")
    expect(part.get_by_label("Minutes")).to_be_visible()
    expect(part.get_by_label("Day")).to_be_hidden()
    expect(due).to_contain_text("Starts every 15 minutes.")


def test_on_a_telephone_each_input_of_a_mapping_says_what_it_is(office: Office, page: Page) -> None:
    sign_in(page, office.served, "editor")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{office.url}/syncs/people/configuration/")
    told = """input => { const part = getComputedStyle(input.closest("[data-label]"), "::before");
        return [part.display, part.content] }"""
    names = {"kind": "From", "text": "Value", "to": "Field", "type": "Type", "nulls": "When NULL"}
    for part, label in names.items():
        shown = page.locator(f"[name=m-0-{part}]").evaluate(told)
        assert shown == ["block", f'"{label}"']
    page.set_viewport_size({"width": 1200, "height": 820})
    assert page.locator("[name=m-0-to]").evaluate(told)[1] == "none"  # the headings say it


def test_a_session_that_ends_in_the_middle_of_the_editor_loses_nothing(office: Office, page: Page) -> None:
    sign_in(page, office.served, "editor")
    page.goto(f"{office.url}/syncs/people/configuration/")
    expect(page.locator("#preview pre")).to_be_visible()
    number = add_custom_field(page, value="email", field="Contact")
    page.context.clear_cookies(name=re.compile("headcount_session"))
    page.get_by_label(f"Row {number}: field").press("End")
    page.keyboard.type(" address")
    page.keyboard.press("Tab")
    expect(page.locator("#preview")).to_contain_text("What you typed is still here")
    page.get_by_role("button", name="Review changes").click()
    expect(page.get_by_text("what you typed is kept")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    page.get_by_label("Username").fill("editor")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your form has not been sent yet")
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Send it now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Review: People to People")
    expect(page.get_by_role("row").filter(has_text="Contact address")).to_be_visible()


def test_the_editor_and_the_review_are_accessible(office: Office, page: Page) -> None:
    sign_in(page, office.served, "editor")
    for address in ("/syncs/people/configuration/", "/syncs/events/configuration/", "/syncs/people/delete/"):
        page.goto(f"{office.url}{address}")
        page.wait_for_load_state("networkidle")
        assert Axe().run(page).response["violations"] == []
    page.goto(f"{office.url}/syncs/people/configuration/")
    page.get_by_role("button", name="Remove row 1, plan").click()
    page.get_by_role("button", name="Review changes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Review: People to People")
    assert Axe().run(page).response["violations"] == []


def test_unsaved_work_is_not_left_without_a_question_and_back_leads_to_it(office: Office, page: Page) -> None:
    asked: list[str] = []
    sign_in(page, office.served, "editor")
    page.goto(f"{office.url}/syncs/people/configuration/")
    expect(page.locator("#preview pre")).to_be_visible()
    number = add_custom_field(page, value="email", field="Contact")
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="Models").click()
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    expect(page.get_by_label(f"Row {number}: field")).to_have_value("Contact")
    page.get_by_role("button", name="+ Add Custom Field").click()
    expect(page.get_by_label(f"Row {number + 1}: field")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    page.go_back()
    expect(page.get_by_label(f"Row {number}: field")).to_have_value("Contact")
    page.go_back()
    page.go_forward()
    expect(page.get_by_label(f"Row {number}: field")).to_have_value("Contact")
