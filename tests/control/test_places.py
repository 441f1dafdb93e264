"""Whose processes share the locks of a home."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from headcount.control import leases
from headcount.home import Home


def test_a_home_that_was_copied_is_another_place(tmp_path: Path) -> None:
    """Also at the same path of a machine of the same name, as containers have them."""
    home = Home(tmp_path / "home").prepare()
    before = leases.place(home)
    assert leases.place(Home(tmp_path / "home")) == before
    home.root.rename(tmp_path / "original")
    shutil.copytree(tmp_path / "original", home.root)
    assert leases.place(home) != before
    assert leases.place(Home(tmp_path / "original")) == before


def test_a_machine_that_was_copied_is_another_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path).prepare()
    before = leases.place(home)
    monkeypatch.setattr(leases, "_system", lambda: "another one")
    assert leases.place(home) != before
