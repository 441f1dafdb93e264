"""Where the states of syncs are, when several machines share a control store."""

from __future__ import annotations

from collections.abc import Iterator

from headcount.amounts import amount
from headcount.control.database import postgresql_url
from headcount.control.models import Sync
from headcount.control.trouble import told
from headcount.home import current_home
from headcount.service.doctor.finding import Finding, attention, ok
from headcount.service.states import is_elsewhere


def states() -> Iterator[Finding]:
    """States that this machine does not have; with a control store in SQLite there is but one machine."""
    if not postgresql_url():
        return
    home = current_home()
    with told():
        syncs = list(Sync.objects.select_related("stream").order_by("key"))
        elsewhere = [sync.key for sync in syncs if is_elsewhere(home, sync)]
    if elsewhere:
        yield attention(
            "states",
            f"Files of other machines, so that runs fail here and backups lack them: {', '.join(elsewhere)}.",
            "On the machine that has such a file: headcount state move SYNC --to postgresql",
        )
    else:
        yield ok("states", f"those of {amount(len(syncs), 'sync')} can be reached")
