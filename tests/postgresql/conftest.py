from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgresql.server import Server, running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as it:
        yield it


@pytest.fixture
def url(server: Server) -> str:
    """A database in which nothing is yet."""
    return server.new_database()
