"""Form and entry: what was stored comes back from the form as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headcount.project.sync_entry import SyncEntry
from headcount.web.forms.origin import Unreadable, origin, shown
from headcount.web.forms.places import place_of
from headcount.web.forms.row import Row, moved, rows_of, suggested, unset, with_all, without
from headcount.web.forms.sync_form import SyncForm

ORIGINS: list[Any] = [
    "plan",
    " odd column ",
    {"constant": "text"},
    {"constant": ""},
    {"constant": "two\nlines"},
    {"constant": "\ttab\r\n\x00"},
    {"constant": 42},
    {"constant": 10.5},
    {"constant": True},
    {"constant": None},
    {"constant": {"a": [1, None, "ü"]}},
    {"template": "{{ first }} {{ last }}\n{% if x %}y{% endif %}"},
    {"metadata": "run_id"},
]
PEOPLE = {
    "name": "Users to People",
    "source": {"model": "users"},
    "destination": {"connection": "production", "object": "person"},
    "behavior": "mirror",
    "identifier": {"from": "id", "to": "id"},
    "mappings": [{"from": one, "to": f"field {n}"} for n, one in enumerate(ORIGINS)]
    + [{"from": "a", "to": "typed", "type": "timestamp", "nulls": "skip"}],
    "sync_all_columns": {"names": "snake_case"},
    "changed_fields_only": True,
    "checks": {"warn": ["email_form", "id_bytes"]},
    "guards": {"max_changed": 0.333, "max_removed": 0.07, "minimum": 5, "zero_rows": False},
    "api_log": {"bodies": True},
    "timeout_minutes": 90.25,
    "paused": True,
}
EVENTS = {
    "source": {"model": "orders"},
    "destination": {"connection": "production", "object": "event"},
    "behavior": "append_only",
    "unique_id": "id",
    "first_run": "record_as_seen",
    "event": {
        "type": "page",
        "name": {"constant": "Order Placed"},
        "person": {"from": "user_id", "to": "anonymous_id"},
        "timestamp": "at",
    },
    "mappings": [{"from": "total", "to": "total"}],
}


def through_the_form(entry: dict[str, Any], key: str = "some", *, stream: bool = False) -> dict[str, Any]:
    """Entry -> form -> what a browser sends -> form -> entry."""
    sent = dict(SyncForm.of_entry(key, entry).pairs())
    form = SyncForm.of_data({name: value.replace("\n", "\r\n") for name, value in sent.items()})
    back, wrong = form.entry(stream=stream)
    assert wrong == {}
    return SyncEntry.model_validate(back).document()


def test_people_come_back_from_the_form_as_they_were() -> None:
    assert through_the_form(PEOPLE) == PEOPLE


def test_events_come_back_from_the_form_as_they_were() -> None:
    assert through_the_form(EVENTS, stream=True) == {**EVENTS, "name": "some"}


def test_an_entry_that_says_only_what_it_must_comes_back_so() -> None:
    least = {name: PEOPLE[name] for name in ("name", "source", "destination", "behavior", "identifier")}
    assert through_the_form(least) == least
    assert through_the_form({**least, "sync_all_columns": {}}) == {**least, "sync_all_columns": {}}


@pytest.mark.parametrize(
    "triggers",
    [
        {"schedule": {"every_minutes": 5}},
        {"schedule": {"frequency": "hourly", "minute": 7, "timezone": "Asia/Kolkata"}},
        {"schedule": {"frequency": "daily", "hour": 6}},
        {"schedule": {"frequency": "weekly", "day": "sunday", "hour": 23, "minute": 59}},
        {"schedule": {"frequency": "weekly"}},
        {"schedule": {"cron": "*/20 8-18 * * 1-5", "timezone": "Europe/Berlin"}},
        {"after": ["orders", "accounts"]},
        {"after_dbt": "/srv/dbt project/target/run_results.json"},
        {"schedule": {"every_minutes": 60}, "after": ["orders"], "after_dbt": "/srv/run_results.json"},
    ],
)
def test_triggers_come_back_from_the_form_as_they_were(triggers: dict[str, Any]) -> None:
    assert through_the_form({**PEOPLE, "triggers": triggers}) == {**PEOPLE, "triggers": triggers}


@pytest.mark.parametrize(
    ("inputs", "place"),
    [
        ({"starts": "minutes", "every_minutes": ""}, "every_minutes"),
        ({"starts": "daily", "at_hour": "six"}, "at_hour"),
        ({"starts": "hourly", "at_minute": "-1"}, "at_minute"),
    ],
)
def test_what_is_no_number_of_a_schedule_is_told_beside_its_input(inputs: dict[str, str], place: str) -> None:
    _, wrong = SyncForm.of_data({"identifier_from": "id", **inputs}).entry(stream=False)
    assert wrong == {place: ["Type a whole number."]}
    _, unused = SyncForm.of_data({"identifier_from": "id", **inputs, "starts": ""}).entry(stream=False)
    assert unused == {}


def test_what_no_input_shows_is_kept() -> None:
    form = SyncForm.of_entry(
        "some", {**PEOPLE, "later": {"every": "hour"}, "mappings": [{"from": "a", "to": "b", "x": 1}]}
    )
    back, _ = SyncForm.of_data(dict(form.pairs())).entry(stream=False)
    assert (back["later"], back["mappings"]) == ({"every": "hour"}, [{"from": "a", "to": "b", "x": 1}])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=5,
)


@given(json_values)
def test_every_constant_comes_back_as_it_was(value: Any) -> None:
    kind, text = shown({"constant": value})
    assert "\r" not in text
    back = origin(kind, text)
    assert back == {"constant": value}
    assert type(back["constant"]) is type(value)


def test_what_cannot_be_read_is_told_beside_its_input_and_kept() -> None:
    rows = (Row(text="a", to="a"), Row(), Row(kind="value", text="[1", to="list"), Row(kind="column", to="b"))
    form = SyncForm(rows=rows, identifier_from="id", minimum="many", max_changed="half")
    entry, wrong = form.entry(stream=False)
    assert sorted(wrong) == ["m-2-text", "m-3-text", "max_changed", "minimum"]
    assert entry["guards"] == {"max_changed": 0, "max_removed": 0.1, "minimum": 0, "zero_rows": True}
    assert SyncForm.of_data(dict(form.pairs())) == form


@pytest.mark.parametrize("share", ["150", "-1", "NaN", "Infinity", "", "half"])
def test_a_share_is_from_nothing_to_all(share: str) -> None:
    _, wrong = SyncForm(max_removed=share).entry(stream=False)
    assert wrong["max_removed"] == ["Type a number from 0 to 100."]


def test_a_problem_finds_its_input_past_rows_that_were_never_filled() -> None:
    form = SyncForm(rows=(Row(), Row(text="a", to="a"), Row(), Row(text="b", to="b")))
    assert place_of(("mappings", 1, "to"), form.places) == "m-3-to"
    assert place_of(("mappings", 0, "from", "template"), form.places) == "m-1-text"
    assert place_of(("event", "person", "to"), []) == "person_to"
    assert place_of(("guards", "minimum"), []) == "minimum"
    assert place_of((), []) == ""


def test_rows_are_removed_moved_and_added() -> None:
    rows = (Row(text="a", to="a"), Row(text="b", to="b"), Row())
    assert [row.to for row in moved(rows, 1, -1)] == ["b", "a", ""]
    assert moved(rows, 0, -1) == rows
    assert [row.to for row in without(rows, 0)] == ["b", ""]
    assert suggested(rows, "email", ["email"])[0] == Row(text="email", to="email")
    assert suggested(rows, "a", []) == rows
    assert unset(rows, "a")[-1] == Row(kind="nothing", to="a")
    names = {"id": "id", "a": "a", "b": "x", "c": "C", "d": "b"}
    assert [row.to for row in with_all(rows, names, {"id"})] == ["a", "b", "C"]


def test_a_form_of_three_hundred_mappings_is_read_whole() -> None:
    form = SyncForm(rows=tuple(Row(text=f"c{n}", to=f"f{n}") for n in range(300)))
    assert SyncForm.of_data(dict(form.pairs())) == form


def test_a_count_that_is_nonsense_reads_no_row() -> None:
    assert rows_of({"m-count": "many"}) == ()
    assert len(rows_of({"m-count": "999999999"})) == 900


def test_a_template_that_is_empty_is_told() -> None:
    with pytest.raises(Unreadable, match="Write a template"):
        origin("template", "")


def test_what_is_typed_where_nothing_is_chosen_is_told_and_not_lost() -> None:
    form = SyncForm(timestamp=" at ", rows=(Row(kind="nothing", text="plan", to="plan"),))
    _, wrong = form.entry(stream=True)
    assert "Choose Column there" in wrong["timestamp"][0]
    assert "Empty this input" in wrong["m-0-text"][0]
    assert "timestamp" not in form.entry(stream=False)[1]  # people have no such input
