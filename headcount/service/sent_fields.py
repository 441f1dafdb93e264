"""Fields of a sync that were sent, so that values of them may stand in the destination."""

from __future__ import annotations

from collections.abc import Iterable, Set

from headcount.control.models import Sync as SyncRow
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import StateError
from headcount.model import RunStatus
from headcount.service.lines import find_sync
from headcount.service.states import state_here
from headcount.workbench import Workbench

_SENDING = (RunStatus.WORKING.value, RunStatus.PAUSED.value)  # what they send is not in the state yet


@told()
def sent_of(key: str, fields: Iterable[str]) -> list[str]:
    """Those of the ``fields`` of a sync that it sent. Where its state cannot be read now, any of them may have been.

    Raises ``ConfigurationError`` for a sync that does not exist.
    """
    wanted = list(fields)
    if not wanted:
        return []
    row = find_sync(key)
    try:
        sent = _remembered(row) | _on_their_way(row)
    except StateError:
        return wanted
    return [field for field in wanted if field in sent]


def _remembered(row: SyncRow) -> Set[str]:
    home = setup()
    state = state_here(home, row)
    if not state.exists():
        return set()
    with Workbench(home.root / "scratch") as bench, state.reading(bench) as opened:
        return {id_.partition(".")[2] for id_ in opened.catalogue.positions or {}}


def _on_their_way(row: SyncRow) -> Set[str]:
    snapshots = row.runs.filter(status__in=_SENDING).values_list("sync_snapshot", flat=True)
    definitions = [snapshot["sync"]["definition"] for snapshot in snapshots if snapshot]
    return {mapping["to"] for definition in definitions for mapping in definition.get("mappings", [])}
