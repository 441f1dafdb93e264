from __future__ import annotations

import re
import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from headcount.control import secrets
from headcount.control.models import Audit, Connection, Role
from headcount.sandbox.seed import PRODUCTION, STAGING
from headcount.service.applying import apply, export, look
from headcount.service.looking import AT_ONCE, look_at
from headcount.serving.application import application
from tests.journeys.conftest import sandbox as sandbox
from tests.journeys.conftest import workspace as workspace
from tests.journeys.desk import Workspace
from tests.web.conftest import Visit

ADD = "/connections/add/customerio/"


def typed(workspace: Workspace, **more: str) -> dict[str, str]:
    return {
        "name": "Production",
        "site_id": PRODUCTION.site_id,
        "api_key": PRODUCTION.api_key,
        "base_url": workspace.url,
        **more,
    }


def fields_of(page: bytes) -> dict[str, str]:
    """The hidden inputs of a form."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.decode()))


def words(page: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.decode()).split())


@pytest.fixture
def company(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "company.sqlite"
    path.parent.mkdir()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)")
        database.execute("CREATE VIEW paying AS SELECT id FROM users")
    database.close()
    return path


def test_the_guide_is_walkable_add_service_customer_io_test_connect(
    visit: Visit, workspace: Workspace
) -> None:
    owner = visit()
    listing = owner.get("/connections/")
    assert b"Add Service" in listing.content
    assert ADD.encode() in listing.content
    form = owner.get(ADD)
    for step in (
        "your name (top right)",
        "Account Settings",
        "API Credentials",
        "Create New API Credentials",
    ):
        assert step in words(form.content)

    tested = owner.post(ADD, typed(workspace, action="test", **fields_of(form.content)))
    assert "workspace 1001, region US" in words(tested.content)
    assert re.search(r"\d+ ms", words(tested.content))
    assert "Without an App API Key" in words(tested.content)
    assert not Connection.objects.exists()

    saved = owner.post(ADD, typed(workspace, action="connect"))
    assert saved.headers["Location"] == "/connections/production/"
    page = words(owner.get("/connections/").content)
    assert "Production" in page
    assert "✓ connected" in page
    assert owner.get("/connections.json").json()["destinations"][0]["passed"] is True


def test_a_connection_begins_with_the_sandbox_that_was_started_with_the_pages(
    visit: Visit, workspace: Workspace
) -> None:
    owner = visit()
    folded, opened = b"<details>", b"<details open>"
    assert folded in owner.get(ADD).content
    application(hosts=["testserver"], sandbox=workspace.url)
    form = owner.get(ADD)
    assert f'name="base_url" value="{workspace.url}"'.encode() in form.content
    assert opened in form.content
    assert workspace.url.encode() not in owner.get("/connections/add/postgresql/").content
    assert owner.post(ADD, typed(workspace, action="connect")).status_code == 302
    application(hosts=["testserver"])
    assert opened in owner.get("/connections/production/edit/").content


def test_more_settings_open_when_one_of_them_is_wrong(visit: Visit) -> None:
    owner = visit()
    typed_wrongly = {"name": "P", "budget_requests_per_second": "many", "action": "test"}
    assert b"<details open>" in owner.post(ADD, typed_wrongly).content
    assert b"<details>" in owner.post(ADD, {"name": "P", "action": "test"}).content


def test_a_secret_is_typed_once_and_never_shown(visit: Visit, workspace: Workspace) -> None:
    owner = visit()
    form = owner.get(ADD)
    first = owner.post(ADD, typed(workspace, action="test", **fields_of(form.content)))
    assert PRODUCTION.api_key.encode() not in first.content
    assert b"typed before; leave empty to keep" in first.content
    again = typed(workspace, action="connect", **fields_of(first.content)) | {"api_key": ""}
    assert owner.post(ADD, again).status_code == 302
    assert secrets.read(Connection.objects.get(), "api_key") == PRODUCTION.api_key
    for address in (
        "/connections/production/",
        "/connections/production/edit/",
        "/connections/production.json",
    ):
        assert PRODUCTION.api_key.encode() not in owner.get(address).content
    assert b"stored; leave empty to keep" in owner.get("/connections/production/edit/").content
    assert PRODUCTION.api_key not in str(list(Audit.objects.values()))
    assert PRODUCTION.api_key not in str(dict(owner.session))


def test_a_refused_key_is_told_beside_it_and_what_was_typed_is_kept(
    visit: Visit, workspace: Workspace
) -> None:
    owner = visit()
    wrong = owner.post(ADD, typed(workspace, action="connect", api_key="0" * 20))
    assert not Connection.objects.exists()
    assert b'id="api_key_error"' in wrong.content
    assert PRODUCTION.site_id.encode() in wrong.content
    assert b"Save although it failed" in wrong.content
    anyway = typed(workspace, action="anyway", **fields_of(wrong.content)) | {"api_key": ""}
    assert owner.post(ADD, anyway).headers["Location"] == "/connections/production/"
    assert "! refused" in words(owner.get("/connections/").content)
    assert secrets.read(Connection.objects.get(), "api_key") == "0" * 20


def test_what_is_missing_is_told_beside_the_field(visit: Visit) -> None:
    answer = visit().post("/connections/add/postgresql/", {"name": "W", "port": "many", "action": "connect"})
    assert b"port must be a whole number." in answer.content
    answer = visit().post(ADD, {"name": "P", "action": "connect"})
    assert b'id="site_id_error"' in answer.content
    assert b'id="api_key_error"' in answer.content


def test_a_secret_may_be_a_reference(
    visit: Visit, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_OF_PRODUCTION", PRODUCTION.api_key)
    owner = visit()
    owner.post(ADD, typed(workspace, action="connect", api_key="env:KEY_OF_PRODUCTION"))
    row = Connection.objects.get()
    assert row.settings["api_key"] == "env:KEY_OF_PRODUCTION"
    assert secrets.stored_fields(row) == set()
    edit = owner.get("/connections/production/edit/")
    assert b"env:KEY_OF_PRODUCTION; leave empty to keep" in edit.content
    owner.post(
        "/connections/production/edit/",
        typed(workspace, action="connect", **fields_of(edit.content)),
    )
    row.refresh_from_db()
    assert row.settings["api_key"] == "stored"


def test_keys_of_another_workspace_are_refused(visit: Visit, workspace: Workspace) -> None:
    owner = visit()
    owner.post(ADD, typed(workspace, action="connect"))
    edit = owner.get("/connections/production/edit/")
    other = {"site_id": STAGING.site_id, "api_key": STAGING.api_key, **fields_of(edit.content)}
    answer = owner.post("/connections/production/edit/", typed(workspace, action="connect") | other)
    assert "lead to workspace 1002, not to 1001" in words(answer.content)
    assert Connection.objects.get().settings["site_id"] == PRODUCTION.site_id


def test_two_connections_to_one_workspace_are_pointed_out(visit: Visit, workspace: Workspace) -> None:
    owner = visit()
    owner.post(ADD, typed(workspace, action="connect"))
    owner.post(ADD, typed(workspace, action="connect", name="Production too"))
    assert [row.key for row in Connection.objects.all()] == ["production", "production-too"]
    assert "same workspace as Production" in words(owner.get("/connections/").content)


def test_a_stored_secret_is_not_sent_to_another_place(visit: Visit, workspace: Workspace) -> None:
    owner = visit()
    owner.post(ADD, typed(workspace, action="connect"))
    edit = owner.get("/connections/production/edit/")
    moved = {"api_key": "", "base_url": "http://127.0.0.1:1", **fields_of(edit.content)}
    answer = owner.post("/connections/production/edit/", typed(workspace, action="test") | moved)
    assert "Type the API Key again" in words(answer.content)


def test_a_budget_is_set_and_a_name_changed(visit: Visit, workspace: Workspace) -> None:
    owner = visit()
    owner.post(ADD, typed(workspace, action="connect"))
    edit = owner.get("/connections/production/edit/")
    given = typed(workspace, action="connect", name="Live", budget_requests_per_second="20")
    owner.post("/connections/production/edit/", given | {"api_key": ""} | fields_of(edit.content))
    row = Connection.objects.get()
    assert (row.key, row.name, row.settings["budget"]) == (
        "production",
        "Live",
        {"requests_per_second": 20.0},
    )
    stale = owner.post("/connections/production/edit/", given | fields_of(edit.content))
    assert "changed meanwhile, last by you; nothing was saved" in words(stale.content)
    wrong = given | {"budget_max_items": "-1"} | fields_of(owner.get("/connections/production/edit/").content)
    assert b"max_items must be at least 0." in owner.post("/connections/production/edit/", wrong).content


def test_a_source_is_connected_browsed_and_deleted(visit: Visit, company: Path) -> None:
    owner = visit()
    given = {"name": "Company data", "path": str(company), "action": "connect"}
    assert owner.post("/connections/add/sqlite/", given).headers["Location"] == "/connections/company-data/"
    found = owner.get("/connections/company-data/tables.json").json()["relations"]
    assert found == [{"name": "paying", "kind": "view"}, {"name": "users", "kind": "table"}]
    assert owner.post("/connections/company-data/test/").status_code == 302
    assert "SQLite" in words(owner.get("/connections/company-data/").content)
    owner.post("/connections/company-data/delete/")
    assert not Connection.objects.exists()


def test_a_test_that_finds_others_looking_is_asked_to_be_made_again(visit: Visit, company: Path) -> None:
    owner, add = visit(), "/connections/add/sqlite/"
    owner.post(add, {"name": "Company", "path": str(company), "action": "connect"})
    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(look_at("others"))
        form = owner.post(add, {"name": "Second", "path": str(company), "action": "test"})
        assert "Try again in a moment." in words(form.content)
        assert str(company) in form.content.decode()
        assert owner.post("/connections/company/test/").status_code == 503
    assert Connection.objects.get().test_passed is True


def test_what_is_in_use_is_not_deleted_and_secrets_only_by_typing_the_name(
    visit: Visit, company: Path, workspace: Workspace
) -> None:
    owner = visit()
    owner.post("/connections/add/sqlite/", {"name": "Company", "path": str(company), "action": "connect"})
    owner.post(
        "/models/new/?connection=company",
        {"name": "Users", "way": "table", "table": "users", "action": "save"},
    )
    owner.post("/connections/company/delete/")
    assert "The connection company is in use by model users" in words(
        owner.get("/connections/company/").content
    )
    owner.post(ADD, typed(workspace, action="connect"))
    page = words(owner.get("/connections/production/").content)
    assert "what is stored for it: API Key" in page
    owner.post("/connections/production/delete/")
    assert Connection.objects.filter(key="production").exists()
    owner.post("/connections/production/delete/", {"typed": "Production"})
    assert not Connection.objects.filter(key="production").exists()


def test_only_owners_change_connections(visit: Visit, company: Path) -> None:
    editor = visit(Role.EDITOR)
    assert b"Add Service" not in editor.get("/connections/").content
    for address in (ADD, "/connections/x/edit/", "/connections/x/test/", "/connections/x/delete/"):
        assert editor.post(address, {"name": "x"}).status_code == 403
    assert visit(Role.VIEWER).get("/connections/x/tables/").status_code == 403


def test_headcounts_own_files_are_no_source(visit: Visit, site: Path, tmp_path: Path) -> None:
    owner = visit()
    link = tmp_path / "innocent.sqlite"
    link.symlink_to(site / "control.sqlite3")
    for kind, given in (
        ("sqlite", {"path": str(site / "control.sqlite3")}),
        ("sqlite", {"path": str(link)}),
        ("files", {"folders": str(site)}),
        ("files", {"folders": str(site / "state")}),
        ("files", {"folders": str(site.parent)}),
    ):
        answer = owner.post(f"/connections/add/{kind}/", {"name": "x", "action": "connect", **given})
        assert "Headcount's own folder" in words(answer.content).replace("&#x27;", "'")
    given = {"name": "x", "host": "127.0.0.1", "database": "x", "password": f"file:{site / 'secret.key'}"}
    answer = owner.post("/connections/add/postgresql/", {"action": "test", **given})
    assert "cannot be one of Headcount's own files" in words(answer.content).replace("&#x27;", "'")


def test_a_change_made_here_is_shown_and_apply_says_that_it_undoes_it(
    visit: Visit, company: Path, tmp_path: Path
) -> None:
    owner = visit()
    file = tmp_path / "headcount.yml"
    file.write_text(
        f"version: 1\nconnections:\n  company: {{type: sqlite, path: {company}}}\nmodels:\n"
        "  users: {connection: company, table: users}\n"
    )
    apply(look(file))
    assert "changed here" not in words(owner.get("/models/").content)
    edit = owner.get("/models/users/edit/")
    owner.post(
        "/models/users/edit/",
        {"name": "People", "way": "table", "table": "users", "action": "save", **fields_of(edit.content)},
    )
    assert "! changed here" in words(owner.get("/models/").content)
    assert "headcount apply undoes it" in words(owner.get("/models/users/").content)
    assert any("The model users was changed here" in warning for warning in look(file).warnings)
    file.write_text(export())
    seen = look(file)
    assert seen.warnings == ()
    apply(seen)
    assert "changed here" not in words(owner.get("/models/").content)


def test_a_form_tells_every_service_apart(visit: Visit) -> None:
    owner = visit()
    expected: dict[str, Any] = {"postgresql": b"GRANT SELECT", "files": b"Folders", "mysql": b"ssl_mode"}
    for kind, part in expected.items():
        assert part in owner.get(f"/connections/add/{kind}/").content
    assert owner.get("/connections/add/nope/").status_code == 404


def test_two_destinations_cannot_have_the_same_name(visit: Visit, workspace: Workspace) -> None:
    owner = visit()
    owner.post(ADD, typed(workspace, action="connect"))
    staging = {"site_id": STAGING.site_id, "api_key": STAGING.api_key, "action": "connect"}
    refused = owner.post(ADD, typed(workspace, name="production", key="other", **staging))
    assert "The destination production is called production already. Give each a name" in words(
        refused.content
    )
    assert 'id="name_error"' in refused.content.decode()
    owner.post(ADD, typed(workspace, name="Staging", **staging))
    assert Connection.objects.count() == 2
    form = fields_of(owner.get("/connections/staging/edit/").content)
    same = typed(workspace, name="Production", **staging, **form)
    assert "is called Production already" in words(owner.post("/connections/staging/edit/", same).content)
    Connection.objects.update(name="Production")  # as an earlier version let them
    form = fields_of(owner.get("/connections/staging/edit/").content)
    assert owner.post("/connections/staging/edit/", {**same, **form}).status_code == 302


def test_a_base_url_whose_host_nobody_knows_says_at_its_field_what_to_do(
    visit: Visit, workspace: Workspace
) -> None:
    tested = visit().post(ADD, typed(workspace, base_url="http://sandbox.invalid:8026", action="test"))
    page = words(tested.content)
    assert "The host name in the Base URL could not be resolved: sandbox.invalid. Correct it." in page
    assert "Is the sandbox meant? Its address is http://127.0.0.1:8026" in page
    assert 'aria-invalid="true"' in tested.content.decode().partition('name="base_url"')[2].partition(">")[0]
