"""Is a run worked on? Whoever shares this home's locks is asked by them, everybody else by the lease."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from headcount.control import leases
from headcount.control.models import Run
from headcount.home import Home
from headcount.service.abandoned import status_of
from headcount.service.locks import sync_lock
from headcount.service.overview import home as first_page
from tests.control.sample import make_run

ELSEWHERE = "another-place/1"  # where names may be the same
SOON, LONG_AGO = timedelta(seconds=5), timedelta(seconds=-60)


@pytest.fixture
def working(home: Path) -> Callable[..., Run]:
    """A run that says it is worked on, by a process of this host name and number."""

    def run(holder: str = "", *, lease: timedelta | None = None) -> Run:
        until = None if lease is None else timezone.now() + lease
        made = make_run()
        Run.objects.filter(pk=made.pk).update(
            status="working", pid=os.getpid(), host=socket.gethostname(), worker=holder, lease_until=until
        )
        return Run.objects.get(pk=made.pk)

    return run


@pytest.fixture
def here(home: Path) -> str:
    return leases.new_holder(Home(home))


@pytest.mark.parametrize("lease", [SOON, LONG_AGO])
def test_in_this_home_the_lock_tells(
    working: Callable[..., Run], here: str, home: Path, lease: timedelta
) -> None:
    run = working(here, lease=lease)
    with sync_lock(Home(home), run.sync.stream.state_id):
        assert status_of(run) == "working"
    assert status_of(run) == "paused"


def test_in_another_home_of_the_same_host_name_the_lease_tells(working: Callable[..., Run]) -> None:
    run = working(ELSEWHERE, lease=SOON)
    assert status_of(run) == "working"
    run.lease_until = timezone.now() + LONG_AGO
    assert status_of(run) == "paused"


def test_what_somebody_let_go_of_is_nobodys_until_the_lock_is_taken(
    working: Callable[..., Run], home: Path
) -> None:
    run = working()
    assert status_of(run) == "paused"
    with sync_lock(Home(home), run.sync.stream.state_id):
        assert status_of(run) == "working"


def test_the_first_page_asks_no_more_while_runs_work(working: Callable[..., Run], here: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            first_page()
        return len(asked)

    run = working(here)
    Run.objects.update(status="completed")
    quiet = queries()
    more: list[dict[str, Any]] = [{"sync": run.sync, "worker": here, "pid": 1} for _ in range(5)]
    Run.objects.bulk_create([Run(status="working", **each) for each in more])
    assert queries() == quiet <= 10
