from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from headcount.control import runs, secrets
from headcount.control.models import Audit, Connection, Intent, Model, Run, Stream, Sync
from headcount.control.setup import close
from headcount.errors import ConfigurationError
from headcount.home import Home
from headcount.project.reading import read_project
from headcount.service.applying import Outlook, apply, export, look, outlook
from headcount.service.locks import sync_lock
from tests.control.processes import apply_often, outcomes
from tests.control.sample import every_byte
from tests.project.sample import PROJECT, changed, project

ONLY_USERS = PROJECT[: PROJECT.index("  orders:\n")].replace(
    "  orders: {connection: warehouse, table: orders}\n", ""
)


def applied(text: str, *, prune: bool = False) -> Outlook:
    seen = outlook(read_project(text), prune=prune)
    apply(seen)
    return seen


def told(seen: Outlook) -> list[tuple[str, str]]:
    return [(change.action, change.what) for change in seen.changes]


def test_everything_in_a_new_file_is_added(home: Path) -> None:
    seen = applied(PROJECT)
    assert told(seen) == [
        ("add", "connection production"),
        ("add", "connection warehouse"),
        ("add", "model orders"),
        ("add", "model users"),
        ("add", "sync orders"),
        ("add", "sync users"),
    ]
    assert Sync.objects.get(key="users").model == Model.objects.get(key="users")


def test_looking_writes_nothing(home: Path) -> None:
    outlook(project())
    assert not Connection.objects.exists()


def test_applying_what_was_exported_changes_nothing(home: Path) -> None:
    applied(PROJECT)
    assert outlook(read_project(export())).changes == ()
    assert read_project(export()) == project()


def test_applying_twice_changes_nothing_the_second_time(home: Path) -> None:
    applied(PROJECT)
    assert applied(PROJECT).changes == ()
    assert Audit.objects.filter(action="changed").count() == 0


def test_a_change_is_told_field_by_field_old_and_new(home: Path) -> None:
    applied(PROJECT)
    text = changed(
        ("from: plan, to: plan", "from: tariff, to: plan"), ("max_removed: 0.2", "max_removed: 0.3")
    )
    (change,) = applied(text).changes
    assert (change.action, change.what) == ("change", "sync users")
    assert [(edit.path, edit.old, edit.new) for edit in change.edits] == [
        ("mappings.plan", {"from": "plan"}, {"from": "tariff"}),
        ("guards.max_removed", 0.2, 0.3),
    ]


def test_what_the_file_omits_stays(home: Path) -> None:
    applied(PROJECT)
    assert told(applied(ONLY_USERS)) == [("omitted", "model orders"), ("omitted", "sync orders")]
    assert Sync.objects.count() == 2


def test_pruning_deletes_it_and_names_the_loss_first(home: Path) -> None:
    applied(PROJECT)
    sync = Sync.objects.get(key="users")
    runs.add(sync)
    Sync.objects.filter(pk=sync.pk).update(acknowledged=1234)
    users = PROJECT[PROJECT.index("  users:\n    name:") : PROJECT.index("  orders:\n")]
    orders_only = PROJECT.replace(users, "").replace(", after: [users]", "")
    seen = outlook(read_project(orders_only), prune=True)
    (loss,) = seen.losses
    assert loss.what == "sync users"
    assert "1,234 records" in loss.sentence
    assert "1 run and" in loss.sentence


def test_a_connection_is_pruned_in_the_run_that_moves_its_models_away(home: Path) -> None:
    applied(PROJECT)
    moved = PROJECT.replace("  warehouse:\n", "  moved:\n", 1).replace(
        "connection: warehouse", "connection: moved"
    )
    applied(moved, prune=True)
    assert set(Model.objects.values_list("connection__key", flat=True)) == {"moved"}
    assert not Connection.objects.filter(key="warehouse").exists()


@pytest.mark.sqlite_store
def test_a_pruned_sync_of_people_forgets_its_state(home: Path) -> None:
    applied(PROJECT)
    state = Home(home).state / f"{Sync.objects.get(key='users').stream.state_id}.duckdb"
    state.write_bytes(b"state")
    applied("version: 1\n", prune=True)
    assert not state.exists()
    applied(PROJECT)
    assert Sync.objects.get(key="users").stream.state_id != state.stem


def test_events_keep_their_ids_and_state_when_their_sync_comes_back(home: Path) -> None:
    applied(PROJECT)
    stream = Sync.objects.get(key="orders").stream
    state = Home(home).state / f"{stream.state_id}.duckdb"
    state.write_bytes(b"state")
    applied("version: 1\n", prune=True)
    assert state.exists()
    applied(PROJECT)
    again = Sync.objects.get(key="orders").stream
    assert (again.stream_id, again.state_id) == (stream.stream_id, stream.state_id)
    assert Stream.objects.count() == 2


def test_a_sync_that_is_running_is_not_deleted(home: Path) -> None:
    applied(PROJECT)
    seen = outlook(read_project("version: 1\n"), prune=True)
    with sync_lock(Home(home), Sync.objects.get(key="users").stream.state_id) as mine:
        assert mine
        with pytest.raises(ConfigurationError, match="The sync users is running"):
            apply(seen)
    assert Sync.objects.count() == 2


@pytest.mark.parametrize("status", ["working", "paused", "queued"])
def test_a_sync_with_a_run_that_sent_something_and_has_not_ended_is_not_deleted(
    home: Path, status: str
) -> None:
    applied(PROJECT)
    run = runs.add(Sync.objects.get(key="orders"), queued=True)
    Run.objects.filter(pk=run.pk).update(status=status, started_at=timezone.now(), worker="elsewhere/1")
    Intent.objects.create(run=run, first=0, last=9)
    with pytest.raises(ConfigurationError, match=f"Run {run.pk} of the sync orders has not ended") as caught:
        applied("version: 1\n", prune=True)
    assert f"headcount cancel {run.pk}" in caught.value.hint
    assert Sync.objects.count() == 2
    Run.objects.filter(pk=run.pk).update(status="canceled")
    applied("version: 1\n", prune=True)
    assert not Sync.objects.exists()


