"""Nobody is waited for longer than somebody wants to wait."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, cast

import pytest

from headcount.errors import SourceError
from headcount.limiter import FileLimiter, Limiter
from headcount.service.patience import Patience
from headcount.sync import Line

NOTHING = cast(Any, None)


def asking(lookups: Limiter) -> Line:
    """A line of which only the budget of looking up is used."""
    return Line(
        sync=NOTHING,
        object=NOTHING,
        workspace=1,
        open_source=NOTHING,
        client=NOTHING,
        limiter=NOTHING,
        lookups=lookups,
        state=NOTHING,
        scratch=NOTHING,
    )


def test_whoever_waits_for_their_turn_to_look_people_up_is_not_waited_for_either(tmp_path: Path) -> None:
    budget = FileLimiter(tmp_path / "workspace-app", 10)
    budget.pause(20)
    began = time.monotonic()
    with Patience(0.3) as patience, pytest.raises(SourceError):
        patience.around(asking(budget)).lookups.acquire()
    assert time.monotonic() - began < 5


def test_while_somebody_waits_it_is_a_budget_like_any_other(tmp_path: Path) -> None:
    budget = FileLimiter(tmp_path / "workspace-app", 10)
    with Patience(None) as patience:
        lookups = patience.around(asking(budget)).lookups
        assert lookups.acquire()
        budget.pause(20)
        assert not lookups.acquire(lambda: True)
