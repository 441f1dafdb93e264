"""One sync's entry: checked, saved, copied, paused, deleted; previews of it and what it would send again."""

from __future__ import annotations

import copy
import json
import threading
import time
from typing import Any

import pytest
from django.db import transaction

from headcount.control.models import Audit, MaskedColumn, Sync
from headcount.control.setup import close
from headcount.errors import ConfigurationError
from headcount.project.project import Project
from headcount.sandbox.seed import PRODUCTION
from headcount.service import editing
from headcount.service.applying import ChangedMeanwhile
from headcount.service.difference import Edit
from headcount.service.drafting import columns_of, preview_entry, resend_of
from headcount.service.editing import (
    check_sync,
    copy_of,
    delete_sync,
    edits_of,
    free_key,
    loss_of,
    open_sync,
    pause_sync,
    save_sync,
)
from headcount.service.entries import Stale
from headcount.service.locks import sync_lock
from headcount.service.suggestions import declared_fields, seen_fields
from tests.journeys.conftest import applied, desk, sandbox, workspace
from tests.journeys.desk import Desk

__all__ = ["applied", "desk", "sandbox", "workspace"]


def people(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(open_sync("people").entry), **changes}


def with_full_name(entry: dict[str, Any]) -> dict[str, Any]:
    template = {"from": {"template": "{{ email }} {{ plan }}"}, "to": "full_name"}
    return {**entry, "mappings": [*entry["mappings"], template]}


def paths(key: str, entry: dict[str, Any], model: str = "users") -> list[tuple[Any, ...]]:
    return [p.path for p in check_sync(key, entry, new=False, columns=columns_of(model)).problems]


def test_an_entry_without_mistakes_comes_back_in_its_long_form(applied: Desk) -> None:
    entry = people()
    entry["mappings"][0] = {
        "from": {"type": "column", "data": "plan"},
        "to": "plan",
        "sync_null_values": False,
    }
    checked = check_sync("people", entry, new=False)
    assert checked.problems == ()
    assert checked.entry is not None
    assert checked.entry["mappings"][0] == {"from": "plan", "to": "plan", "nulls": "skip"}


def test_every_mistake_is_named_at_its_place(applied: Desk) -> None:
    entry = people(behavior="append_only", identifier={"from": "id", "to": "phone"})
    entry["mappings"].append({"from": {"template": "{{ plan"}, "to": "broken"})
    assert paths("people", entry) == [("behavior",), ("identifier", "to"), ("mappings", 2, "from")]


def test_columns_that_the_model_does_not_have_are_named_at_their_place(applied: Desk) -> None:
    entry = people(identifier={"from": "nr", "to": "id"})
    entry["mappings"] += [{"from": "plann", "to": "a"}, {"from": {"template": "{{ name }}"}, "to": "b"}]
    assert paths("people", entry) == [
        ("identifier", "from"),
        ("mappings", 2, "from"),
        ("mappings", 3, "from"),
    ]


def test_a_key_that_is_taken_or_no_key_is_a_mistake_of_the_key(applied: Desk) -> None:
    for key in ("people", "new", "a b", ""):
        assert [p.path for p in check_sync(key, people(), new=True).problems] == [("key",)]


def test_another_sync_that_writes_the_same_field_is_told(applied: Desk) -> None:
    (word,) = check_sync("again", people(), new=True).cautions
    assert "again and people both write plan, visits" in word


def test_saving_writes_what_export_prints_and_an_audit_line_with_old_and_new(applied: Desk) -> None:
    opened = open_sync("people")
    save_sync("people", with_full_name(opened.entry), version=opened.version)
    assert "{from: {template: '{{ email }} {{ plan }}'}, to: full_name}" in applied.done("export").out
    line = Audit.objects.latest("id")
    assert (line.action, line.what, list(line.detail)) == ("changed", "sync people", ["mappings.full_name"])
    assert line.detail["mappings.full_name"]["old"] is None


def test_what_was_saved_is_exported_and_applies_without_a_change(applied: Desk) -> None:
    save_sync("more", with_full_name(people(name="More people")), version="")
    file = applied.folder / "exported.yml"
    file.write_text(applied.done("export").out)
    assert "Nothing to change" in applied.done("apply", str(file)).out


def test_a_sync_that_somebody_else_saved_is_not_overwritten(applied: Desk) -> None:
    mine = open_sync("people")
    save_sync("people", with_full_name(mine.entry), version=mine.version)
    Audit.objects.all().delete()
    with pytest.raises(Stale, match="The sync people was changed meanwhile; nothing was saved"):
        save_sync("people", {**mine.entry, "behavior": "update_only"}, version=mine.version)
    assert open_sync("people").entry["behavior"] == "mirror"


def test_a_sync_that_was_changed_since_the_file_was_applied_says_so_and_others_do_not(applied: Desk) -> None:
    mine = open_sync("people")
    save_sync("people", with_full_name(mine.entry), version=mine.version)
    assert "the next headcount apply undoes it" in open_sync("people").drift
    delete_sync("events")
    assert "the next headcount apply undoes it" in open_sync("people").drift


