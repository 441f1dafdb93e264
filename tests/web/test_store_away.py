"""What people, programs and the log are told while the control store is out of reach."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headcount.control.models import Role
from headcount.control.setup import close
from headcount.logs import lines
from headcount.service.tokens import issue
from headcount.web.headers import HEADERS
from tests import control_store
from tests.postgresql.server import Server
from tests.web.conftest import Visit

Take = Callable[[], None]


@pytest.fixture
def take_file_away(tmp_path: Path) -> Take:
    def take() -> None:
        close()
        store = tmp_path / "home" / "control.sqlite3"
        for each in store.parent.glob("control.sqlite3*"):
            each.rename(each.with_name(f"away-{each.name}"))
        store.mkdir()

    return take


@pytest.fixture
def take_database_away(
    postgresql_server: Server, control_template: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Take]:
    for _ in control_store.own_database(postgresql_server, control_template, monkeypatch):
        yield lambda: postgresql_server.drop(str(connection.settings_dict["NAME"]))


@pytest.fixture(params=["take_file_away", "take_database_away"])
def take_away(request: pytest.FixtureRequest) -> Take:
    """Called, the control store is gone: a file, or a database in PostgreSQL."""
    took: Take = request.getfixturevalue(request.param)
    return took


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, object]]]]:
    """The lines that ``serve`` would have written."""
    root, written = logging.getLogger(), io.StringIO()
    before = root.handlers, root.level
    monkeypatch.setenv("HEADCOUNT_LOG", "json")
    monkeypatch.setattr(sys, "stderr", written)
    lines.start()
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers, root.level = before


@pytest.mark.sqlite_store
def test_the_page_about_a_store_that_is_away_asks_nothing_of_it(take_away: Take, visit: Visit) -> None:
    viewer = visit(Role.VIEWER)
    take_away()
    for path in ("/", "/runs/9/", "/syncs/"):
        answer = viewer.get(path)
        assert answer.status_code == 503
        assert answer.headers["Content-Type"].startswith("text/html"), answer.content
        assert answer.headers["Retry-After"].isdecimal()
        assert "no-store" in answer.headers["Cache-Control"]
        assert all(answer.headers[name] == value for name, value in HEADERS.items())
        assert b"headcount.css" in answer.content
        assert b"Sign in" not in answer.content  # nobody knows yet that they are not
    twin = viewer.get("/syncs.json")
    assert (twin.status_code, twin.json()["status"]) == (503, "error")


@pytest.mark.sqlite_store
def test_what_was_typed_while_the_store_is_away_is_given_back_to_whoever_has_a_session(
    take_away: Take, visit: Visit
) -> None:
    editor = visit(Role.EDITOR)
    take_away()
    typed = {"name": "Riders", "query": "SELECT id FROM riders", "password": "pa55"}
    content = editor.post("/models/people/edit/", typed).content.decode()
    assert "SELECT id FROM riders" in content
    assert "pa55" not in content
    assert b"FROM riders" not in Client().post("/models/people/edit/", typed).content


@pytest.mark.sqlite_store
def test_monitoring_is_told_in_one_line_and_the_log_calls_it_an_outage(
    take_away: Take, visit: Visit, log: Callable[[], list[dict[str, object]]]
) -> None:
    owner = visit(Role.OWNER)
    token = {"Authorization": f"Bearer {issue('owner', name='prometheus', role=Role.VIEWER).token}"}
    take_away()
    figures = Client().get("/metrics", headers=token)
    assert (figures.status_code, figures.content.count(b"\n")) == (503, 1)
    assert figures.headers["Content-Type"].startswith("text/plain")
    owner.get("/")
    answer = Client().get("/api/v1/syncs", headers=token)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    said = [(line["event"], line.get("status")) for line in log()]
    assert said.count(("request", 503)) == 3
    assert said.count(("store_unusable", None)) == 2
    assert "unexpected" not in dict(said)


@pytest.mark.sqlite_store
@pytest.mark.parametrize("store", ["take_file_away", "take_database_away"])
def test_a_table_that_is_gone_is_not_taken_for_a_store_out_of_reach(
    store: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(store)
    visit: Visit = request.getfixturevalue("visit")
    owner = visit(Role.OWNER)
    token = {"Authorization": f"Bearer {issue('owner', name='script', role=Role.VIEWER).token}"}
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE control_connection RENAME TO control_connection_away")
    page = owner.get("/connections/")
    assert page.status_code >= 500
    assert b"cannot be reached" not in page.content
    assert b"does not answer" not in page.content
    said = Client().get("/api/v1/sources", headers=token).json()
    assert said["message"] == "The control store refused what Headcount asked of it."
    assert "headcount doctor" in said["hint"]


@pytest.mark.sqlite_store
def test_programs_are_answered_in_their_own_form_also_with_the_cookie_of_a_session(
    take_away: Take, visit: Visit, log: Callable[[], list[dict[str, object]]]
) -> None:
    owner = visit(Role.OWNER)
    token = {"Authorization": f"Bearer {issue('owner', name='script', role=Role.VIEWER).token}"}
    take_away()
    assert owner.get("/healthz").json()["status"] == "alive"
    assert owner.get("/readyz").json()["status"] == "not ready"
    assert owner.get("/metrics", headers=token).headers["Content-Type"].startswith("text/plain")
    for path in ("/api/v1/syncs", "/api/v1/openapi.json"):
        answer = owner.get(path, headers=token)
        assert (answer.status_code, answer.json()["status"]) == (503, "error"), path
    assert owner.get("/api/v1/syncs").status_code == 401
    assert owner.get("/sign-in/").status_code == 503


def test_whoever_asks_whether_it_is_alive_makes_it_ask_nothing(visit: Visit) -> None:
    owner = visit(Role.OWNER)
    with CaptureQueriesContext(connection) as asked:
        assert owner.get("/healthz").status_code == 200
    assert list(asked) == []
