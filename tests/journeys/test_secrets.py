"""Promise P8: no secret anywhere, and no row value where nobody asked for it."""

from __future__ import annotations

import io
import logging
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.journeys.desk import Desk, Said

ROW = "zebra-stripe"  # in every value and key of the source
LOOKING = {"preview", "plan", "explain", "rejected"}  # commands that show rows because they were asked to


@pytest.fixture
def guarded(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, postgresql_address: dict[str, Any]
) -> Iterator[tuple[Desk, list[str]]]:
    """A desk with secrets of its own: a key from the environment, one stored, and a database's password."""
    keys = desk.workspace.ask("workspaces/1001/track_keys", {"name": "guarded"})
    password = secrets.token_hex(12)
    monkeypatch.setenv("HEADCOUNT_DEBUG", "1")
    monkeypatch.setenv("GUARDED_PASSWORD", password)
    monkeypatch.setenv("JOURNEY_API_KEY", keys["api_key"])
    desk.target["site_id"] = keys["site_id"]
    desk.project["connections"]["stored"] = {**desk.target, "api_key": "stored"}
    desk.project["connections"]["warehouse"] = {
        "type": "postgresql",
        **postgresql_address,
        "password": "env:GUARDED_PASSWORD",
    }
    desk.project["connections"]["lost"] = {
        "type": "postgresql",
        "host": "127.0.0.1",
        "port": 1,
        "database": "postgres",
        "user": "nobody",
        "password": "env:GUARDED_PASSWORD",
    }
    desk.project["models"] |= {
        "elsewhere": {
            "connection": "warehouse",
            "query": "SELECT id, plan, 1 AS visits FROM guarded",
        },
        "broken": {
            "connection": "warehouse",
            "query": "SELECT id, plan::int AS plan, 1 AS visits FROM guarded",
        },
        "unreachable": {"connection": "lost", "table": "users"},
    }
    people = desk.people_sync
    desk.project["syncs"] |= {
        "elsewhere": {**people, "source": {"model": "elsewhere"}},
        "broken": {**people, "source": {"model": "broken"}},
        "unreachable": {**people, "source": {"model": "unreachable"}},
        "refused": {**people, "behavior": "update_or_create"},
    }
    _fill(postgresql_address)
    desk.sql("DROP TABLE users")
    desk.sql("CREATE TABLE users (id TEXT, plan TEXT, visits ANY)")
    rows = [(f"{ROW}-{i}", ROW, i) for i in range(40)]
    rows += [(f"{ROW}-7", ROW, 1), (None, ROW, 2), (f"{ROW}-long", ROW * 200, 3)]
    desk.sql("INSERT INTO users VALUES (?, ?, ?)", rows)
    yield desk, [keys["api_key"], password]


def _fill(address: dict[str, Any]) -> None:
    with psycopg.connect(
        host=address["host"], dbname=address["database"], user=address["user"], autocommit=True
    ) as warehouse:
        warehouse.execute("DROP TABLE IF EXISTS guarded")
        warehouse.execute("CREATE TABLE guarded (id text, plan text)")
        warehouse.execute("INSERT INTO guarded VALUES (%s, %s)", [f"{ROW}-1", f"{ROW}-plan"])


