from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

from headcount.cli import COMMANDS, program, run
from headcount.errors import SourceError
from tests.cli.command import ROOT, Answer, headcount, process
from tests.control.sample import every_byte
from tests.project.sample import PROJECT, changed

PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "headcount.yml").write_text(PROJECT)
    return tmp_path


def paths() -> dict[str, Any]:
    """Every command with its words, such as ``connections add``."""
    root: Any = typer.main.get_command(program([]))
    found = {}
    for name, command in root.commands.items():
        inner = getattr(command, "commands", None)
        found.update({f"{name} {sub}": c for sub, c in inner.items()} if inner else {name: command})
    return found


def test_every_module_adds_exactly_the_commands_it_is_listed_for() -> None:
    for module in set(COMMANDS.values()):
        app = typer.Typer()
        app.callback()(lambda: None)
        import_module(module).register(app)
        listed = {name for name, where in COMMANDS.items() if where == module}
        group: Any = typer.main.get_command(app)
        assert set(group.commands) == listed


def test_whatever_asks_takes_both_forms_of_yes() -> None:
    options = [(path, option.opts) for path, command in paths().items() for option in command.params]
    asking = [(path, opts) for path, opts in options if "--yes" in opts]
    assert len(asking) > 4
    assert [path for path, opts in asking if "-y" not in opts] == []


def test_every_command_and_option_stands_in_the_manual() -> None:
    manual = (ROOT / "docs" / "cli.md").read_text()
    for words, command in paths().items():
        row = next((line for line in manual.splitlines() if f"`headcount {words}" in line), "")
        assert row, words
        missing = sorted(option for option in _as_written(command) if option not in row)
        assert not missing, (words, missing)


def _as_written(command: Any) -> Iterator[str]:
    """Options and arguments as help and manual write them: ``--limit N``, ``SYNC``."""
    for parameter in command.params:
        if parameter.name == "help":
            continue
        value = f" {parameter.metavar}" if parameter.metavar else ""
        long = [option for option in parameter.opts if option.startswith("--")]
        yield f"{long[0]}{value}" if long else value.strip()


def test_names_of_arguments_and_values_are_written_in_capitals_everywhere() -> None:
    for words, command in paths().items():
        for parameter in command.params:
            if not getattr(parameter, "is_flag", False):
                assert re.fullmatch("[A-Z]+(=VALUE)?", parameter.metavar or ""), (words, parameter.name)


def test_the_manual_knows_no_command_that_is_not_there() -> None:
    manual = (ROOT / "docs" / "cli.md").read_text()
    for words in re.findall(r"^\| `headcount ([a-z]+(?: [a-z-]+)?)", manual, re.MULTILINE):
        assert words in paths(), words


def test_a_project_is_begun_applied_and_exported(tmp_path: Path) -> None:
    assert headcount("init", str(tmp_path / "new")).code == 0
    answer = headcount("apply", cwd=tmp_path / "new")
    assert answer.code == 0, answer.err
    assert "+ sync users" in answer.out
    assert answer.out.endswith("Applied.\n")
    exported = headcount("export")
    (tmp_path / "again.yml").write_text(exported.out)
    assert headcount("apply", str(tmp_path / "again.yml")).out == "Nothing to change.\n"


def test_init_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "headcount.yml").write_text("mine")
    answer = headcount("init", str(tmp_path))
    assert answer.code == 2
    assert "exists already" in answer.err
    assert (tmp_path / "headcount.yml").read_text() == "mine"


def test_mistakes_in_the_file_are_told_with_line_and_mend(folder: Path) -> None:
    (folder / "headcount.yml").write_text(
        changed(("nulls: skip", "nuls: skip"), ("type: duckdb", "type: duck"))
    )
    answer = headcount("apply", cwd=folder)
    assert answer.code == 2
    assert "headcount.yml:5: connections.warehouse.type: There is no connection of type duck." in answer.err
    assert "headcount.yml:33: syncs.users.mappings[4].nuls: There is no key nuls here." in answer.err
    assert headcount("export").out.count("type:") == 0, "nothing was applied"


def test_a_dry_run_shows_the_difference_and_applies_nothing(folder: Path) -> None:
    answer = headcount("apply", "--dry-run", "--json", cwd=folder)
    shown = json.loads(answer.out)
    assert shown["applied"] is False
    assert len(shown["changes"]) == 6
    assert "users" not in headcount("export").out


def test_pruning_asks_and_without_anybody_to_ask_it_refuses(folder: Path) -> None:
    headcount("apply", cwd=folder)
    (folder / "headcount.yml").write_text("version: 1\n")
    kept = headcount("apply", cwd=folder)
    assert kept.code == 0
    assert "sync users is not in the file and stays. --prune deletes it." in kept.out
    refused = headcount("apply", "--prune", cwd=folder)
    assert refused.code == 2
    assert "! deleting sync users: what was sent so far is forgotten" in refused.out
    assert "--yes" in refused.err
    assert "sync users" in headcount("apply", "--prune", "--yes", cwd=folder).out
    assert "users" not in headcount("export").out


