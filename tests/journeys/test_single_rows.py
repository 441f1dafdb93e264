"""test, preview and --full: one row, or all of them."""

from __future__ import annotations

import json

from tests.journeys.desk import Desk, checked, sums


def test_full_sends_every_person_again_and_shows_the_size_first(applied: Desk) -> None:
    applied.run()
    said = applied.done("run", "people", "--full", "--yes")
    assert said.out.index("250") < said.out.index("Run 2")
    assert "forecast" in said.out.split("Run 2")[0]
    assert "accepted 250" in said.out
    assert applied.done("plan", "people", "--full", "--json").json["change"] == 250
    assert sums(applied.run("people", "--full", "--yes")) == (0, 250, 0, 250)


def test_full_is_not_done_where_nobody_can_be_asked(applied: Desk) -> None:
    applied.run()
    for more in ([], ["--json"]):
        said = applied.done("run", "people", "--full", *more, code=2)
        assert "sends every person of people again, and nobody is here to ask" in said.err
    assert len(applied.workspace.requests()) == 3


def test_full_is_refused_for_events(applied: Desk) -> None:
    applied.run("events")
    for words in (
        ["run", "events", "--full"],
        ["run", "events", "--full", "--json"],
        ["plan", "events", "--full"],
    ):
        assert "Events" in applied.done(*words, code=2).err
    assert applied.workspace.events()["total"] == 100


def test_one_row_is_sent_and_recorded_as_accepted(applied: Desk) -> None:
    report = checked(applied.done("test", "people", "--key", "7", "--json").json)
    assert (report["source"]["rows"], sums(report)) == (1, (1, 0, 0, 1))
    assert list(applied.workspace.people()) == ["7"]
    plan = applied.done("plan", "people", "--json").json
    assert (plan["add"], plan["unchanged"]) == (249, 1)
    assert sums(applied.done("test", "people", "--key", "7", "--json").json) == (0, 1, 0, 1)  # once more


def test_testing_a_row_after_a_whole_run_asks_no_guard(applied: Desk) -> None:
    applied.run()
    assert applied.done("test", "people", "--key", "7", "--json").json["status"] == "completed"


def test_an_unknown_key_says_so(applied: Desk) -> None:
    for _ in range(2):
        said = applied.done("test", "people", "--key", "4711", code=2)
        assert "No row of the model has that key" in said.err
        assert "headcount preview people" in said.err
        [tried, *_] = applied.done("runs", "people", "--json").json
        assert (tried["status"], tried["trigger"]) == ("canceled", "test")  # nothing failed
        applied.run()  # and nothing is removed, nor is the next run disturbed
    assert len(applied.workspace.people()) == 250
    for key in ("4711", ""):
        assert "No row of the model" in applied.done("preview", "people", "--key", key, code=2).err


def test_an_invalid_row_says_why_and_is_not_sent(applied: Desk) -> None:
    applied.sql("UPDATE users SET plan = ? WHERE id = 7", [("x" * 1_001,)])
    said = applied.done("test", "people", "--key", "7", code=1)
    assert "plan" in said.out and "invalid" in said.out
    assert applied.workspace.requests() == []
    [row] = applied.done("preview", "people", "--key", "7", "--json").json
    assert row["payload"] is None
    assert row["problems"][0][0] == "plan"


def test_a_preview_names_keys_that_repeat_and_what_is_odd_about_a_row(applied: Desk) -> None:
    applied.sql("CREATE TABLE odd (id TEXT, since TEXT)")
    applied.sql("INSERT INTO odd VALUES (?, ?)", [("a1", None), ("b2 ", "20240131"), ("a1", None)])
    applied.project["models"]["odd"] = {"connection": "company", "table": "odd"}
    applied.people_sync["source"] = {"model": "odd"}
    applied.people_sync["mappings"] = [{"from": "since", "to": "since", "type": "timestamp"}]
    applied.apply()
    first, odd, second = applied.done("preview", "people", "--json").json
    assert first["problems"] == second["problems"] == [["id", "the key stands in 2 of the rows looked at"]]
    assert (first["payload"], odd["problems"]) == (None, [])
    assert [field for field, _ in odd["notes"]] == ["id", "since"]
    said = applied.done("preview", "people").out
    assert said.count("a1 would be invalid: id: the key stands in 2") == 2
    assert "note since: a date written as a number" in said
    assert len(applied.done("preview", "people", "--key", "a1", "--json").json) == 2
    assert "note since" in applied.done("plan", "people").out


def test_an_event_that_was_accepted_is_not_sent_again(applied: Desk) -> None:
    assert sums(applied.done("test", "events", "--key", "5", "--json").json) == (1, 0, 0, 1)
    again = applied.done("test", "events", "--key", "5", "--json").json
    assert (sums(again), again["source"]["unchanged"]) == ((0, 0, 0, 0), 1)
    assert sums(applied.run("events")) == (99, 0, 0, 99)
    assert applied.workspace.events()["dropped_repeats"] == 0


def test_the_preview_is_byte_for_byte_what_arrives(desk: Desk) -> None:
    desk.people_sync["mappings"] += [
        {"from": {"constant": {"b": [1, 2.50], "a": 'é "quoted" \u2028'}}, "to": "constant"},
        {"from": {"template": "{{ plan | upcase }} №{{ visits }}"}, "to": "line"},
        {"from": {"metadata": "sync_name"}, "to": "sync"},
        {"from": {"metadata": "run_id"}, "to": "run"},
    ]
    desk.apply()
    for sync, count in (("people", 250), ("events", 100)):
        desk.workspace.forget()
        shown = [row["payload"] for row in desk.done("preview", sync, "--rows", "999", "--json").json]
        assert len(shown) == count
        desk.run(sync)
        bodies = [request["body"] for request in desk.workspace.requests("/api/v2/batch")]
        sent = {item for body in bodies for item in _items(body)}
        assert sent == set(shown)
    people = desk.workspace.people()
    assert people["7"]["sync"] == '"Users to People"'


def _items(body: str) -> list[str]:
    """The operations of a batch as they stood in it."""
    decoder, at, found = json.JSONDecoder(), len('{"batch":['), []
    while body[at] != "]":
        _, end = decoder.raw_decode(body, at)
        found.append(body[at:end])
        at = end + (body[end] == ",")
    return found


def test_the_preview_as_text_shows_the_payload_and_nothing_is_sent(applied: Desk) -> None:
    out = applied.done("preview", "people", "--key", "3").out
    assert json.loads(out)["identifiers"] == {"id": "3"}
    assert applied.workspace.requests() == []
