"""What a user sees when the workspace or the source cannot be used, and that nothing is lost by it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from headcount.sandbox.seed import PRODUCTION, STAGING
from headcount.sandbox.server import start_in_thread
from tests.journeys.desk import Desk, Workspace, sums


def failed(desk: Desk, *, saying: str, sync: str = "people") -> Any:
    """The run fails with exit code 3 and one object that says why; nothing was sent."""
    before = len(desk.workspace.people())
    report = desk.run(sync, code=3)
    assert report["status"] == "failed"
    assert saying in f"{report['error']} {report['hint']}"
    assert report["destination"]["accepted"] == 0
    assert len(desk.workspace.people()) == before
    return report


# The workspace.


def test_refused_credentials_say_what_to_mend_and_the_next_run_goes_on(
    applied: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNEY_API_KEY", "f" * 20)
    said = applied.done("connections", "test", "production", code=2)
    assert "refused the credentials" in said.err and "Tracking API Keys" in said.err
    failed(applied, saying="Tracking API Keys")  # the first contact
    monkeypatch.setenv("JOURNEY_API_KEY", PRODUCTION.api_key)
    assert applied.run()["status"] == "completed"
    applied.sql("UPDATE users SET plan = 'pro' WHERE id < 5")
    monkeypatch.setenv("JOURNEY_API_KEY", "f" * 20)
    report = failed(applied, saying="Tracking API Keys")  # a workspace known already
    assert report["destination"]["unsent"] == 4
    monkeypatch.setenv("JOURNEY_API_KEY", PRODUCTION.api_key)
    assert sums(applied.run()) == (0, 4, 0, 4)


def test_credentials_revoked_in_the_middle_of_a_run_keep_what_was_accepted(desk: Desk) -> None:
    desk.target["budget"]["max_items"] = 50
    desk.target["budget"]["senders"] = 1
    desk.apply()
    desk.workspace.fault(kind="status", status=401, match={"path": "/api/v2/", "body": '"id":"101"'})
    report = desk.run(code=3)
    assert "refused the credentials" in report["error"]
    accepted = report["destination"]["accepted"]
    assert (accepted, report["destination"]["unsent"]) == (100, 150)
    desk.workspace.heal()
    assert sums(desk.run()) == (150, 0, 0, 150)


def test_another_workspace_behind_replaced_credentials_is_refused(
    applied: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied.run()
    applied.sql("UPDATE users SET plan = 'pro' WHERE id = 1")
    monkeypatch.setenv("OTHER", STAGING.api_key)
    said = applied.done(
        "connections", "add", "production", "--set", f"site_id={STAGING.site_id}", "--set", "api_key=env:OTHER", code=2
    )  # fmt: skip
    assert "workspace 1002" in said.err and "1001" in said.err
    assert applied.done("connections", "test", "production").code == 0  # nothing was overwritten
    applied.target.update({"site_id": STAGING.site_id, "api_key": "env:OTHER"})
    applied.apply()
    failed(applied, saying="workspace 1002")
    said = applied.done("connections", "test", code=2)  # of all of them
    assert "✗ production" in said.err and "1002" in said.err
    assert "✓ company" in said.out
    assert applied.workspace.people(1002) == {}


def test_the_region_is_found_out_and_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_API_KEY", STAGING.api_key)
    desk.target["site_id"] = STAGING.site_id
    desk.apply()
    desk.run()
    [line] = [c for c in desk.done("connections", "list", "--json").json if c["key"] == "production"]
    assert "1002, EU" in line["workspace"]
    assert len(desk.workspace.people(1002)) == 250


def test_a_region_that_is_not_the_workspaces_is_told(desk: Desk) -> None:
    desk.target["region"] = "eu"
    desk.apply()
    assert "Customer.io says us, and that is used" in desk.done("connections", "test", "production").out


def test_a_region_that_does_not_exist_is_a_mistake_in_the_file(desk: Desk) -> None:
    desk.target["region"] = "asia"
    said = desk.done("apply", str(desk.write()), code=2)
    assert "region" in said.err and "us" in said.err


def test_a_host_that_cannot_be_reached(desk: Desk) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        desk.target["base_url"] = f"http://127.0.0.1:{closed.getsockname()[1]}"
        desk.apply()
        failed(desk, saying="Check the network")
        assert "Check the network" in desk.done("plan", "people", code=3).err
    desk.target["base_url"] = desk.workspace.url
    desk.apply()
    assert desk.run()["status"] == "completed"


def test_a_typo_in_the_path_of_the_base_url(desk: Desk) -> None:
    desk.target["base_url"] = f"{desk.workspace.url}/apii"
    desk.apply()
    failed(desk, saying="Check the base URL")
    assert "base URL" in desk.done("connections", "test", "production", code=2).err


def test_a_certificate_that_nobody_vouches_for(desk: Desk) -> None:
    running = start_in_thread(tls=True)
    try:
        desk.target["base_url"] = running.url
        desk.apply()
        failed(desk, saying="certificate")
    finally:
        running.stop()


def test_https_where_http_is_spoken(desk: Desk) -> None:
    desk.target["base_url"] = desk.workspace.url.replace("http:", "https:")
    desk.apply()
    failed(desk, saying="encrypted connection")


def test_a_short_outage_at_the_first_question_is_waited_out(applied: Desk) -> None:
    applied.done("connections", "test", "production")
    applied.workspace.fault(kind="status", status=503, match={"next": 2, "path": "/api/v1/accounts"})
    assert sums(applied.run()) == (250, 0, 0, 250)


def test_a_reading_key_goes_where_its_own_address_says(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, workspace: Workspace
) -> None:
    """Update Only looks people up in the App API, here behind an address of its own."""
    app = start_in_thread()
    try:
        monkeypatch.setenv("APP_KEY", PRODUCTION.app_key)
        desk.target.update({"app_api_key": "env:APP_KEY", "app_base_url": app.url})
        desk.people_sync["behavior"] = "update_only"
        desk.apply()
        report = desk.run()
        assert report["source"]["missed"] == 250
        assert workspace.requests("/v1/") == []
    finally:
        app.stop()


def test_many_people_are_looked_up_within_the_reading_rate(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The App API takes ten requests a second; a hundred people go into one."""
    monkeypatch.setenv("APP_KEY", PRODUCTION.app_key)
    desk.hire(1_250, first=251)
    desk.target["app_api_key"] = "env:APP_KEY"
    desk.people_sync["behavior"] = "update_only"
    desk.apply()
    report = desk.run()
    assert report["source"]["missed"] == 1_500