def test_a_connection_is_added_from_the_command_line(tmp_path: Path) -> None:
    shop = tmp_path / "shop.sqlite3"
    sqlite3.connect(shop).close()
    answer = headcount("connections", "add", "shop", "--type", "sqlite", "--set", f"path={shop}")
    assert answer.code == 0, answer.err
    (info,) = json.loads(headcount("connections", "list", "--json").out)
    assert (info["key"], info["settings"], info["passed"]) == ("shop", {"path": str(shop)}, True)
    assert "shop" in headcount("connections", "list").out
    assert headcount("connections", "test").code == 0


def test_a_secret_from_standard_input_is_stored_and_stands_nowhere(tmp_path: Path) -> None:
    words = ("connections", "add", "live", "--type", "customerio", "--set", "site_id=s")
    address = ("--set", "base_url=http://127.0.0.1:1", "--secret-from-stdin", "api_key")
    answer = headcount(*words, *address, stdin=PASSWORD + "\n")
    assert answer.code == 2, "nobody listens there"
    listed = headcount("connections", "list", "--json")
    assert '"api_key": "stored"' in listed.out
    for text in (answer.out, answer.err, listed.out, headcount("export").out):
        assert PASSWORD not in text
    assert PASSWORD.encode() not in every_byte(tmp_path)


def test_a_connection_that_fails_its_test_ends_with_code_2(folder: Path) -> None:
    headcount("apply", cwd=folder)
    answer = headcount("connections", "test", "warehouse")
    assert answer.code == 2
    assert "There is no DuckDB file" in answer.err


def test_lists_of_nothing_say_so() -> None:
    assert headcount("runs").out == "No runs yet.\n"
    assert json.loads(headcount("runs", "--json").out) == []
    assert "No connections yet" in headcount("connections", "list").out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nonsense",), "No such command"),
        (("runs", "--limit", "x"), "Invalid value"),
        (("runs", "nobody"), "There is no sync nobody"),
        (("rejected", "nobody"), "There is no sync nobody"),
        (("cancel", "7"), "There is no run 7"),
        (("apply", "nowhere.yml"), "There is no file nowhere.yml"),
        (("connections", "add", "x", "--type", "oracle"), "There is no connection of type oracle"),
        (("connections", "add", "x", "--type", "sqlite", "--set", "path"), "--set needs a field and a value"),
        (("connections", "test", "x"), "There is no connection x"),
    ],
)
def test_wrong_use_ends_with_code_2_and_says_what_to_do(words: tuple[str, ...], complaint: str) -> None:
    answer = headcount(*words)
    assert answer.code == 2
    assert complaint in answer.err


def test_no_words_at_all_show_the_help() -> None:
    answer = headcount()
    assert answer.code == 2
    assert "connections" in answer.out + answer.err


def test_a_home_that_cannot_be_used_ends_with_code_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HEADCOUNT_HOME", str(tmp_path / "file"))
    answer = headcount("runs")
    assert answer.code == 3
    assert "is not a folder" in answer.err


def test_an_error_of_ours_says_what_happened_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise SourceError("The table is gone.", hint="Look for it.")

    monkeypatch.setattr("headcount.service.listings.list_runs", fail)
    assert run(["runs"]) == 3
    assert capsys.readouterr().err == "The table is gone.\n→ Look for it.\n"


def test_a_bug_shows_neither_its_message_nor_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"row of {PASSWORD}")

    monkeypatch.setattr("headcount.service.listings.list_runs", fail)
    assert run(["runs"]) == 3
    said = capsys.readouterr().err
    assert "RuntimeError" in said
    assert PASSWORD not in said


def test_the_schema_is_printed_without_touching_the_home(tmp_path: Path) -> None:
    assert json.loads(headcount("schema").out)["title"] == "headcount.yml"
    assert not (tmp_path / "home").exists()


def test_the_command_speaks_and_exits_the_same_in_a_process_of_its_own() -> None:
    assert process("runs") == Answer(0, "No runs yet.\n", "")
    assert process("cancel", "7") == Answer(2, "", "There is no run 7.\n→ headcount runs lists them.\n")


def test_small_commands_load_no_more_than_they_need() -> None:
    heavy = ("duckdb", "pyarrow", "starlette", "rich.console", "liquid", "headcount.project.reading")
    loaded = f"[name for name in {heavy} if name in sys.modules]"
    script = f"import sys; from headcount.cli import run; run(['runs']); print({loaded})"
    assert process(program=script).out.splitlines()[-1] == "[]"


def test_testing_no_connection_says_that_there_is_none() -> None:
    answer = headcount("connections", "test")
    assert (answer.code, answer.out) == (
        0,
        "No connections yet. headcount init DIR writes a project file to start from.\n",
    )
    assert json.loads(headcount("connections", "test", "--json").out) == []
