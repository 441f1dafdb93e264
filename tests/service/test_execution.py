"""A run of the queue whose sync somebody else has at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headcount.control import runs
from headcount.control.models import Run, Sync
from headcount.home import Home
from headcount.model import RunStatus
from headcount.service.locks import sync_lock
from headcount.service.queue import queue_run
from headcount.service.running import execute_run
from tests.project.sample import PROJECT
from tests.service.test_applying import applied


@pytest.fixture
def locked(home: Path) -> Iterator[Sync]:
    applied(PROJECT)
    sync = Sync.objects.get(key="users")
    with sync_lock(Home(home), sync.stream.state_id) as mine:
        assert mine
        yield sync


def test_a_scheduled_run_waits_for_somebody_who_is_only_letting_go(locked: Sync) -> None:
    number = queue_run("users", trigger="schedule")
    assert execute_run(number).status is RunStatus.QUEUED
    assert Run.objects.get(pk=number).attempt == 2


def test_a_scheduled_run_is_skipped_while_another_one_works(locked: Sync) -> None:
    number = queue_run("users", trigger="schedule")
    Run.objects.filter(pk=runs.add(locked).pk).update(status=RunStatus.WORKING.value)
    assert execute_run(number).status is RunStatus.SKIPPED
