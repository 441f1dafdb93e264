"""A run of the queue whose sync somebody else has at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headcount.control import runs
from headcount.control.models import Intent, Run, Sync
from headcount.frozen import FILE
from headcount.home import Home
from headcount.model import RunStatus
from headcount.service.lines import snapshot_of
from headcount.service.locks import sync_lock
from headcount.service.queue import queue_run
from headcount.service.running import cancel_run, execute_run
from headcount.service.settling import settle_failed
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


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("users", "Send everything once more: headcount run users --full"),
        ("orders", "The next run sends it once more, under the same ids: the workspace counts it once."),
    ],
)
@pytest.mark.parametrize(
    ("left", "said"), [(None, "Its plan is gone"), ("half a docu", "Its plan cannot be read")]
)
def test_a_failed_run_whose_plan_tells_nothing_says_why_and_what_to_do_and_blocks_no_other(
    home: Path, key: str, advice: str, left: str | None, said: str
) -> None:
    applied(PROJECT)
    sync = Sync.objects.get(key=key)
    now = snapshot_of(sync)
    failed = _failed_unfolded(sync, {**now, "sync": {**now["sync"], "definition": {"of": "tomorrow"}}})
    if left is not None:
        (folder := home / "plans" / str(failed.pk)).mkdir(parents=True)
        (folder / FILE).write_text(left)
    settle_failed(sync)
    failed.refresh_from_db()
    assert failed.folded
    assert failed.warnings == [f"{said}: what it sent cannot be told any more. {advice}"]


@pytest.mark.parametrize("key", ["users", "orders"])
@pytest.mark.parametrize(
    ("left", "said"), [(None, "its plan is gone"), ("half a docu", "its plan cannot be read")]
)
def test_an_interrupted_run_whose_plan_tells_nothing_says_why_when_it_is_canceled(
    home: Path, key: str, left: str | None, said: str
) -> None:
    applied(PROJECT)
    sync = Sync.objects.get(key=key)
    run = _failed_unfolded(sync, {})
    Run.objects.filter(pk=run.pk).update(status=RunStatus.WORKING.value, finished_at=None)
    if left is not None:
        (folder := home / "plans" / str(run.pk)).mkdir(parents=True)
        (folder / FILE).write_text(left)
    report = cancel_run(run.pk)
    assert report.status is RunStatus.CANCELED
    run.refresh_from_db()
    assert said in run.error.lower()
    assert ("--full" in run.hint) is (key == "users")
