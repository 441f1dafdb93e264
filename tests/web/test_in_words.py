"""A review speaks as the form does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from headcount.destinations.customerio.objects import OBJECTS
from headcount.model import Behavior
from headcount.service.choices import choices_of
from headcount.service.editing import edits_of, open_sync
from headcount.web.forms.in_words import in_words
from tests.journeys.desk import Desk
from tests.web.conftest import Visit

EVENT = {"name": {"constant": "Order"}, "person": {"from": "user_id", "to": "id"}, "timestamp": "at"}


def said(key: str, **parts: Any) -> dict[str, tuple[str, str]]:
    """What an edit of a stored sync changes, by what."""
    stored = open_sync(key).entry
    entry = {name: value for name, value in {**stored, **parts}.items() if value is not None}
    changes = in_words(key, stored, entry, edits_of(key, entry))
    return {change.what: (change.old, change.new) for change in changes}


@pytest.mark.parametrize(
    ("parts", "change"),
    [
        ({"name": "People"}, ("Name", "Users to People", "People")),
        ({"behavior": "update_only"}, ("Behavior", "Mirror", "Update Only")),
        (
            {"identifier": {"from": "email", "to": "email"}},
            (
                "By what records are known",
                "column id, in Customer.io that is the id",
                "column email, in Customer.io that is the email",
            ),
        ),
        ({"guards": {"max_changed": 0.6}}, ("Most records changed", "50 %", "60 %")),
        ({"guards": {"zero_rows": False}}, ("Ask when a model that had rows has none", "yes", "no")),
        (
            {"checks": {"warn": ["email_form", "id_bytes"]}},
            (
                "Checks that only warn",
                "none",
                "An email does not look like one; An identifier is longer than 150 bytes",
            ),
        ),
        ({"sync_all_columns": {}}, ("Sync All Properties", "off", "on, fields are named as the columns")),
        ({"changed_fields_only": True}, ("Send changed fields only", "no", "yes")),
        ({"api_log": {"bodies": True}}, ("Keep what is sent and answered", "no", "yes")),
        ({"timeout_minutes": 15.0}, ("Longest run", "any time", "15 minutes")),
        (
            {"triggers": {"schedule": {"every_minutes": 15}}},
            ("It runs", "when somebody starts it", "every 15 minutes"),
        ),
    ],
)
def test_a_change_has_the_label_of_its_input_and_the_words_of_its_choices(
    office: Desk, parts: dict[str, Any], change: tuple[str, str, str]
) -> None:
    what, old, new = change
    assert said("people", **parts) == {what: (old, new)}


def test_mappings_are_told_as_rows_of_the_form(office: Desk) -> None:
    mappings = [
        {"from": "visits", "to": "visits", "type": "text", "nulls": "skip"},
        {"from": {"constant": "web"}, "to": "origin"},
        {"from": {"template": "Hi {{ email }}"}, "to": "greeting"},
        {"from": {"metadata": "run_id"}, "to": "by"},
        {"from": {"constant": None}, "to": "gone"},
        {"from": {"constant": 42}, "to": "answer"},
    ]
    assert said("people", mappings=mappings) == {
        "Field visits": ("column visits", "column visits, as text, when NULL leave it"),
        "Field origin": ("", "constant text web"),
        "Field greeting": ("", "template Hi {{ email }}"),
        "Field by": ("", "run metadata run_id"),
        "Field gone": ("", "nothing (unset)"),
        "Field answer": ("", "constant (JSON) 42"),
        "Field plan": ("column plan", ""),
    }
    assert said("people", mappings=list(reversed(open_sync("people").entry["mappings"]))) == {
        "Order of the rows": ("plan, visits", "visits, plan")
    }


def test_the_parts_of_an_event_are_told_as_its_form_says_them(office: Desk) -> None:
    event = {**EVENT, "name": "id", "type": "page", "person": {"from": "id", "to": "email"}}
    del event["timestamp"]
    assert said("events", event=event, first_run="record_as_seen", unique_id="at") == {
        "Event name": ("constant text Order", "column id"),
        "Type": ("event", "page view"),
        "Person": ("column user_id is the person's id", "column id is the person's email"),
        "Timestamp": ("column at", "the time of arrival"),
        "Unique ID column": ("id", "at"),
        "The first run": (
            "Backfill: send the rows that are there already",
            "Record as seen: remember them, and send only rows that come later",
        ),
    }


def test_what_no_input_shows_is_told_all_the_same(office: Desk) -> None:
    assert said("people", paused=True) == {"Paused": ("", "yes")}
    assert said("people", sync_all_columns={"enabled": False}) == {"sync_all_columns.enabled": ("", "no")}


def test_every_check_and_behavior_has_words(office: Desk) -> None:
    for name in OBJECTS:
        choices = choices_of(name)
        assert choices is not None
        assert [
            check for check in choices.checks if check.label == check.value.replace("_", " ").capitalize()
        ] == []
        assert {one.value for one in choices.behaviors} <= {one.value for one in Behavior}


def test_the_labels_are_those_of_the_form(office: Desk, visit: Visit) -> None:
    page = visit().get("/syncs/people/configuration/").content.decode()
    text = re.sub(r"<[^>]+>", " ", page)
    for label in (
        "Most records changed",
        "Longest run",
        "Sync All Properties",
        "An email does not look like one",
    ):
        assert label in text
    assert "email_form" not in text


def test_neither_the_form_nor_its_review_shows_machine_words() -> None:
    folder = Path(__file__).parents[2] / "headcount" / "web" / "templates" / "web" / "editor"
    assert "|json" not in "".join(file.read_text() for file in folder.glob("*.html"))
