"""A run of the queue whose sync somebody else has at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headcount.control import runs
from headcount.control.models import Intent, Run, Sync
from headcount.home import Home
from headcount.model import RunStatus
from headcount.service.forgetting import forget
from headcount.service.lines import OtherRelease, snapshot_of
from headcount.service.locks import sync_lock
from headcount.service.queue import queue_run
from headcount.service.running import execute_run, run_sync
from headcount.service.settling import LOST, settle_failed
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


def _failed_unfolded(sync: Sync, snapshot: dict[str, Any]) -> Run:
    """A run that failed after it had announced changes, and whose plan is nowhere."""
    run = runs.add(sync)
    Run.objects.filter(pk=run.pk).update(sync_snapshot=snapshot)
    run.refresh_from_db()
    Intent.objects.create(run=run, first=0, last=3)
    runs.finish(run, RunStatus.FAILED)
    return run


def test_a_failed_run_that_another_release_wrote_down_is_lost_and_blocks_no_other(home: Path) -> None:
    applied(PROJECT)
    sync = Sync.objects.get(key="users")
    now = snapshot_of(sync)
    failed = _failed_unfolded(sync, {**now, "sync": {**now["sync"], "definition": {"of": "tomorrow"}}})
    run_sync("users")
    failed.refresh_from_db()
    assert (failed.folded, failed.warnings) == (True, [LOST])


def test_a_failed_run_of_events_that_another_release_wrote_down_waits_for_that_release(home: Path) -> None:
    """What it sent would be sent once more."""
    applied(PROJECT)
    sync = Sync.objects.get(key="orders")
    now = snapshot_of(sync)
    failed = _failed_unfolded(sync, {**now, "sync": {**now["sync"], "definition": {"of": "tomorrow"}}})
    with pytest.raises(OtherRelease, match=f"run {failed.pk} sent"):
        settle_failed(sync)
    failed.refresh_from_db()
    assert (failed.folded, failed.warnings) == (False, [])
    assert forget("7", sync="orders") == ()  # nor does it keep anybody from being forgotten
