from __future__ import annotations

import os
import stat
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from headcount.control import setup as opening
from headcount.control.models import Audit
from headcount.control.setup import close, setup
from headcount.errors import ConfigurationError, StateError
from headcount.home import current_home
from tests.control.processes import outcomes, write_an_audit_line
from tests.control_store import URL


def test_the_migrations_make_exactly_the_tables_the_models_describe(home: Path) -> None:
    call_command("makemigrations", "--check", "--dry-run", stdout=StringIO())


@pytest.mark.sqlite_store
def test_a_home_is_readable_by_nobody_else(home: Path) -> None:
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "control.sqlite3").stat().st_mode) == 0o600


def test_a_folder_that_was_open_to_everybody_is_closed(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o755)
    assert stat.S_IMODE(current_home().prepare().root.stat().st_mode) == 0o700


def test_the_home_is_in_the_users_directory_unless_the_environment_names_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HEADCOUNT_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert current_home().root == tmp_path / ".headcount"


@pytest.mark.sqlite_store
def test_each_home_has_its_own_data(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Audit.objects.create(actor="a", action="b", what="c")
    monkeypatch.setenv("HEADCOUNT_HOME", str(tmp_path / "other"))
    setup()
    assert Audit.objects.count() == 0
    monkeypatch.setenv("HEADCOUNT_HOME", str(home))
    setup()
    assert Audit.objects.count() == 1


def test_a_current_schema_needs_no_migration(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_ready", None)
    monkeypatch.setattr(opening, "_migrate", lambda: pytest.fail("migrated again"))
    setup()


def test_a_schema_of_a_newer_version_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('control', '9999_future', '2030-01-01 00:00:00')"
        )
    monkeypatch.setattr(opening, "_ready", None)
    with pytest.raises(StateError, match="newer version of Headcount") as caught:
        setup()
    assert (URL if URL in os.environ else "HEADCOUNT_HOME") in caught.value.hint


def test_a_file_in_the_place_of_the_home_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HEADCOUNT_HOME", str(tmp_path / "file"))
    with pytest.raises(StateError, match="is not a folder"):
        setup()


@pytest.mark.sqlite_store
def test_a_control_store_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    folder = current_home().prepare().root
    (folder / "control.sqlite3").write_text("this is not a database, and it is long enough to be read as one")
    with pytest.raises(StateError, match="no database"):
        setup()
    close()


@pytest.mark.parametrize(
    "url", ["mysql://host/db", "postgresql://u:hunter2@host", "postgresql://u:hunter2@h:x/d"]
)
def test_a_broken_database_url_is_refused_without_being_quoted(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADCOUNT_DATABASE_URL", url)
    with pytest.raises(ConfigurationError) as caught:
        setup()
    assert "hunter2" not in str(caught.value)


def test_processes_that_start_together_on_a_fresh_home_all_succeed(tmp_path: Path) -> None:
    assert outcomes(write_an_audit_line, [(), (), ()]) == ["", "", ""]
    setup()
    assert Audit.objects.count() == 3
    close()