def test_a_pause_between_opening_and_saving_is_kept(applied: Desk) -> None:
    mine = open_sync("people")
    pause_sync("people", paused=True)
    save_sync("people", with_full_name(mine.entry), version=mine.version)
    assert open_sync("people").paused
    pause_sync("people", paused=False)
    assert open_sync("people").entry == with_full_name(mine.entry)


def test_a_pause_waits_for_an_edit_that_is_being_saved(applied: Desk) -> None:
    mine, halfway = open_sync("people"), threading.Event()

    def edit() -> None:
        try:
            with transaction.atomic():
                save_sync("people", with_full_name(mine.entry), version=mine.version)
                halfway.set()
                time.sleep(0.5)
        finally:
            close()

    editor = threading.Thread(target=edit)
    editor.start()
    halfway.wait()
    pause_sync("people", paused=True)
    editor.join()
    now = open_sync("people")
    assert now.paused
    assert {name: value for name, value in now.entry.items() if name != "paused"} == with_full_name(
        mine.entry
    )


def test_deleting_one_sync_undoes_nothing_that_was_saved_meanwhile(
    applied: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = editing.stored_project

    def saved_after_reading() -> Project:
        project = read()
        monkeypatch.setattr(editing, "stored_project", read)
        mine = open_sync("people")
        save_sync("people", with_full_name(mine.entry), version=mine.version)
        save_sync(*copy_of("people", name="New"), version="")
        return project

    monkeypatch.setattr(editing, "stored_project", saved_after_reading)
    with pytest.raises(ChangedMeanwhile):
        delete_sync("events")
    assert set(Sync.objects.values_list("name", flat=True)) >= {"New", open_sync("events").name}
    assert open_sync("people").entry["mappings"][-1]["to"] == "full_name"


def test_deleting_says_what_is_lost_and_is_refused_while_a_run_works(applied: Desk) -> None:
    applied.run()
    assert "250 records were accepted is forgotten" in loss_of("people")
    from headcount.home import current_home

    state_id = Sync.objects.get(key="people").stream.state_id
    with sync_lock(current_home(), state_id), pytest.raises(ConfigurationError, match="is running"):
        delete_sync("people")
    delete_sync("people")
    assert not Sync.objects.filter(key="people").exists()


def test_a_sync_that_others_run_after_is_not_deleted_and_copies_have_no_triggers(applied: Desk) -> None:
    entry = {**open_sync("events").entry, "triggers": {"after": ["people"]}}
    save_sync("events", entry, version=open_sync("events").version)
    with pytest.raises(ConfigurationError, match="events would have nothing to run after"):
        delete_sync("people")
    assert "triggers" not in copy_of("events")[1]
    delete_sync("events")
    delete_sync("people")


def test_a_copy_has_a_key_and_a_name_of_its_own_and_may_go_elsewhere(applied: Desk) -> None:
    key, entry = copy_of("people", connection="company")
    assert (key, entry["name"]) == ("copy-of-users-to-people", "Copy of Users to People")
    assert entry["destination"] == {"connection": "company", "object": "person"}
    assert free_key("People!") == "people-2"


def test_a_preview_shows_exactly_what_a_run_sends(applied: Desk) -> None:
    entry = with_full_name(people())
    rows = preview_entry("people", entry, rows=3)
    opened = open_sync("people")
    save_sync("people", entry, version=opened.version)
    applied.run()
    (body,) = [json.loads(r["body"])["batch"] for r in applied.workspace.requests()][:1]
    assert [json.loads(row.payload or "") for row in rows] == body[:3]


def test_rows_that_would_be_invalid_say_why_and_copies_of_a_key_too(applied: Desk) -> None:
    applied.sql("CREATE TABLE odd (id TEXT, email TEXT)")
    applied.sql(
        "INSERT INTO odd VALUES (?, ?)", [("1", "a@b.co"), ("1", "b@b.co"), ("2", "nobody"), (None, "c@b.co")]
    )
    applied.project["models"]["odd"] = {"connection": "company", "table": "odd"}
    applied.apply()
    entry = people(source={"model": "odd"}, mappings=[{"from": "email", "to": "email"}])
    said = [row.problems for row in preview_entry("new-one", entry)]
    assert said == [
        (("id", "the key stands in 2 of the rows looked at"),),
        (("id", "the key stands in 2 of the rows looked at"),),
        (("email", "this is not an e-mail address"),),
        (("id", "the key is empty"),),
    ]


def test_masked_columns_are_veiled_in_previews(applied: Desk) -> None:
    for column in ("email", "id"):
        MaskedColumn.objects.create(connection="company", column=column)
    rows = preview_entry("people", with_full_name(people()), rows=2)
    assert "@example.com" not in str(rows)
    sent = json.loads(rows[1].payload or "")
    assert sent["identifiers"] == {"id": "•••"}
    assert sent["attributes"] == {"plan": "free", "visits": 2, "full_name": "•••"}


def test_nothing_of_a_query_that_may_rename_is_previewed_and_a_whole_record_is_veiled(applied: Desk) -> None:
    MaskedColumn.objects.create(connection="company", column="email")
    applied.project["models"]["renamed"] = {
        "connection": "company",
        "query": "SELECT id, email AS e FROM users",
    }
    applied.apply()
    renamed = people(source={"model": "renamed"}, mappings=[{"from": "e", "to": "e"}])
    with pytest.raises(ConfigurationError, match="No row of renamed is shown"):
        preview_entry("people", renamed, rows=2)
    with pytest.raises(ConfigurationError, match="No row of renamed is shown"):
        preview_entry("people", renamed | {"mappings": []}, rows=2)
    whole = people(mappings=[{"from": {"template": "{{ record | json }}"}, "to": "all"}])
    assert "@example.com" not in str(preview_entry("people", whole, rows=2))


def test_what_saving_would_send_again_is_counted_and_explained(applied: Desk) -> None:
    applied.run()
    applied.sql("UPDATE users SET plan = 'pro' WHERE id <= 10")
    seen = resend_of("people", with_full_name(people()))
    assert (seen.acknowledged, seen.planned, seen.because) == (250, 250, 250)
    assert [(r.field, r.why, r.rows) for r in seen.reasons] == [
        ("full_name", "is new", 250),
        ("plan", "", 10),
    ]
    assert seen.causes == "full_name is new"
    assert seen.forecast.requests == 3
    before = applied.count("SELECT count(*) FROM control_run")
    assert before == 1
    assert resend_of("people", people()).because == 0
    assert resend_of("people", people()).planned == 10


def test_another_null_rule_sends_only_the_rows_it_concerns(applied: Desk) -> None:
    applied.sql("UPDATE users SET plan = NULL WHERE id <= 3")
    applied.run()
    entry = people()
    entry["mappings"][0]["nulls"] = "keep"
    seen = resend_of("people", entry)
    assert (seen.because, seen.reasons[0].why) == (3, "is mapped differently")


def test_events_are_not_sent_again_unless_their_unique_id_is_another(applied: Desk) -> None:
    applied.run("events")
    entry = copy.deepcopy(open_sync("events").entry)
    entry["mappings"].append({"from": "user_id", "to": "buyer"})
    assert resend_of("events", entry).because == 0
    again = resend_of("events", {**entry, "unique_id": "at"})
    assert again.because == 100
    assert "every row is sent again" in again.new_generation
    seen = resend_of("events", {**entry, "unique_id": "at", "first_run": "record_as_seen"})
    assert (seen.because, "recorded as seen" in seen.new_generation) == (0, True)


def test_all_columns_that_are_switched_on_or_off_are_a_change_and_a_style_is_one_of_them(
    applied: Desk,
) -> None:
    opened = open_sync("people")
    assert edits_of("people", {**opened.entry, "sync_all_columns": {}}) == (
        Edit(path="sync_all_columns", old=None, new={}),
    )
    save_sync("people", {**opened.entry, "sync_all_columns": {}}, version=opened.version)
    everything = open_sync("people").entry
    assert everything["sync_all_columns"] == {}
    styled = {**everything, "sync_all_columns": {"names": "snake_case"}}
    assert edits_of("people", styled) == (Edit(path="sync_all_columns.names", old=None, new="snake_case"),)
    assert edits_of("people", opened.entry) == (Edit(path="sync_all_columns", old={}, new=None),)


def test_a_column_that_is_gone_makes_no_other_field_new(applied: Desk) -> None:
    applied.people_sync["sync_all_columns"] = {}
    applied.project["models"]["users"] = {"connection": "company", "table": "users"}
    applied.apply()
    applied.run()
    applied.sql("ALTER TABLE users DROP COLUMN visits")
    applied.sql("UPDATE users SET email = 'new-' || email WHERE id <= 10")
    stored = open_sync("people").entry
    seen = resend_of("people", {**stored, "mappings": [m for m in stored["mappings"] if m["to"] != "visits"]})
    assert (seen.because, seen.planned, seen.causes) == (0, 10, "")


def test_differences_are_told_field_by_field(applied: Desk) -> None:
    assert [e.path for e in edits_of("people", with_full_name(people()))] == ["mappings.full_name"]


def test_declared_fields_come_without_the_identifier() -> None:
    names = [field.to for field in declared_fields("person", "id")]
    assert names[:2] == ["email", "created_at"]
    assert declared_fields("event", "unique_id") == ()


def test_attributes_seen_in_the_workspace_are_suggested_without_their_values(
    applied: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="App API Key"):
        seen_fields("production")
    applied.run()
    monkeypatch.setenv("JOURNEY_APP_KEY", PRODUCTION.app_key)
    applied.target["app_api_key"] = "env:JOURNEY_APP_KEY"
    applied.apply()
    seen = {field.to: field.why for field in seen_fields("production")}
    assert seen["plan"] == "100 of 100 people have it"
    assert "free" not in str(seen)
