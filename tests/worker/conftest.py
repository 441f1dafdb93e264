"""A desk whose runs are executed by workers in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet

from headcount.control.setup import close, setup
from tests.control_store import URL
from tests.journeys.conftest import desk as desk
from tests.journeys.conftest import sandbox as sandbox
from tests.journeys.conftest import workspace as workspace
from tests.journeys.desk import Desk
from tests.postgresql.server import Server
from tests.worker.floor import Floor
from tests.worker.machines import Machines


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The control store, and with it the queue, in each of the two places they may be."""
    monkeypatch.delenv(URL, raising=False)
    if request.param == "postgresql":
        monkeypatch.setenv(URL, request.getfixturevalue("postgresql_server").new_database())
    return str(request.param)


@pytest.fixture
def floor(store: str, desk: Desk) -> Iterator[Floor]:
    """The desk's project is applied; no worker is there yet."""
    yield from _opened(desk)


@pytest.fixture
def machines(postgresql_server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    """Two machines with nothing in common but the control store in PostgreSQL and the key of stored secrets."""
    monkeypatch.setenv(URL, postgresql_server.new_database())
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