def test_runs_that_only_wait_end_with_their_sync(home: Path) -> None:
    applied(PROJECT)
    sync = Sync.objects.get(key="orders")
    for status in ("queued", "waiting"):  # the queued one was approved
        run = runs.add(sync, queued=True)
        Run.objects.filter(pk=run.pk).update(status=status, started_at=timezone.now())
    runs.add(sync, queued=True)
    applied("version: 1\n", prune=True)
    assert not Run.objects.exists()


def test_a_change_by_somebody_else_in_between_is_noticed(home: Path) -> None:
    seen = outlook(project())
    applied(ONLY_USERS)
    with pytest.raises(ConfigurationError, match="The configuration was changed"):
        apply(seen)
    assert Sync.objects.count() == 1


def test_a_file_that_does_not_fit_what_is_kept_is_refused(home: Path) -> None:
    applied(PROJECT)
    text = ONLY_USERS.replace(
        "type: duckdb\n    path: /data/shop.duckdb", "type: files\n    folders: [/data]"
    )
    with pytest.raises(ConfigurationError, match="A files connection has no table") as caught:
        outlook(read_project(text))
    assert "--prune" in caught.value.hint


def test_two_syncs_that_write_one_field_are_warned_about(home: Path) -> None:
    text = PROJECT + (
        "  prospects:\n    source: {model: users}\n    destination: {connection: production, object: person}\n"
        "    behavior: mirror\n    identifier: {from: email, to: email}\n"
        "    mappings: [{from: plan, to: plan}, {from: a, to: a}]\n"
    )
    (warning,) = outlook(read_project(text)).warnings
    assert "prospects and users both write plan" in warning


def test_two_connections_to_one_workspace_are_warned_about(home: Path) -> None:
    other = "  other: {type: customerio, site_id: env:CIO_SITE_ID, api_key: env:OTHER}\n"
    text = PROJECT.replace("models:\n", other + "models:\n", 1)
    (warning,) = outlook(read_project(text)).warnings
    assert "other and production lead to one workspace" in warning
    applied(text)
    Connection.objects.filter(key="other").update(environment_id=1)
    Connection.objects.filter(key="production").update(environment_id=2)
    assert outlook(read_project(text)).warnings == ()


def test_sending_changed_fields_only_is_warned_about(home: Path) -> None:
    text = changed(("    sync_all_columns", "    changed_fields_only: true\n    sync_all_columns"))
    (warning,) = outlook(read_project(text)).warnings
    assert "comes back with nothing but those" in warning


def test_sql_that_looks_wrong_is_warned_about_where_nobody_can_be_asked(home: Path) -> None:
    text = changed(
        ("type: duckdb\n    path: /data/shop.duckdb", "type: postgresql\n    database: d\n    user: u"),
        ("from users\n", "from users where where\n"),
    )
    (warning,) = outlook(read_project(text)).warnings
    assert warning.startswith(
        "The SQL of the model users may have a mistake in its line 2. PostgreSQL will say"
    )


def test_another_key_is_warned_about(home: Path) -> None:
    applied(PROJECT)
    (warning,) = outlook(read_project(changed(("{from: id, to: id}", "{from: email, to: email}")))).warnings
    assert "Its next run stops and asks" in warning


def test_a_secret_that_is_not_stored_yet_is_warned_about(home: Path) -> None:
    text = changed(("api_key: env:CIO_API_KEY", "api_key: stored"))
    (warning,) = applied(text).warnings
    assert "headcount connections add production" in warning
    secrets.store(Connection.objects.get(key="production"), "api_key", "k")
    assert outlook(read_project(text)).warnings == ()


def test_stored_secrets_stay_when_a_file_is_applied_and_stand_nowhere(home: Path) -> None:
    text = changed(("api_key: env:CIO_API_KEY", "api_key: stored"))
    applied(text)
    connection = Connection.objects.get(key="production")
    secrets.store(connection, "api_key", "correct-horse-battery")
    applied(text.replace("Production", "Live"))
    assert secrets.read(connection, "api_key") == "correct-horse-battery"
    assert "correct-horse" not in export()
    assert not any("correct-horse" in str(row.detail) for row in Audit.objects.all())
    close()
    assert b"correct-horse" not in every_byte(home)


def test_every_deed_is_in_the_audit(home: Path) -> None:
    applied(PROJECT)
    applied(changed(("Users to People", "People")))
    applied("version: 1\n", prune=True)
    assert Audit.objects.filter(action="created").count() == 6
    assert Audit.objects.get(action="changed").detail == {"name": {"old": "Users to People", "new": "People"}}
    assert Audit.objects.filter(action="deleted").count() == 6


def test_a_file_is_read_from_where_it_is(home: Path, tmp_path: Path) -> None:
    (tmp_path / "headcount.yml").write_text(changed(("/data/shop.duckdb", "shop.duckdb")))
    apply(look(tmp_path / "headcount.yml"))
    assert Connection.objects.get(key="warehouse").settings == {"path": str(tmp_path / "shop.duckdb")}


def test_processes_that_apply_at_once_never_find_the_database_locked(home: Path) -> None:
    texts = [PROJECT, changed(("Users to People", "People"))]
    assert outcomes(apply_often, [(text,) for text in texts]) == ["", ""]
    assert Sync.objects.count() == 2
