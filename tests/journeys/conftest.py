"""A sandbox for all journeys, emptied before each, and a desk to work at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headcount.control.setup import close
from headcount.sandbox.seed import PRODUCTION
from headcount.sandbox.server import start_in_thread
from tests.engines.conftest import postgresql_address as postgresql_address
from tests.journeys.desk import Desk, Workspace


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Workspace]:
    running = start_in_thread()
    yield Workspace(running.url)
    running.stop()


@pytest.fixture
def workspace(sandbox: Workspace) -> Workspace:
    sandbox.ask("reset", {})
    return sandbox


@pytest.fixture
def desk(
    tmp_path: Path, ready_home: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """250 people and 100 orders in a SQLite file, and the project that syncs them; nothing is applied yet."""
    monkeypatch.setenv("JOURNEY_API_KEY", PRODUCTION.api_key)
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path, workspace)
    desk.hire(250)
    desk.order(100)
    yield desk
    close()


@pytest.fixture
def applied(desk: Desk) -> Any:
    """The same, with the project applied."""
    desk.apply()
    return desk
