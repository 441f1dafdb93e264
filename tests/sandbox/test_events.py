"""Events: who they belong to, and which count."""

import time

import pytest

ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def test_a_repeated_ulid_is_dropped_and_every_arrival_is_counted(cio, item):
    for _ in range(3):
        assert cio.batch(item.event("1", "bought", id=ULID)).status == 200
    cio.track("POST", "/v1/customers/1/events", {"name": "bought", "id": ULID.lower()})
    told = cio.look("events")
    assert (told["total"], told["dropped_repeats"], told["most_receipts"]) == (1, 3, 4)
    assert told["repeated_ids"] == {ULID: 4}
    assert told["events"][0]["receipts"] == 4


@pytest.mark.parametrize("id_", ["123e4567-e89b-12d3-a456-426614174000", "81ARZ3NDEKTSV4RRFFQ69G5FAV", "1"])
def test_an_id_that_is_no_ulid_is_not_deduplicated_unless_switched(cio, item, id_):
    cio.batch(item.event("1", "a", id=id_), item.event("1", "a", id=id_))
    assert cio.look("events")["total"] == 2
    cio.set(dedupe_any_id=True)
    cio.batch(item.event("1", "a", id=id_))
    assert cio.look("events")["total"] == 2


def test_an_event_creates_an_unknown_person_without_its_data(cio, item):
    cio.batch(item.event("5", "signed up", attributes={"plan": "pro"}))
    assert "plan" not in cio.person("5")["attributes"]


def test_an_event_for_an_unknown_cio_id_is_lost_and_logged(cio):
    lost = {"type": "person", "identifiers": {"cio_id": "ffff"}, "action": "event", "name": "a"}
    assert cio.batch(lost).status == 200
    assert cio.look("events")["total"] == 0
    assert len(cio.look("activities", type="failed_event")["activities"]) == 1


def test_names_are_trimmed_and_unknown_types_become_events(cio):
    cio.track("POST", "/v1/customers/1/events", {"name": "  bought ", "type": "odd", "data": {"total": 12}})
    [event] = cio.look("events")["events"]
    assert (event["name"], event["type"], event["wire"]) == ("bought", "event", {"total": "12"})


def test_page_and_screen_events_keep_their_type(cio, item):
    cio.batch({**item.event("1", "/home"), "action": "page"}, {**item.event("1", "Home"), "action": "screen"})
    assert [event["type"] for event in cio.look("events")["events"]] == ["page", "screen"]


def test_the_given_time_counts_and_a_missing_or_odd_one_means_now(cio, item):
    cio.batch(
        item.event("1", "a", timestamp=1_600_000_000),
        item.event("1", "b"),
        item.event("1", "c", timestamp="x"),
    )
    first, *others = cio.look("events")["events"]
    assert first["timestamp"] == 1_600_000_000
    assert all(abs(event["timestamp"] - time.time()) < 5 for event in others)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": " "}, "event name must not be blank"),
        ({}, "event name must not be blank"),
        ({"name": "é" * 51}, "event name cannot be longer than 100 bytes"),
        ({"name": "a", "data": []}, "event data must be a hash"),
        ({"name": "a", "data": {"x": "y" * 100_001}}, "event data cannot be longer than 100000 bytes"),
    ],
)
def test_v1_refuses_bad_events_in_its_own_words(cio, body, message):
    answered = cio.track("POST", "/v1/customers/1/events", body)
    assert answered.status == 400
    assert message in answered.body["meta"]["errors"]


def test_an_anonymous_event_belongs_to_nobody_yet(cio):
    cio.track("POST", "/v1/events", {"name": "invite", "data": {"recipient": "a@example.com"}})
    cio.track("POST", "/v1/events", {"name": "looked", "anonymous_id": "x"})
    invite, looked = cio.look("events")["events"]
    assert (invite["person"], invite["anonymous_id"]) == (None, None)
    assert (looked["person"], looked["anonymous_id"]) == (None, "x")


def test_an_event_after_a_deletion_brings_the_person_back(cio, item):
    cio.batch(item.identify("1", plan="pro"))
    cio.track("DELETE", "/v1/customers/1", {})
    cio.batch(item.event("1", "late"))
    assert "plan" not in cio.person("1")["attributes"]
