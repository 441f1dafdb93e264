"""What every test starts from: a fresh home, and nothing of the developer's own environment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from headcount.control.setup import close, configure, migrate_everything, setup
from tests import control_store
from tests.postgresql.server import Server, running

configure("headcount.serving.settings")  # test modules import Django's models
# Hashing a password is slow on purpose. Once round is enough here, and every process understands it.
PBKDF2PasswordHasher.iterations = 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--control-store",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="where the control store of tests is",
    )


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """One PostgreSQL for all tests of this process that need one."""
    with running() as it:
        yield it


@pytest.fixture(scope="session")
def control_template(postgresql_server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A control store in PostgreSQL, to be copied."""
    return control_store.template(postgresql_server, tmp_path_factory.mktemp("template") / "home")


@pytest.fixture(autouse=True)
def _control_store(
    request: pytest.FixtureRequest, _clean_environment: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Each test's control store is where the command line of the tests says."""
    if not control_store.wanted(request):
        yield
        return
    server, template = (request.getfixturevalue(name) for name in ("postgresql_server", "control_template"))
    yield from control_store.own_database(server, template, monkeypatch)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test may see, or write to, the home of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("HEADCOUNT_")]:
        if not name.startswith("HEADCOUNT_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HEADCOUNT_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an empty control store: copying it is quicker than making the tables for every test."""
    folder = tmp_path_factory.mktemp("fresh") / "home"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HEADCOUNT_HOME", str(folder))
        environment.delenv(control_store.URL, raising=False)
        migrate_everything(setup())
        close()
    return folder


@pytest.fixture
def ready_home(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Where the tables of the control store are there already; nobody has used it yet."""
    if not control_store.wanted(request):
        shutil.copytree(request.getfixturevalue("fresh_home"), tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def home(ready_home: Path) -> Iterator[Path]:
    """A home whose control store is ready for use."""
    yield setup().root
    close()
