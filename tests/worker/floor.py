"""Where workers work: processes that are started, killed, frozen and told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress

from headcount.service.watching import RunProgress, progress_of
from tests.journeys.desk import Desk, wait_for

AT_REST = ("completed", "failed", "canceled", "skipped", "superseded", "waiting", "paused")


class Floor:
    """``desk`` and the workers that were started for it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.workers: list[subprocess.Popen[str]] = []

    def worker(self, *words: str, **more: str) -> subprocess.Popen[str]:
        return self.command("worker", *words, **more)

    def command(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """The command on the control store that this test is about."""
        url = os.environ.get("HEADCOUNT_DATABASE_URL")
        store = {"HEADCOUNT_DATABASE_URL": url} if url else {}
        process = self.desk.start(*words, **store, **more)
        self.workers.append(process)
        return process

    def ready_worker(self, *words: str, **more: str) -> subprocess.Popen[str]:
        worker = self.worker(*words, **more)
        assert worker.stderr
        assert any("Waiting for runs" in line for line in iter(worker.stderr.readline, ""))
        return worker

    def kill(self, worker: subprocess.Popen[str]) -> None:
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
        worker.communicate()

    def end(self, worker: subprocess.Popen[str]) -> int:
        """SIGTERM, as a service manager sends it."""
        worker.terminate()
        worker.communicate(timeout=40)
        return worker.returncode

    def ended(self, run: int, *, seconds: float = 60) -> RunProgress:
        wait_for(lambda: progress_of(run).status in AT_REST, seconds=seconds)
        return progress_of(run)

    def reached(self, run: int, phase: str, *, done: int = 0, seconds: float = 30) -> RunProgress:
        def there() -> bool:
            now = progress_of(run)
            return now.phase == phase and now.done >= done

        wait_for(there, seconds=seconds)
        return progress_of(run)

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                self.kill(worker)


def seconds_since(moment: float) -> float:
    return time.monotonic() - moment
