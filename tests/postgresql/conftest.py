from __future__ import annotations

import pytest

from tests.postgresql.server import Server


@pytest.fixture
def url(postgresql_server: Server) -> str:
    """A database in which nothing is yet."""
    return postgresql_server.new_database()
