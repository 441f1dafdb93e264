"""Scratch folders do not outlive their process for long."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from headcount.scratch import scratch_folder


def test_what_a_killed_process_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    script = "import sys, pathlib, headcount.scratch as s; s.scratch_folder(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    (left,) = tmp_path.iterdir()
    (left / "spilled").write_text("rows")
    mine = scratch_folder(tmp_path)
    assert list(tmp_path.iterdir()) == [mine]


def test_a_living_process_keeps_its_folders(tmp_path: Path) -> None:
    first, second = scratch_folder(tmp_path), scratch_folder(tmp_path)
    assert first.exists()
    assert second.exists()


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "17").mkdir()
    scratch_folder(tmp_path)
    assert (tmp_path / "17").exists()
