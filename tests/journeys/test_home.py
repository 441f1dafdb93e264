"""HEADCOUNT_HOME: where everything is kept, and what is said when that cannot be."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from headcount.control.setup import close
from tests.journeys.desk import Desk


def test_a_home_that_is_missing_is_made_for_its_owner_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADCOUNT_HOME", str(desk.folder / "a" / "b"))
    assert desk.done("runs").out == "No runs yet.\n"
    assert (desk.folder / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_a_home_that_is_a_file_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk.folder / "file").write_text("")
    monkeypatch.setenv("HEADCOUNT_HOME", str(desk.folder / "file"))
    said = desk.done("runs", code=3)
    assert "is not a folder" in said.err and "HEADCOUNT_HOME" in said.err


@pytest.mark.sqlite_store
def test_files_that_may_not_grow_are_told_and_nothing_is_lost(applied: Desk) -> None:
    """The system refuses every byte that would make a file longer, as it does when a disk is full."""
    applied.run()
    applied.sql("UPDATE users SET plan = 'pro' WHERE id = 1")
    close()
    command = f"ulimit -f 0; exec {shlex.quote(sys.executable)} -m headcount run people"
    done = subprocess.run(["sh", "-c", command], env=applied.environment(), capture_output=True, text=True)
    assert done.returncode == 3
    assert "The control store cannot be" in done.stderr or "full" in done.stderr
    assert "Traceback" not in done.stderr
    assert applied.run()["plan"]["change"] == 1


def test_plans_that_cannot_be_written_are_told(applied: Desk) -> None:
    applied.run()
    (applied.home / "plans").rename(applied.home / "kept")
    (applied.home / "plans").write_text("in the way")
    report = applied.run(code=3)
    assert "HEADCOUNT_HOME" in report["hint"]
    assert "plans" in applied.done("plan", "people", code=3).err


@pytest.mark.sqlite_store
def test_a_state_that_cannot_be_written_is_told_and_what_was_sent_is_remembered(applied: Desk) -> None:
    applied.run()
    applied.sql("UPDATE users SET plan = 'pro' WHERE id = 1")
    [state] = (applied.home / "state").glob("*.duckdb")
    wal = Path(f"{state}.wal")
    wal.mkdir()  # whatever is written to the state is written here first
    said = applied.done("run", "people", code=3)
    assert "Traceback" not in said.err
    assert "did not expect" not in said.err
    wal.rmdir()
    applied.workspace.forget()
    report = applied.run()
    assert report["status"] == "completed"
    assert applied.workspace.people()["1"]["plan"] == '"pro"'
    assert applied.run()["source"]["unchanged"] == 250


def test_a_control_store_of_a_newer_version_is_left_alone(applied: Desk) -> None:
    close()
    with applied.control() as control:
        control.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('control', '9999_later', '2030-01-01')"
        )
    said = applied.process("runs")
    assert said.code == 3
    assert "newer version" in said.err and "Install that version" in said.err


@pytest.mark.sqlite_store
def test_a_control_store_that_is_no_database_is_told(applied: Desk) -> None:
    close()
    for path in applied.home.glob("control.sqlite3*"):
        path.unlink()
    applied.home.joinpath("control.sqlite3").write_text("no database " * 1000)
    said = applied.process("runs")
    assert (said.code, "Traceback" in said.err) == (3, False)
    assert "backup" in said.err


@pytest.mark.sqlite_store
def test_a_damaged_control_store_is_told_by_every_command(applied: Desk) -> None:
    with applied.control() as control:
        control.execute("DROP TABLE control_receipt")
        control.execute("DROP TABLE control_run")
    for line in ("run people", "plan people", "preview people", "explain people 1", "retry people", "runs"):
        said = applied.done(*line.split(), code=3)
        assert "control store" in said.err, line
        assert "Traceback" not in said.err
