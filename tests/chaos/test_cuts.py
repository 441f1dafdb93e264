"""The network between a worker and the others is cut in the middle of runs. Nothing is lost, nothing counted twice."""

from __future__ import annotations

import pytest

from tests.chaos import cuts, network
from tests.engines.conftest import missing

pytestmark = [pytest.mark.kill, pytest.mark.xdist_group("chaos")]

SOON = 60.0  # seconds after a cut healed, on a busy machine


@pytest.fixture(autouse=True)
def _possible() -> None:
    if why := network.hindrance():
        missing(why)


def test_runs_go_on_when_the_way_to_postgresql_is_back() -> None:
    with cuts.opened() as scene:
        seconds = cuts.cut_and_healed(scene, scene.wire.database)
        print(f"\nruns were over {seconds:.1f} s after the way to PostgreSQL was back")
        assert scene.wrong() == []


def test_runs_go_on_when_the_way_to_the_workspace_is_back() -> None:
    with cuts.opened() as scene:
        seconds = cuts.cut_and_healed(scene, scene.wire.far_end)
        print(f"\nruns were over {seconds:.1f} s after the way to the workspace was back")
        assert scene.wrong() == []


def test_another_machine_takes_over_the_runs_of_one_that_is_cut_off() -> None:
    with cuts.opened() as scene:
        seconds = cuts.taken_over(scene)
        print(f"\nanother machine had the runs {seconds:.1f} s after the cut")
        assert seconds <= 30
        scene.ended()
        scene.wire.heal(scene.wire.database)
        scene.stage.machines[1].kill()
        for sync in scene.stage.company.tables("orders"):
            scene.stage.company.edit()
            cuts.office.queue(sync)
        scene.ended()
        print("the one that was cut off works again")
