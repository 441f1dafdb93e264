"""A run of the queue whose sync somebody else has at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headcount.control import runs
from headcount.control.models import Connection, Intent, Run, Sync
from headcount.home import Home
from headcount.model import RunStatus
from headcount.service import settling
from headcount.service.hold import take
from headcount.service.lines import Setup, find_sync, prepare_line, snapshot_of
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


class Closable:
    closed = False

    def close(self) -> None:
        self.closed = True


def test_a_run_whose_plan_is_gone_leaves_no_connection_open(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(PROJECT.replace("    app_api_key: file:/run/secrets/app.key\n", ""))
    monkeypatch.setenv("CIO_SITE_ID", "site")
    monkeypatch.setenv("CIO_API_KEY", "key")
    Connection.objects.filter(key="production").update(environment_id=1001)
    ends = [Closable(), Closable(), Closable()]

    def prepared(*words: Any, **more: Any) -> Setup:
        setup = prepare_line(*words, **more)
        with setup.closing():
            client, limiter, lookups = ends
            line = replace(setup.line, client=client, limiter=limiter, lookups=lookups)  # type: ignore[arg-type]
            return replace(setup, line=line)

    monkeypatch.setattr(settling, "prepare_line", prepared)
    sync = find_sync("users")
    failed = _failed_unfolded(sync, snapshot_of(sync))
    hold = take(runs.add(sync), Home(home))
    assert hold is not None
    settle_failed(sync, hold)
    failed.refresh_from_db()
    assert failed.folded
    assert [each.closed for each in ends] == [True] * 3
