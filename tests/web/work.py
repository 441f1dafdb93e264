"""The worker's part, done by the test itself: so it knows when it is over."""

from __future__ import annotations

from django.http import HttpResponse
from django.test import Client

from headcount.service.queue import due_runs
from headcount.service.running import execute_run


def work() -> list[int]:
    """Do what the queue holds, and return the runs."""
    done = []
    while due := due_runs():
        for each in due:
            execute_run(each.run, attempt=each.attempt)
            done.append(each.run)
    return done


def started(client: Client, address: str, **form: object) -> int:
    """Send a form that makes a run, let the run be worked on, and return its number."""
    answer = client.post(address, form)
    run = int(answer.headers["Location"].strip("/").split("/")[-1])
    assert run in work()
    return run


def text(answer: HttpResponse) -> str:
    """A page's source, which must be there."""
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return answer.content.decode()
