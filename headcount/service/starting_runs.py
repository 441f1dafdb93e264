"""What people make runs do: each goes through the queue, and into the book of who did what."""

from __future__ import annotations

from collections.abc import Sequence

from headcount.amounts import amount
from headcount.control import audit, runs
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.service import queue, running


class NotNamed(ConfigurationError):
    """A run that removes records was approved without the name of its sync, which is ``name``."""

    def __init__(self, removes: int, name: str) -> None:
        super().__init__(
            f"This run removes {amount(removes, 'record')}, and the name of the sync was not typed as it is.",
            hint=f"Type {name} to approve it.",
        )
        self.name = name


@told()
def start(sync: str, *, full: bool = False) -> int:
    """Record that a sync shall run, and return the run's number. Raises as ``queue.queue_run`` does."""
    run = queue.queue_run(sync, full=full)
    return _noted("started", sync, run, full=full)


@told()
def retry(sync: str, keys: Sequence[str] | None = None) -> int:
    """Send held rows again: those of ``keys``, or all that nobody muted. Raises as ``queue.queue_retry`` does."""
    run = queue.queue_retry(sync, keys)
    return _noted("retried", sync, run, rows="all" if keys is None else len(keys))


@told()
def test(sync: str, record: str) -> int:
    """Send one row, whether it changed or not. Raises as ``queue.queue_test`` does."""
    if not record.strip():
        raise ConfigurationError(
            "No key was given.", hint="Type the key of the row to send, for example its id."
        )
    return _noted("tested a row", sync, queue.queue_test(sync, record.strip()))


@told()
def cancel(run_id: int) -> str:
    """Ask a run to stop; what it has begun to send is finished. Returns its status now."""
    return running.cancel_run(run_id).status.value


@told()
def approve(run_id: int, *, named: str = "") -> int:
    """Let a run pass its guard. One that removes records wants the name of the sync, as proof of intent.

    Raises ``ConfigurationError`` when the run does not wait, and ``NotNamed`` for another name.
    """
    setup()
    run = running.approvable(run_id)
    if run.counts.get("remove") and named.strip() != run.sync.name:
        raise NotNamed(run.counts["remove"], run.sync.name)
    queue.queue_approval(run_id)
    return _noted("approved", run.sync.key, run_id)


@told()
def removals(run_id: int) -> int:
    """How many records a waiting run will remove. Raises ``ConfigurationError`` when the run does not wait."""
    setup()
    return int(running.approvable(run_id).counts.get("remove", 0))


@told()
def pause(run_id: int) -> str:
    """Ask a run to rest. Returns its status now."""
    return queue.pause_run(run_id)


@told()
def resume(run_id: int) -> int:
    """Let a paused run go on."""
    queue.resume_run(run_id)
    return _noted("resumed", runs.find(run_id).sync.key, run_id)


def _noted(action: str, sync: str, run: int, **more: object) -> int:
    detail = {name: value for name, value in more.items() if value}
    audit.record(action, f"sync {sync}", {"run": run, **detail})
    return run
