"""The units for systemd start commands that there are."""

from __future__ import annotations

import shlex
from configparser import RawConfigParser
from pathlib import Path

import pytest
from typer.main import get_command

import headcount
from headcount.cli import program

UNITS = sorted((Path(headcount.__file__).parents[1] / "deploy").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_with_options_it_has_and_gives_it_time_to_end(unit: Path) -> None:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.read_text())
    program_, command, *options = shlex.split(parser["Service"]["ExecStart"])
    assert Path(program_).name == "headcount"
    known = get_command(program([])).commands[command].params  # type: ignore[attr-defined]
    names = {name for parameter in known for name in parameter.opts}
    assert {option for option in options if option.startswith("--")} <= names
    assert int(parser["Service"]["TimeoutStopSec"]) > 30
    assert parser["Service"]["UMask"] == "0077"


def test_there_is_a_unit_for_the_pages_and_one_for_workers() -> None:
    assert [unit.name for unit in UNITS] == ["headcount-worker@.service", "headcount.service"]
    manual = (Path(headcount.__file__).parents[1] / "docs" / "deployment.md").read_text()
    assert all(unit.name in manual for unit in UNITS)
