"""A short round of chaos; ``make chaos ROUNDS=n`` plays longer ones."""

from __future__ import annotations

import pytest

from tests.chaos.play import play

pytestmark = [pytest.mark.kill, pytest.mark.xdist_group("chaos")]


def test_whatever_happens_to_workers_postgresql_and_workspace_everything_arrives_once() -> None:
    ending = play(rounds=1, seed=20, seconds=20)
    print(f"\n{ending}")
    assert ending.wrong == [], f"seed {ending.seed}"
    assert ending.tally["runs completed"] >= 20