# The source.


@pytest.fixture
def synced(applied: Desk) -> Desk:
    applied.run()
    applied.workspace.forget()
    return applied


def test_a_source_file_that_is_gone(synced: Desk) -> None:
    synced.database.rename(synced.folder / "elsewhere.sqlite")
    failed(synced, saying="There is no SQLite file")
    assert "company" in synced.done("connections", "test", "company", code=2).err
    assert synced.workspace.requests("") == []
    (synced.folder / "elsewhere.sqlite").rename(synced.database)
    assert synced.run()["source"]["unchanged"] == 250


def test_a_table_that_is_gone(synced: Desk) -> None:
    synced.sql("ALTER TABLE users RENAME TO customers")
    failed(synced, saying="users")
    assert synced.workspace.requests("") == []


def test_a_mapped_column_that_is_gone_names_the_mapping(synced: Desk) -> None:
    synced.sql("ALTER TABLE users RENAME COLUMN plan TO tariff")
    report = failed(synced, saying="plan")
    assert "mapping" in (report["error"] + report["hint"]).lower()
    assert synced.workspace.requests("") == []
    said = synced.done("plan", "people", code=3)
    assert "plan" in said.err


def test_an_interrupted_read_is_thrown_away_whole(desk: Desk) -> None:
    desk.project["models"]["users"] = {
        "connection": "company",
        "query": "SELECT id, plan, CASE WHEN plan = 'bad' THEN abs(-9223372036854775808) ELSE visits END AS visits "
        "FROM users",
    }
    desk.apply()
    desk.run()
    desk.sql("DELETE FROM users WHERE id > 245")
    desk.sql("UPDATE users SET plan = 'bad' WHERE id = 240")
    desk.workspace.forget()
    failed(desk, saying="overflow")
    assert desk.workspace.requests("") == []
    assert len(desk.workspace.people()) == 250
    said = desk.done("preview", "people", "--rows", "500", code=3)
    assert "overflow" in said.err
    desk.sql("UPDATE users SET plan = 'free' WHERE id = 240")
    assert sums(desk.run()) == (0, 0, 5, 5)


def test_a_file_that_ends_in_the_middle_removes_nobody(desk: Desk) -> None:
    lines = [f'{{"id": {i}, "plan": "free", "visits": {i}}}' for i in range(1, 251)]
    file = desk.folder / "drop" / "users.ndjson"
    file.parent.mkdir()
    file.write_text("\n".join(lines))
    desk.project["connections"]["files"] = {"type": "files", "folders": ["drop"]}
    desk.project["models"]["users"] = {"connection": "files", "path": "users.ndjson"}
    desk.apply()
    desk.run()
    file.write_text("\n".join(lines)[:-9])
    desk.workspace.forget()
    failed(desk, saying="users")
    assert desk.workspace.requests("") == []


def test_a_secret_that_is_not_set_is_named(applied: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOURNEY_API_KEY")
    failed(applied, saying="JOURNEY_API_KEY")
    assert "JOURNEY_API_KEY" in applied.done("plan", "people", code=2).err


def test_a_query_that_writes_is_refused(desk: Desk) -> None:
    desk.project["models"]["users"] = {"connection": "company", "query": "DELETE FROM users RETURNING *"}
    refused = desk.done("apply", str(desk.write()), code=2).err
    assert "models.users.query: The model's SQL begins with 'DELETE'" in refused
    desk.project["models"]["users"] = {"connection": "company", "table": "users"}
    desk.apply()
    assert desk.run()["source"]["rows"] == 250
