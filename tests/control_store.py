"""Where the control store of each test is: in SQLite, or with ``--control-store=postgresql`` in PostgreSQL.

There every test has a database of its own, copied from one in which the tables are there already. Tests that are about
SQLite say so with a mark, and have it there all the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from headcount.control.setup import close, migrate_everything, setup
from tests.postgresql.server import Server

URL = "HEADCOUNT_DATABASE_URL"
NO_STORE = ("bench", "delivery", "destinations", "docs", "engines", "line", "project", "sandbox")


def wanted(request: pytest.FixtureRequest) -> bool:
    """Shall this test have its control store in PostgreSQL?"""
    chosen = request.config.getoption("--control-store") == "postgresql"
    folder = request.path.relative_to(Path(__file__).parent).parts[0]
    return chosen and folder not in NO_STORE and not request.node.get_closest_marker("sqlite_store")


def template(server: Server, folder: Path) -> str:
    """The address of a database with all tables and no row, which nobody is connected to."""
    url = server.new_database()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HEADCOUNT_HOME", str(folder))
        environment.setenv(URL, url)
        migrate_everything(setup())
        close()
    return url


def own_database(server: Server, like: str, environment: pytest.MonkeyPatch) -> Iterator[None]:
    """A copy for one test, named in the environment."""
    url = server.new_database(like=like)
    environment.setenv(URL, url)
    yield
    close()
    server.drop(url)


def place() -> dict[str, str]:
    """What a process needs in its environment to find the control store of the present test."""
    url = os.environ.get(URL)
    return {URL: url} if url else {}
