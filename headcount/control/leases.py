"""Who works on a run: a lease on its row, on the database's clock.

A lease is renewed while its holder works. Its holder sends nothing once it has run out, and nobody else takes the run
before every request it may have sent then is over.
"""

from __future__ import annotations

import socket
import uuid
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from headcount.control.models import Run, Sync
from headcount.destinations.base import REQUEST_SECONDS
from headcount.home import Home
from headcount.model import RunStatus

SECONDS = 6.0  # how long a lease holds
REST = timedelta(seconds=15)  # before a run is tried again that was let go of in trouble


def place(home: Home) -> str:
    """The folder of locks on the system that runs now: whose processes share the locks in it.

    Names would not tell: machines that were copied, or containers, have host names and paths in common.
    """
    folder = home.locks.stat()
    return sha256(f"{_system()}\0{folder.st_dev}\0{folder.st_ino}".encode()).hexdigest()[:16]


@cache
def _system() -> str:
    """Another one after each start of the machine, where it says so: whoever held a lock then is gone."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()
    except OSError:
        return socket.gethostname()


def new_holder(home: Home) -> str:
    """A name for whoever works on one run, used once."""
    return f"{place(home)}/{uuid.uuid4().hex}"


def is_held_in(home: Home, holder: str) -> bool:
    """Does this holder share the locks of the home?"""
    return holder.startswith(place(home) + "/")


def claim(run: Run, holder: str, *, attempt: int | None = None) -> bool:
    """Take the run, for the caller that has the lock of its sync in this home.

    False while somebody in another place works on the sync, or may have a request on its way. A former holder in
    this place is known to be dead: the caller could not have the lock otherwise. With ``attempt`` only that attempt
    is taken.
    """
    with transaction.atomic():
        Sync.objects.select_for_update().get(pk=run.sync_id)
        here = holder.partition("/")[0] + "/"
        busy = Run.objects.filter(sync=run.sync_id, status=RunStatus.WORKING.value, lease_until__gt=_over())
        if busy.exclude(worker="").exclude(worker__startswith=here).exclude(worker=holder).exists():
            return False
        mine = Run.objects.filter(pk=run.pk, status__in=_BEGINNABLE)
        mine = mine if attempt is None else mine.filter(attempt=attempt)
        taken = mine.update(
            worker=holder,
            status=RunStatus.WORKING.value,
            pause_requested=False,
            not_before=None,
            lease_until=Now() + timedelta(seconds=SECONDS),
            heartbeat_at=Now(),
        )
    if taken:
        run.worker, run.status = holder, RunStatus.WORKING.value
    return bool(taken)


_BEGINNABLE = [status.value for status in (RunStatus.QUEUED, RunStatus.WORKING, RunStatus.PAUSED)]


def renew(run_id: int, holder: str, progress: dict[str, object] | None, worked: float) -> bool:
    """Hold on for another ``SECONDS``; False when the run is somebody else's now. ``worked`` as in the run's row."""
    fields = {"lease_until": Now() + timedelta(seconds=SECONDS), "heartbeat_at": Now(), "worked": worked}
    told = {} if progress is None else {"progress": progress}
    return bool(Run.objects.filter(pk=run_id, worker=holder).update(**fields, **told))


def release(run_id: int, holder: str, worked: float) -> None:
    """Let go of a run at once."""
    Run.objects.filter(pk=run_id, worker=holder).update(worker="", lease_until=None, worked=worked)


def abandoned(home: Home) -> list[Run]:
    """Runs that say they are working and that nobody works on: their lease is long over.

    Those of this place are listed without waiting; whether their process is gone only the lock of their sync can tell.
    What was let go of because it could not be worked on rests a while first.
    """
    over = Q(lease_until=None, heartbeat_at__lte=Now() - REST) | Q(lease_until__lte=_over())
    here = Q(worker__startswith=place(home) + "/")
    working = Run.objects.filter(status=RunStatus.WORKING.value)
    return list(working.filter(over | here).select_related("sync__stream").order_by("id"))


def is_long_over(run: Run) -> bool:
    """Has the run's lease, as it was read, ended so long ago that its holder is gone? By this machine's clock, which is
    good enough for what people are told.
    """
    return run.lease_until is not None and run.lease_until < timezone.now() - REST


def _over() -> object:
    """A lease that ended before this moment, and the requests of whoever had it, are over."""
    return Now() - timedelta(seconds=REQUEST_SECONDS)