def test_no_secret_and_no_row_value_is_told(
    guarded: tuple[Desk, list[str]], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, hidden = guarded
    caplog.set_level(logging.DEBUG)
    said = list(_a_busy_day(desk))
    monkeypatch.setenv("JOURNEY_API_KEY", "f" * 20)
    desk.sql("UPDATE users SET visits = visits + 100")
    said += [_say(desk, "run", "people"), _say(desk, "connections", "test")]
    for words, one in said:
        for secret in hidden:
            assert secret not in one.all, words
        assert ROW not in one.err, (words, one.err)
        if words[0] not in LOOKING:
            assert ROW not in one.out, (words, one.out)
    for record in caplog.records:
        text = record.getMessage()
        assert ROW not in text, record
        assert not any(secret in text for secret in hidden), record
    for path in (path for path in desk.home.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert not any(secret.encode() in content for secret in hidden), path
    with desk.control() as control:
        told = control.execute("SELECT error || hint || warnings FROM control_run").fetchall()
    assert not any(ROW in text for (text,) in told)


def _say(desk: Desk, *words: str) -> tuple[tuple[str, ...], Said]:
    return words, desk.cli(*words)


def _a_busy_day(desk: Desk) -> Iterator[tuple[tuple[str, ...], Said]]:
    """Commands that succeed and commands that fail, with the traces of HEADCOUNT_DEBUG."""
    file = str(desk.write())
    for words in (
        ["apply", file],
        ["apply", file, "--json"],
        ["export"],
        ["connections", "list"],
        ["connections", "list", "--json"],
        ["connections", "test", "--json"],
        ["preview", "people", "--rows", "50"],
        ["plan", "people"],
        ["run", "people"],
        ["run", "people", "--json"],
        ["explain", "people", f"{ROW}-7"],
        ["explain", "people", "nobody"],
        ["test", "people", "--key", f"{ROW}-long"],
        ["test", "people", "--key", f"{ROW}-nobody"],
        ["run", "elsewhere"],
        ["run", "broken"],
        ["plan", "broken"],
        ["preview", "broken"],
        ["run", "unreachable"],
        ["plan", "unreachable"],
        ["runs"],
        ["runs", "--json"],
        ["rejected", "people"],
        ["rejected", "people", "--json"],
        ["run", "nothing"],
        ["cancel", "1"],
        ["approve", "1"],
    ):
        yield _say(desk, *words)
    desk.workspace.fault(kind="errors", rows={"pattern": f"{ROW}-3"}, error={"message": "not this one"})
    for words in (["run", "refused"], ["rejected", "refused"], ["retry", "refused"]):
        yield _say(desk, *words)
    desk.workspace.heal()
    desk.workspace.fault(kind="status", status=400, body=f'{{"error": "{ROW}"}}', match={"next": 3})
    desk.sql("UPDATE users SET visits = 5000 WHERE visits < 4")
    yield _say(desk, "run", "refused")


def test_a_stored_secret_is_only_there_encrypted(desk: Desk) -> None:
    key = desk.workspace.ask("workspaces/1001/track_keys", {"name": "stored"})
    words = ["connections", "add", "kept", "--type", "customerio", "--secret-from-stdin", "api_key"]
    words += ["--set", f"site_id={key['site_id']}", "--set", f"base_url={desk.workspace.url}", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "headcount", *words],
        input=key["api_key"],
        env=desk.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert key["api_key"] not in done.stdout + done.stderr
    for path in (path for path in desk.home.rglob("*") if path.is_file()):
        assert key["api_key"].encode() not in path.read_bytes(), path
    assert "api_key: stored" in desk.done("export").out
    assert desk.done("connections", "test", "kept").code == 0


def test_stored_secrets_go_only_when_somebody_said_yes(
    applied: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("some-key"))
    settings = ("--set", "site_id=x", "--set", f"base_url={applied.workspace.url}")
    applied.cli(
        "connections", "add", "kept", "--type", "customerio", *settings, "--secret-from-stdin", "api_key"
    )
    said = applied.done("connections", "remove", "kept", code=2)
    assert said.err == "This deletes the stored api_key of kept, and nobody is here to ask.\n→ Add --yes.\n"
    removed = applied.done("connections", "remove", "kept", "--yes", "--json")
    assert removed.json == {"key": "kept", "secrets": ["api_key"]}
    assert "kept" not in applied.done("connections", "list").out
    said = applied.done("connections", "remove", "company", code=2)
    assert "in use by model orders, model users" in said.err


def test_what_headcount_keeps_is_readable_by_its_owner_alone(applied: Desk) -> None:
    applied.run()
    applied.done("rejected", "people", "--csv", "refused.csv")
    assert applied.home.stat().st_mode & 0o077 == 0
    assert Path("refused.csv").stat().st_mode & 0o077 == 0


def test_python_s_warnings_are_silent_and_hold_nothing(applied: Desk) -> None:
    """Nothing that Headcount does makes Python warn, in a process with all warnings switched on."""
    said = applied.process("run", "people", HEADCOUNT_DEBUG="1")
    assert (said.code, said.err) == (0, "")
