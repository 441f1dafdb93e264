"""Runs that pages queue are executed by the server, and outlive it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from headcount.sandbox.seed import PRODUCTION
from headcount.service.queue import queue_run
from headcount.service.watching import progress_of
from tests.journeys.desk import Desk, wait_for


@contextmanager
def serving(desk: Desk) -> Iterator[subprocess.Popen[str]]:
    """``headcount serve`` over the desk's home, ready."""
    url = os.environ.get("HEADCOUNT_DATABASE_URL")
    place = {"HEADCOUNT_DATABASE_URL": url} if url else {}
    server = desk.start("serve", "--port", "0", JOURNEY_API_KEY=PRODUCTION.api_key, **place)
    try:
        assert server.stdout
        while "Ctrl-C" not in (line := server.stdout.readline()):
            assert line, server.communicate()[1]
        yield server
    finally:
        if server.poll() is None:
            server.kill()
        server.communicate()


def test_a_restart_of_the_server_in_the_middle_of_a_run_goes_on_with_it(applied: Desk) -> None:
    applied.hire(2_750, first=251)
    applied.workspace.slow(0.2)
    run = queue_run("people")
    with serving(applied) as server:
        wait_for(lambda: progress_of(run).done >= 300, seconds=60)
        server.terminate()
        _, errors = server.communicate(timeout=60)
        assert server.returncode == 0, errors
    assert progress_of(run).status == "queued"
    assert applied.workspace.in_flight() == 0
    sent = len(applied.workspace.requests())
    applied.workspace.heal()
    with serving(applied):
        wait_for(lambda: progress_of(run).status == "completed", seconds=60)
    assert progress_of(run).accepted == 3_000
    assert len(applied.workspace.people()) == 3_000
    assert len(applied.workspace.requests()) == 30
    assert 3 <= sent < 30
