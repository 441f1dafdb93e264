"""A sandbox for all journeys, emptied before each, and a desk to work at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headcount.control.setup import close, setup
from headcount.sandbox.seed import PRODUCTION
from headcount.sandbox.server import start_in_thread
from tests import control_store
from tests.control_store import URL
from tests.engines.conftest import postgresql_address as postgresql_address
from tests.journeys.desk import Desk, Workspace


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Workspace]:
    running = start_in_thread()
    yield Workspace(running.url)
    running.stop()


@pytest.fixture(scope="session")
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an empty control store: copying it is quicker than making the tables for every journey."""
    folder = tmp_path_factory.mktemp("fresh") / "home"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HEADCOUNT_HOME", str(folder))
        environment.delenv(URL, raising=False)
        setup()
        close()
    return folder


@pytest.fixture
def workspace(sandbox: Workspace) -> Workspace:
    sandbox.ask("reset", {})
    return sandbox


@pytest.fixture
def desk(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Desk]:
    """250 people and 100 orders in a SQLite file, and the project that syncs them; nothing is applied yet."""
    monkeypatch.setenv("JOURNEY_API_KEY", PRODUCTION.api_key)
    monkeypatch.chdir(tmp_path)
    if not control_store.wanted(request):
        shutil.copytree(request.getfixturevalue("fresh_home"), tmp_path / "home")
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
