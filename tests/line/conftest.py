from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from headcount.sandbox.server import Running, start_in_thread
from tests.line.harness import World


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Running]:
    running = start_in_thread()
    yield running
    running.stop()
    gc.collect()


@pytest.fixture
def world(sandbox: Running, tmp_path: Path) -> Iterator[World]:
    it = World(sandbox.url, tmp_path)
    it.admin("/reset", {})
    yield it
    it.client.close()
