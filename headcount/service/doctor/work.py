"""Runs that nobody works on any more."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

from headcount.control.models import Run
from headcount.control.trouble import told
from headcount.model import RunStatus
from headcount.service.doctor.finding import Finding, attention, ok


def unfinished() -> Iterator[Finding]:
    """Runs that say they work, on this machine, without a process."""
    with told():
        working = list(Run.objects.select_related("sync").filter(status=RunStatus.WORKING.value)[:100])
    left = [run for run in working if _abandoned(run)]
    for run in left:
        yield attention(
            "runs",
            f"Run {run.pk} of {run.sync.key} was interrupted; nothing of it is lost.",
            f"It is brought to its end by the next one: headcount run {run.sync.key}",
        )
    if not left:
        yield ok("runs", f"{len(working)} working, none interrupted")


def _abandoned(run: Run) -> bool:
    return run.host == socket.gethostname()[:255] and run.pid is not None and not _alive(run.pid)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
