"""The pattern for prospects, as the manual has it: two syncs, one person."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headcount.control.setup import close
from headcount.model import RunStatus
from headcount.sandbox.seed import PRODUCTION
from headcount.sandbox.server import start_in_thread
from headcount.service.applying import apply, look
from headcount.service.running import run_sync
from tests.docs.pages import page


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = start_in_thread()
    monkeypatch.setenv("CIO_SITE_ID", PRODUCTION.site_id)
    monkeypatch.setenv("CIO_API_KEY", PRODUCTION.api_key)
    monkeypatch.setenv("CIO_URL", server.url)
    yield server.url
    server.stop()
    close()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    database = tmp_path / "shop.db"
    _run_sql(
        database,
        "CREATE TABLE leads (email TEXT, company TEXT); CREATE TABLE users (id INTEGER, email TEXT, plan TEXT);"
        "INSERT INTO leads VALUES ('Zoe@Example.com', 'Acme')",
    )
    (blocks,) = [block for block in page("docs/people.md").blocks("yaml") if "prospects:" in block]
    (tmp_path / "headcount.yml").write_text(blocks)
    return database


def test_a_prospect_who_signs_up_ends_as_one_person(workspace: str, shop: Path) -> None:
    apply(look(shop.parent / "headcount.yml"))
    _completed("prospects")
    _completed("members")
    (lead,) = _people(workspace)
    assert (lead["id"], lead["email"], lead["attributes"]["company"]) == (None, "zoe@example.com", "Acme")

    _run_sql(shop, "DELETE FROM leads; INSERT INTO users VALUES (7, 'zoe@example.com', 'free')")
    _completed("members")
    (member,) = _people(workspace)
    assert member["cio_id"] == lead["cio_id"]
    assert (member["id"], member["email"]) == ("7", "zoe@example.com")
    assert (member["attributes"]["company"], member["attributes"]["plan"]) == ("Acme", "free")


def _completed(sync: str) -> None:
    report = run_sync(sync)
    assert report.status is RunStatus.COMPLETED, report.error


def _people(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/_sandbox/people") as answer:
        return list(json.load(answer)["people"])


def _run_sql(database: Path, script: str) -> None:
    connection = sqlite3.connect(database)
    connection.executescript(script)
    connection.close()
