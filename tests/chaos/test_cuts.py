"""The network between a worker and the others is cut in the middle of runs. Nothing is lost, nothing counted twice."""

from __future__ import annotations

import pytest

from tests.chaos import cuts, network, office
from tests.chaos.company import KINDS
from tests.engines.conftest import missing

pytestmark = [pytest.mark.kill, pytest.mark.xdist_group("chaos")]

SOON = 45.0  # seconds after a cut healed, on a busy machine; about 5 on a quiet one


@pytest.fixture(autouse=True)
def _possible() -> None:
    if why := network.hindrance():
        missing(why)


def test_runs_go_on_when_the_way_to_postgresql_is_back() -> None:
    with cuts.opened() as scene:
        seconds = cuts.cut_and_healed(scene, scene.wire.database)
        print(f"\nruns went on {seconds:.1f} s after the way to PostgreSQL was back")
        assert seconds < SOON
        scene.ended()
        assert scene.wrong() + scene.too_fast() == []


def test_runs_go_on_when_the_way_to_the_workspace_is_back() -> None:
    """Not asked here is the budget: what the network held back arrives all at once when it lets go."""
    with cuts.opened() as scene:
        seconds = cuts.cut_and_healed(scene, scene.wire.far_end)
        print(f"\nruns went on {seconds:.1f} s after the way to the workspace was back")
        assert seconds < SOON
        scene.ended()
        assert scene.wrong() == []


def test_what_a_machine_had_locked_is_free_soon_after_it_is_cut_off() -> None:
    seconds = cuts.freed()
    print(f"\nits rows were free {seconds:.1f} s after the cut")
    assert 1 < seconds <= 30


def test_another_machine_takes_over_the_runs_of_one_that_is_cut_off() -> None:
    with cuts.opened() as scene:
        seconds = cuts.taken_over(scene)
        print(f"\nanother machine had the runs {seconds:.1f} s after the cut")
        assert seconds <= 30
        scene.ended()
        assert scene.wrong() == []
        scene.stage.machines[1].kill()
        scene.wire.heal(scene.wire.database)
        scene.stage.company.edit()
        for sync in scene.stage.company.tables(*KINDS):
            office.queue(sync)
        scene.ended()
        assert scene.wrong() + scene.too_fast() == [], "the machine that was cut off works as before"
