"""What every test starts from: a fresh home, and nothing of the developer's own environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from headcount.control.setup import close, configure, setup

configure("headcount.serving.settings")  # test modules import Django's models
# Hashing a password is slow on purpose. Once round is enough here, and every process understands it.
PBKDF2PasswordHasher.iterations = 1


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test may see, or write to, the home of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("HEADCOUNT_")]:
        if not name.startswith("HEADCOUNT_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HEADCOUNT_HOME", str(tmp_path / "home"))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose control store is ready for use."""
    root = setup().root
    yield root
    close()
