"""A user's first hour and every day after it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml

from headcount.control.models import MaskedColumn
from headcount.service.plan_rows import Filter, rows_of_run
from headcount.service.rejections import never_sent
from tests.journeys.desk import Desk, checked, sums


def test_init_writes_a_project_that_only_needs_editing_and_is_never_overwritten(desk: Desk) -> None:
    desk.done("init", "shop")
    file = Path("shop/headcount.yml")
    assert yaml.safe_load(file.read_text())["version"] == 1
    assert "exists already" in desk.done("init", "shop", code=2).err
    file.write_text(yaml.safe_dump(desk.project | {"connections": desk.project["connections"]}))
    assert "Applied." in desk.done("apply", str(file)).out
    assert "Nothing to change." in desk.done("apply", str(file)).out


def test_the_daily_path_of_people(applied: Desk) -> None:
    desk, workspace = applied, applied.workspace
    assert "+ add" in desk.done("plan", "people").out
    assert workspace.requests() == []
    assert sums(desk.run()) == (250, 0, 0, 250)
    workspace.forget()
    again = desk.run()
    assert again["source"]["unchanged"] == 250
    assert workspace.requests("") == []  # not even a question
    desk.sql("UPDATE users SET plan = 'pro' WHERE id IN (7, 8)")
    desk.sql("DELETE FROM users WHERE id = 9")
    desk.hire(1, first=1001)
    text = desk.done("plan", "people").out
    assert "free → pro" in text
    assert "add 1" in text and "change 2" in text and "remove 1" in text
    assert sums(desk.run()) == (1, 2, 1, 4)
    held = workspace.people()
    assert len(held) == 250
    assert held["7"]["plan"] == '"pro"'
    assert "9" not in held


def test_nothing_to_send_and_nothing_to_read_are_told_apart(applied: Desk) -> None:
    applied.run()
    assert "nothing to send" in applied.done("run", "people").out
    assert "Nothing to send." in applied.done("plan", "people").out
    applied.sql("DELETE FROM orders")
    assert "The model has no rows." in applied.done("plan", "events").out
    assert "The model has no rows." in applied.done("run", "events").out


def test_the_daily_path_of_events(applied: Desk) -> None:
    desk, workspace = applied, applied.workspace
    assert sums(desk.run("events")) == (100, 0, 0, 100)
    workspace.forget()
    assert sums(desk.run("events")) == (0, 0, 0, 0)
    assert workspace.requests("") == []
    desk.order(5, first=101)
    desk.sql("UPDATE orders SET total = 99, at = at + 1 WHERE id < 10")  # a corrected event is no new one
    assert sums(desk.run("events")) == (5, 0, 0, 5)
    events = workspace.events()
    assert (events["total"], events["dropped_repeats"]) == (105, 0)


def test_a_plan_as_json_says_what_its_text_says(applied: Desk) -> None:
    applied.run()
    applied.sql("UPDATE users SET plan = 'pro' WHERE id = 7")
    plan = applied.done("plan", "people", "--json").json
    assert (plan["read"], plan["change"], plan["unchanged"]) == (250, 1, 249)
    assert plan["rows"] == [
        {"op": "change", "key": "7", "fields": [{"field": "plan", "old": '"free"', "new": '"pro"'}]}
    ]
    assert plan["forecast"]["requests"] == 1
    assert plan["name"] == "Users to People"


def test_plan_shows_as_many_rows_as_asked_for(applied: Desk) -> None:
    assert len(applied.done("plan", "people", "--rows", "3", "--json").json["rows"]) == 3
    assert applied.done("plan", "people", "--rows", "0", "--json").json["rows"] == []
    assert applied.cli("plan", "people", "--rows", "-1").code == 2
    assert applied.cli("preview", "people", "--rows", "-1").code == 2


def test_a_refused_row_is_explained_held_and_sent_again_on_retry(applied: Desk) -> None:
    desk, workspace = applied, applied.workspace
    error = {"reason": "invalid", "field": "attributes.plan", "message": "no such plan"}
    workspace.fault(kind="errors", rows={"keys": ["42"]}, error=error)
    report = desk.run(code=1)
    assert (report["destination"]["accepted"], report["destination"]["rejected"]) == (249, 1)
    workspace.heal()
    rejected = desk.done("rejected", "people", "--json").json
    assert [(r["key"], r["message"]) for r in rejected["rejected"]] == [("42", "no such plan")]
    assert "no such plan" in desk.done("rejected", "people").out
    story = desk.done("explain", "people", "42", "--json").json
    assert "no such plan" in story["chapters"][0]["reason"]
    assert "no such plan" in desk.done("explain", "people", "42").out
    report = desk.run()  # nothing changed: the row waits, and this run has nothing to complain of
    assert report["source"]["held"] == 1
    desk.done("rejected", "people", "--csv", "refused.csv")
    [row] = csv.DictReader(Path("refused.csv").read_text().splitlines())
    assert (row["key"], row["message"]) == ("42", "no such plan")
    report = checked(desk.done("retry", "people", "--json").json)
    assert sums(report) == (1, 0, 0, 1)
    assert workspace.people()["42"]["plan"] == '"free"'
    assert desk.done("rejected", "people", "--json").json["total"] == 0
    assert desk.done("explain", "people", "42", "--json").json["now"]["values"]["plan"] == '"free"'


def test_retry_of_one_key_leaves_the_others_held(applied: Desk) -> None:
    applied.workspace.fault(kind="errors", rows={"keys": ["42", "43"]})
    applied.run(code=1)
    applied.workspace.heal()
    report = applied.done("retry", "people", "--key", "42", "--json").json
    assert (sums(report), report["source"]["held"]) == ((1, 0, 0, 1), 1)
    said = applied.done("retry", "people", "--key", "42", code=2)
    assert "held" in said.err


def test_the_csv_names_every_row_that_was_never_sent(applied: Desk) -> None:
    applied.hire(1_100, first=1_000)
    applied.sql("UPDATE users SET plan = printf('%.1001c', 'x') WHERE id >= 1000")
    applied.workspace.fault(kind="errors", rows={"keys": ["42"]})
    applied.run(code=1)
    said = applied.done("rejected", "people", "--csv", "refused.csv")
    assert said.out == "refused.csv holds 1 rejected and 1,100 invalid rows.\n"
    rows = list(csv.DictReader(Path("refused.csv").read_text().splitlines()))
    assert [row["key"] for row in rows if row["kind"] == "rejected"] == ["42"]
    assert {row["key"] for row in rows if row["kind"] == "invalid"} == {str(n) for n in range(1000, 2100)}
    assert {row["field"] for row in rows[1:]} == {"plan"}


def test_rows_without_a_key_are_found_by_their_other_values(applied: Desk) -> None:
    applied.sql("CREATE TABLE signups (id TEXT, email TEXT, plan TEXT)")
    applied.sql(
        "INSERT INTO signups VALUES (?, ?, ?)",
        [(None, "ada@b.co", "free"), ("", "bob@b.co", None), ("3", "c@b.co", "x"), (None, None, None)],
    )
    applied.project["models"]["signups"] = {"connection": "company", "table": "signups"}
    applied.people_sync["source"] = {"model": "signups"}
    applied.people_sync["mappings"] = [{"from": name, "to": name} for name in ("email", "plan")]
    applied.apply()
    applied.run(code=1)
    [why] = applied.done("rejected", "people", "--json").json["invalid_reasons"]
    assert (why["reason"], why["rows"], why["example"]) == ("the key is empty", 3, "")
    some = {"email": "ada@b.co", "plan": "free"}, {"email": "bob@b.co"}, {}
    assert why["values"] in some
    applied.done("rejected", "people", "--csv", "left.csv")
    rows = list(csv.DictReader(Path("left.csv").read_text().splitlines()))
    assert {row["values"] for row in rows} == {"email ada@b.co, plan free", "email bob@b.co", ""}
    shown = never_sent(1)
    assert sorted(map(str, (row.values for row in shown.rows))) == sorted(map(str, some))
    applied.done("forget", "ada@b.co", "--yes")
    assert "ada@b.co" not in applied.done("rejected", "people", "--json").out
    again = applied.done("preview", "people").out
    assert "Row 1, which has no key, would be invalid: id: the key is empty" in again


@pytest.fixture
def signups(applied: Desk) -> Desk:
    """People without a key, in a table that the sync reads."""
    applied.sql("CREATE TABLE signups (id TEXT, email TEXT, plan TEXT)")
    applied.sql(
        "INSERT INTO signups VALUES (?, ?, ?)",
        [
            (None, "ada@b.co", "free"),
            (None, "Straße@b.co", "free"),
            (None, None, '["eve@b.co"]'),
            (None, None, "77"),
            ("1", "c@b.co", "x"),
        ],
    )
    applied.project["models"]["signups"] = {"connection": "company", "table": "signups"}
    applied.people_sync["source"] = {"model": "signups"}
    applied.people_sync["mappings"] = [{"from": name, "to": name} for name in ("email", "plan")]
    applied.apply()
    applied.run(code=1)
    return applied


def test_values_of_rows_without_a_key_stay_hidden_when_the_sync_has_other_fields_or_another_model(
    signups: Desk,
) -> None:
    MaskedColumn.objects.create(connection="company", column="email")
    assert "@b.co" not in str(never_sent(1)).replace("eve@b.co", "") and "free" in str(never_sent(1))
    signups.people_sync["mappings"][0]["to"] = "contact"
    signups.apply()
    assert "ada@b.co" not in str(never_sent(1)) and "free" in str(never_sent(1))
    signups.people_sync["source"] = {"model": "users"}
    signups.people_sync["mappings"] = [{"from": "plan", "to": "plan"}]
    signups.apply()
    assert "ada@b.co" not in str(never_sent(1)) and "free" in str(never_sent(1))
    assert "c@b.co" not in str(rows_of_run(1, Filter())) and "'\"x\"'" in str(rows_of_run(1, Filter()))


def test_whoever_is_forgotten_is_forgotten_in_rows_without_a_key_too(signups: Desk) -> None:
    for key in ("ada@b.co", "STRAßE@b.co", "eve@b.co"):
        assert "Nothing" not in signups.done("forget", key, "--yes").out
        assert "Nothing is kept" in signups.cli("forget", key, "--yes").all
    told = str(never_sent(1))
    assert "@b.co" not in told
    assert "77" in told
    assert "Nothing is kept" in signups.cli("forget", "7", "--yes").all


def test_every_reason_of_invalid_rows_is_listed_with_all_its_rows_and_an_example(applied: Desk) -> None:
    applied.sql("UPDATE users SET plan = hex(zeroblob(502 + id)) WHERE id <= 160")
    applied.sql("UPDATE users SET visits = char(97, 0, 97) WHERE id IN (177, 188)")
    applied.run(code=1)
    listed = applied.done("rejected", "people", "--json").json
    assert [(why["field"], why["rows"], why["example"]) for why in listed["invalid_reasons"]] == [
        ("plan", 160, "1"),
        ("visits", 2, "177"),
    ]
    assert len(listed["invalid"]) == 50
    text = applied.done("rejected", "people").out
    assert "160" in text and "too many bytes" in text and "NUL" in text


def test_a_run_that_waits_lists_what_it_will_not_send(applied: Desk) -> None:
    applied.run()
    applied.sql("UPDATE users SET visits = visits + 1")
    applied.sql("UPDATE users SET visits = char(97, 0, 97) WHERE id = 7")
    waiting = applied.run(code=3)
    [why] = applied.done("rejected", "people", "--json").json["invalid_reasons"]
    assert (waiting["status"], why["field"], why["example"]) == ("waiting", "visits", "7")


def test_invalid_rows_make_exit_code_1_and_are_listed_with_reasons(desk: Desk) -> None:
    desk.project["models"]["users"] = {
        "connection": "company",
        "query": "SELECT id, plan, visits FROM users UNION ALL SELECT id, plan, visits FROM users WHERE id = 5",
    }
    desk.apply()
    report = desk.run(code=1)
    assert (report["source"]["invalid"], report["plan"]["add"]) == (2, 249)
    rejected = desk.done("rejected", "people", "--json").json
    assert {row["key"] for row in rejected["invalid"]} == {"5"}
    assert "2 rows" in desk.done("rejected", "people").out
    assert (
        "never sent" in desk.done("explain", "people", "5").out
        or "invalid" in desk.done("explain", "people", "5").out
    )


def test_every_listing_has_its_json(applied: Desk) -> None:
    applied.run()
    runs = applied.done("runs", "--json").json
    assert [(r["run"], r["sync"], r["status"]) for r in runs] == [(1, "people", "completed")]
    assert runs[0]["counts"]["accepted"] == 250
    assert "completed" in applied.done("runs", "people").out
    [row] = applied.done("preview", "people", "--key", "3", "--json").json
    assert json.loads(row["payload"])["attributes"]["plan"] == "free"
    assert [c["key"] for c in applied.done("connections", "list", "--json").json] == ["company", "production"]
    [report] = applied.done("connections", "test", "production", "--json").json
    assert report["passed"]


def test_a_misspelled_sync_is_wrong_use_and_the_right_one_is_named(applied: Desk) -> None:
    for line in (
        "run poeple",
        "run poeple --json",
        "plan poeple",
        "preview poeple",
        "explain poeple 1",
        "rejected poeple",
        "retry poeple",
        "test poeple --key 1",
        "runs poeple",
    ):
        said = applied.done(*line.split(), code=2)
        assert "people" in said.err, line
        assert said.out == "", line


def test_wrong_use_ends_with_2_and_a_message(applied: Desk) -> None:
    for line in (
        "cancel 77",
        "approve 77",
        "run",
        "nonsense",
        "run people --nonsense",
        "apply nowhere.yml",
        "test people",
        "connections test nowhere",
        "retry people --key 1",
        "preview people --rows many",
    ):
        said = applied.done(*line.split(), code=2)
        assert len(said.err) > 10, line
        assert "Traceback" not in said.err
        assert "did not expect" not in said.err


def test_run_as_json_prints_one_object_and_nothing_else(applied: Desk) -> None:
    said = applied.process("run", "people", "--json")
    assert said.code == 0
    checked(said.json)
    assert said.err == ""


def test_without_arguments_the_help_is_shown(desk: Desk) -> None:
    assert "Usage" in desk.cli("--help").out
    assert "Usage" in desk.cli().all


def too_long(desk: Desk, fields: int, *, length: int = 1_001) -> None:
    """One row that is sent to so many fields, each with a text of that length."""
    desk.people_sync["mappings"] = [{"from": "plan", "to": f"plan_{n}"} for n in range(fields)]
    desk.apply()
    desk.sql(f"UPDATE users SET plan = printf('%.{length}c', 'x') WHERE id = 7")


def test_a_plan_shows_every_reason_why_rows_would_not_be_sent(desk: Desk) -> None:
    too_long(desk, 6)
    said = desk.done("plan", "people").out
    assert all(f"1 × plan_{n}: " in said for n in range(6))
    assert "headcount rejected" not in said


def test_the_csv_counts_rows_and_complaints(desk: Desk) -> None:
    too_long(desk, 3)
    desk.run(code=1)
    said = desk.done("rejected", "people", "--csv", "left.csv").out
    assert said == "left.csv holds 0 rejected and 1 invalid row with 3 complaints.\n"
    assert len(Path("left.csv").read_text().splitlines()) == 1 + 3


def test_a_complaint_about_no_field_is_about_the_whole_row(desk: Desk) -> None:
    too_long(desk, 40, length=900)
    assert "invalid 1 × the whole row: the row is larger than " in desk.done("plan", "people").out
    said = desk.done("preview", "people", "--key", "7").out
    assert "7 would be invalid: the whole row: the row is larger than " in said
    desk.run(code=1)
    assert "the whole row  the row is larger than " in desk.done("rejected", "people").out
    assert "the whole row: the row is larger than " in desk.done("explain", "people", "7").out


def test_a_binary_column_among_all_columns_is_named(desk: Desk) -> None:
    desk.sql("ALTER TABLE users ADD COLUMN photo BLOB")
    desk.project["models"]["users"]["types"] = {"photo": "binary"}
    desk.people_sync["sync_all_columns"] = True
    desk.apply()
    said = desk.cli("plan", "people").err
    assert "The column photo cannot be mapped to photo: a binary column cannot be sent as it is." in said


def test_a_plan_that_sends_all_again_names_no_field_as_the_reason(applied: Desk) -> None:
    applied.run()
    said = applied.done("plan", "people", "--full").out
    assert "change 250" in said and "why:" not in said
