"""Rows that name one person by a second identifier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from headcount.control.models import MaskedColumn, Role
from headcount.destinations.base import Placed, WireField
from headcount.destinations.customerio.person import Person
from headcount.service.shared_values import KEYS, VALUES, examples
from headcount.workbench import Workbench
from tests.journeys.desk import Desk
from tests.line.harness import people
from tests.web.conftest import Visit
from tests.web.work import started, text


@pytest.fixture
def sharing(office: Desk) -> Desk:
    """Six people, of whom 2, 4 and 6 have one address, and nobody else has one."""
    office.sql("DELETE FROM users WHERE id > 6")
    office.sql("UPDATE users SET email = CASE WHEN id % 2 = 0 THEN 'One@example.com' END")
    office.people_sync["mappings"].append({"from": "email", "to": "email"})
    office.apply()
    return office


def test_a_plan_names_rows_that_share_an_identifier(sharing: Desk, visit: Visit) -> None:
    owner = visit()
    address = owner.post("/syncs/people/plan/").headers["Location"]
    page = text(owner.get(address))
    assert "4 to 6 new profiles" in page
    assert "stands in 3 rows" in page
    twin = json.loads(owner.get(f"{address.rstrip('/')}.json").content)
    shared = {"field": "email", "value": '"One@example.com"', "keys": ["2", "4", "6"], "rows": 3}
    assert twin["page"]["shared"] == [shared]
    assert twin["draft"]["plan"]["forecast"]["new_profiles"] == 6


def test_a_part_of_a_plan_leads_to_them(sharing: Desk, visit: Visit) -> None:
    owner = visit()
    address = owner.post("/syncs/people/plan/").headers["Location"]
    line = '<a href="?#shared">Rows that share an identifier</a>'
    assert line in text(owner.get(f"{address}?op=add"))
    assert line in text(owner.post(address, {"key": "2"}, follow=True))
    assert line not in text(owner.get(address))
    sharing.sql("UPDATE users SET email = NULL")
    address = owner.post("/syncs/people/plan/").headers["Location"]
    assert line not in text(owner.get(f"{address}?op=add"))


def test_a_run_names_them_among_its_changes(sharing: Desk, visit: Visit) -> None:
    operator = visit(Role.OPERATOR)
    run = started(operator, "/syncs/people/run/")
    assert "stands in 3 rows" in text(operator.get(f"/runs/{run}/rows/"))
    assert json.loads(operator.get(f"/runs/{run}/rows.json?op=add").content)["page"]["shared"] == []


def test_examples_are_few(sharing: Desk, visit: Visit) -> None:
    sharing.hire(60, first=100)
    sharing.sql("UPDATE users SET email = 'p' || (id % 10) || '@example.com' WHERE id >= 100")
    owner = visit()
    address = owner.post("/syncs/people/plan/").headers["Location"]
    found = json.loads(owner.get(f"{address.rstrip('/')}.json").content)["page"]["shared"]
    assert len(found) == VALUES
    assert [each["rows"] for each in found] == [3, 6, 6, 6, 6]
    assert all(len(each["keys"]) == KEYS for each in found)
    assert "and others" in text(owner.get(address))


@pytest.mark.parametrize(
    ("column", "hidden", "shown"), [("email", "one@", '"2"'), ("id", '"keys": ["2"', "One@")]
)
def test_what_is_masked_is_not_named(
    sharing: Desk, visit: Visit, column: str, hidden: str, shown: str
) -> None:
    MaskedColumn.objects.create(connection="company", column=column)
    owner = visit()
    address = owner.post("/syncs/people/plan/").headers["Location"]
    found = json.dumps(json.loads(owner.get(f"{address.rstrip('/')}.json").content)["page"]["shared"])
    assert hidden not in found.lower()
    assert "\\u2022" in found
    if column == "email":
        assert shown in found


def test_the_command_names_them_too(sharing: Desk) -> None:
    said = sharing.done("plan", "people").out
    assert "4 to 6 new profiles" in said
    assert "email One@example.com stands in 3 rows: 2, 4, 6" in said
    document: Any = sharing.done("plan", "people", "--json").json
    assert document["shared"][0]["keys"] == ["2", "4", "6"]
    assert document["forecast"]["fewest_new_profiles"] == 4


def test_who_is_known_already_counts_as_nobody_new(sharing: Desk) -> None:
    sharing.run()
    sharing.sql("INSERT INTO users VALUES (8, 'one@example.com', 'free', 8)")
    sharing.sql("UPDATE users SET plan = 'pro' WHERE id = 2")
    forecast = sharing.done("plan", "people", "--json").json["forecast"]
    assert (forecast["fewest_new_profiles"], forecast["new_profiles"]) == (0, 1)


def test_a_preview_names_them_too(sharing: Desk) -> None:
    said = sharing.done("preview", "people", "--rows", "6").out
    assert "another of the rows looked at" in " ".join(said.split())
    rows = sharing.done("preview", "people", "--rows", "6", "--json").json
    notes = {row["key"]: row["notes"] for row in rows}
    assert notes["1"] == []
    assert notes["2"][0][0] == "email"
    assert notes["2"][0][1].endswith("see 4, 6")


def test_a_preview_names_no_row_that_has_no_key(sharing: Desk) -> None:
    sharing.people_sync["identifier"] = {"from": "plan", "to": "id"}
    sharing.sql("UPDATE users SET plan = CASE WHEN id <> 4 THEN 'p' || id END")
    sharing.apply()
    rows = sharing.done("preview", "people", "--rows", "6", "--json").json
    notes = {row["key"]: [words for _, words in row["notes"]] for row in rows}
    assert [words.partition("see ")[2] for words in notes["p2"]] == ["p6"]
    assert [words.partition("see ")[2] for words in notes[""]] == ["p2, p6"]


def test_examples_of_a_value_that_most_rows_share_need_no_room_for_all_of_them(tmp_path: Path) -> None:
    path, rows = tmp_path / "plan.parquet", 300_000
    duckdb.sql(
        f"COPY (SELECT 'add' AS op, '\"unknown@example.com\"' AS f000, 'somebody whose key is ' || range AS key "
        f"FROM range({rows})) TO '{path}' (FORMAT parquet)"
    )
    email = Placed(field=WireField(slot="attributes", to="email"), sql="f000")
    [warning] = Person().plan_warnings(people(), [email])
    with Workbench(tmp_path, ordered=True, memory_limit="40MB") as bench:
        [shared] = examples(bench, path, warning)
    assert shared.rows == rows
    assert shared.keys == tuple(f"somebody whose key is {number}" for number in range(KEYS))
