"""A person who asks to be forgotten is forgotten: no file of the home holds a word about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.desk import Desk, sums

NAME = "ada.the.unforgettable"


@pytest.fixture
def known(desk: Desk) -> Desk:
    """A person who was sent, changed, refused and invalid, and has events, one of them refused."""
    people = desk.people_sync
    people["identifier"] = {"from": "email", "to": "email"}
    people["behavior"] = "update_or_create"
    desk.project["models"]["orders"] = {
        "connection": "company",
        "query": "SELECT o.*, coalesce(u.email, 'nobody') AS who FROM orders o LEFT JOIN users u ON u.id = o.user_id",
    }
    desk.project["syncs"]["events"]["event"]["person"] = {"from": "who", "to": "email"}
    desk.sql(f"UPDATE users SET email = '{NAME}@example.com' WHERE id = 7")
    desk.apply()
    desk.run("people")
    desk.sql("UPDATE users SET plan = 'pro' WHERE id = 7")
    desk.workspace.fault(
        kind="errors",
        rows={"keys": [f"{NAME}@example.com"]},
        error={"reason": "invalid", "field": "attributes.plan", "message": f"{NAME} is not welcome"},
    )
    desk.run("people", code=1)
    desk.workspace.heal()
    desk.run("events")
    return desk


def words(home: Path) -> list[str]:
    """The files that hold the name, in any form that is not compressed."""
    return [str(p) for p in home.rglob("*") if p.is_file() and NAME.encode() in p.read_bytes()]


def test_no_trace_is_left_and_the_next_run_sends_the_row_as_a_new_one(known: Desk) -> None:
    before = known.done("explain", "people", f"{NAME}@example.com").out
    assert "pro" in before
    assert words(known.home)  # it can be found while it is there
    said = known.done("forget", f"{NAME.upper()}@example.com", "--json").json
    assert {each["sync"] for each in said} == {"people", "events"}
    [people] = [each for each in said if each["sync"] == "people"]
    assert people["acknowledged"]
    assert people["held"]
    assert people["plan_rows"] == 2
    assert people["listed"] == 1
    assert "nothing" in known.cli("explain", "people", f"{NAME}@example.com").all.lower()
    assert words(known.home) == []
    assert known.count(f"SELECT count(*) FROM control_rejected WHERE key LIKE '%{NAME}%'") == 0
    assert known.count(f"SELECT count(*) FROM control_receipt WHERE exceptions LIKE '%{NAME}%'") == 0
    assert sums(known.run("people")) == (1, 0, 0, 1)


def test_the_rows_of_others_stay_where_they_were_in_the_plans(known: Desk) -> None:
    known.done("forget", f"{NAME}@example.com")
    story = known.done("explain", "people", "p9@example.com", "--json").json
    assert story["chapters"][-1]["answer"] == "accepted"
    assert known.run("people")["plan"]["change"] == 0


def test_an_event_is_not_sent_again_because_its_person_was_forgotten(known: Desk) -> None:
    known.done("forget", f"{NAME}@example.com")
    assert sums(known.run("events")) == (0, 0, 0, 0)


def test_what_is_on_its_way_must_end_first(known: Desk) -> None:
    known.sql("DELETE FROM users")
    known.run("people", code=3)  # the guard asks
    said = known.done("forget", f"{NAME}@example.com", code=2).err
    assert "has not ended" in said
    assert "headcount cancel" in said
    assert known.done("explain", "people", f"{NAME}@example.com")


def test_an_unknown_key_is_said_to_be_unknown(known: Desk) -> None:
    assert "Nothing is kept" in known.done("forget", "nobody@example.com").out


def test_kept_bodies_that_mention_the_person_are_dropped_and_others_stay(known: Desk) -> None:
    known.people_sync["api_log"] = {"bodies": True}
    known.apply()
    known.sql("UPDATE users SET plan = 'team' WHERE id IN (7, 8)")
    known.done("retry", "people")
    known.sql("UPDATE users SET plan = 'pro' WHERE id = 9")
    known.run("people")
    with_body = "SELECT count(*) FROM control_exchange WHERE request <> ''"
    assert known.count(f"{with_body} AND request LIKE '%{NAME}%'") == 1
    kept = known.count(with_body)
    known.done("forget", f"{NAME}@example.com")
    assert words(known.home) == []
    assert known.count(with_body) == kept - 1 > 0
