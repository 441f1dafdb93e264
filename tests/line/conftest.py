from __future__ import annotations

import gc
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from headcount.postgresql.state import PostgreSQLState
from headcount.sandbox.server import Running, start_in_thread
from tests.line.harness import World


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Running]:
    running = start_in_thread()
    yield running
    running.stop()
    gc.collect()


# What holds of a state holds wherever it is kept. The other files are about what happens before or after it.
STATES = (
    "test_lost_answers",
    "test_held_rows",
    "test_mirror_and_guards",
    "test_events",
    "test_resuming",
    "test_digest",
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    name = metafunc.module.__name__.rpartition(".")[2]
    if "world" in metafunc.fixturenames and name in STATES:
        metafunc.parametrize("place", ["file", "postgresql"])


@pytest.fixture
def place() -> str:
    """Where the state is kept."""
    return "file"


@pytest.fixture
def world(sandbox: Running, tmp_path: Path, place: str, request: pytest.FixtureRequest) -> Iterator[World]:
    it = World(sandbox.url, tmp_path)
    if place == "postgresql":
        url = request.getfixturevalue("postgresql_server").new_database()
        it.state = PostgreSQLState(url, uuid.uuid4().hex)
    it.admin("/reset", {})
    yield it
    it.client.close()
