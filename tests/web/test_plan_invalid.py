"""The rows that a plan leaves out, with their keys."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from headcount.control.models import MaskedColumn
from headcount.service.slices import PAGE
from tests.journeys.desk import Desk
from tests.web.conftest import Visit
from tests.web.work import started, text


@pytest.fixture
def unfit(office: Desk) -> Desk:
    """Of the first of 250 people 60 have a plan that is too long, and one has an address that is none."""
    office.sql("UPDATE users SET plan = printf('%.1100c', 'x') WHERE id <= 60")
    office.sql("UPDATE users SET email = 'nobody' WHERE id = 100")
    office.people_sync["mappings"].append({"from": "email", "to": "email"})
    office.apply()
    return office


def test_a_plan_says_which_rows_it_leaves_out(unfit: Desk, visit: Visit) -> None:
    owner = visit()
    address = owner.post("/syncs/people/plan/").headers["Location"]
    first = json.loads(owner.get(f"{address}invalid.json").content)["rows"]
    rest = json.loads(owner.get(f"{address}invalid.json?after={first['next']}").content)["rows"]
    assert len(first["rows"]) == PAGE
    keys = [row["key"] for row in (*first["rows"], *rest["rows"])]
    assert sorted(map(int, keys)) == [*range(1, 61), 100]


def test_the_command_names_some_of_them(unfit: Desk) -> None:
    said = unfit.done("plan", "people").out
    assert "(1, 2, 3 …)" in said
    assert "this is not an e-mail address (100)" in " ".join(said.split())
    document = unfit.done("plan", "people", "--json").json
    assert document["invalid_keys"] == [["1", "2", "3"], ["100"]]


def test_each_reason_leads_to_its_rows(unfit: Desk, visit: Visit) -> None:
    owner = visit()
    address = owner.post("/syncs/people/plan/").headers["Location"]
    links = [unescape(link) for link in re.findall(r'href="(invalid/[^"]+)"', text(owner.get(address)))]
    assert len(links) == 2
    [mail] = [link for link in links if "field=email" in link]
    page = text(owner.get(address + mail))
    assert '<td class="code first">100</td>' in page
    assert page.count('<td class="code first">') == 1


def test_keys_that_are_masked_stay_so(unfit: Desk, visit: Visit) -> None:
    MaskedColumn.objects.create(connection="company", column="id")
    owner = visit()
    address = owner.post("/syncs/people/plan/").headers["Location"]
    rows = json.loads(owner.get(f"{address}invalid.json").content)["rows"]["rows"]
    assert {row["key"] for row in rows} == {"•••"}


def test_a_plan_without_such_rows_says_so(office: Desk, visit: Visit) -> None:
    owner = visit()
    address = owner.post("/syncs/people/plan/").headers["Location"]
    assert "Every row would be sent" in text(owner.get(f"{address}invalid/"))


def test_a_row_that_is_looked_for_and_would_not_be_sent_says_why(unfit: Desk, visit: Visit) -> None:
    owner = visit()
    address = owner.post("/syncs/people/plan/").headers["Location"]
    answer = owner.post(address, {"key": "100"}, follow=True)
    page = text(answer)
    assert '<span class="code">100</span> would not be sent' in page
    assert '<span class="code">email</span>: this is not an e-mail address' in page
    assert "No change fits." not in page
    assert 'name="key" autocomplete="off" value="100"' in page
    assert "100" not in answer.request["QUERY_STRING"].partition("record=")[0]
    assert "would not be sent:" not in text(owner.post(address, {"key": "101"}, follow=True))
    nobody = text(owner.post(address, {"key": "nobody"}, follow=True))
    assert 'Nothing of <span class="code">nobody</span> is in this plan' in nobody


def test_a_key_that_is_masked_is_not_in_the_search(unfit: Desk, visit: Visit) -> None:
    MaskedColumn.objects.create(connection="company", column="id")
    MaskedColumn.objects.create(connection="company", column="email")
    owner = visit()
    address = owner.post("/syncs/people/plan/").headers["Location"]
    page = text(owner.post(address, {"key": "100"}, follow=True))
    assert '<span class="code">•••</span> would not be sent' in page
    assert 'value="100"' not in page
    assert "not an e-mail address" not in page.partition('id="unfit"')[2]


def test_a_run_says_of_a_row_that_is_looked_for_why_it_was_not_sent(unfit: Desk, visit: Visit) -> None:
    owner = visit()
    run = started(owner, "/syncs/people/run/")
    page = text(owner.post(f"/runs/{run}/rows/", {"key": "100"}, follow=True))
    assert '<span class="code">100</span> was not sent' in page


@pytest.fixture
def twice(office: Desk) -> Desk:
    """Two of four rows have one key; one of these has no valid address either."""
    office.sql("CREATE TABLE copies (id INTEGER, email TEXT, plan TEXT, visits INTEGER)")
    rows = [(1, "a@example.com"), (2, "one@example.com"), (2, "nobody"), (3, "c@example.com")]
    office.sql("INSERT INTO copies VALUES (?, ?, 'free', 1)", rows)
    office.project["models"]["users"]["table"] = "copies"
    office.people_sync["mappings"].insert(0, {"from": "email", "to": "email"})
    office.apply()
    return office


def test_rows_with_one_key_are_told_apart_by_their_values(twice: Desk, visit: Visit) -> None:
    owner = visit()
    address = owner.post("/syncs/people/plan/").headers["Location"]
    rows = json.loads(owner.get(f"{address}invalid.json").content)["rows"]["rows"]
    copies = [row for row in rows if row["reason"] == "the key stands in 2 rows"]
    assert sorted(row["values"]["email"] for row in copies) == ["nobody", "one@example.com"]
    page = text(owner.get(f"{address}invalid/"))
    assert '<td class="code first">2 <span class="quiet">email</span> one@example.com' in page
    MaskedColumn.objects.create(connection="company", column="email")
    assert "one@example.com" not in text(owner.get(f"{address}invalid/"))


def test_a_plan_says_why_its_reasons_add_up_to_more_than_its_rows(twice: Desk, visit: Visit) -> None:
    owner = visit()
    several = "A row with several complaints stands in several lines."
    page = text(owner.get(owner.post("/syncs/people/plan/").headers["Location"]))
    assert "2 rows would not be sent" in page
    assert several in page
    twice.sql("UPDATE copies SET email = 'b@example.com' WHERE email = 'nobody'")
    assert several not in text(owner.get(owner.post("/syncs/people/plan/").headers["Location"]))
