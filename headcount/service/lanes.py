"""Which runs go first. Runs of events are waited for by campaigns; a backfill takes long, and nobody waits for its end.

A backfill is a run of everything: a full one, or one of a sync that has not completed any run yet.
"""

from __future__ import annotations

from collections.abc import Sequence

from headcount.control.models import Run
from headcount.model import Behavior, Lane, RunKind, RunStatus


def lane_of(run: Run) -> Lane:
    """Of a run whose sync is loaded."""
    return lanes_of([run])[run.pk]


def lanes_of(runs: Sequence[Run]) -> dict[int, Lane]:
    """By the runs' numbers; one query."""
    syncs = {run.sync_id for run in runs}
    completed = Run.objects.filter(
        sync__in=syncs, status=RunStatus.COMPLETED.value, kind=RunKind.RUN.value
    ).order_by()
    seasoned = set(completed.values_list("sync_id", flat=True).distinct())
    return {run.pk: _lane(run, first=run.sync_id not in seasoned) for run in runs}


def _lane(run: Run, *, first: bool) -> Lane:
    if run.kind == RunKind.RUN.value and (run.full or first):
        return Lane.BACKFILL
    if run.sync.definition.get("behavior") == Behavior.APPEND_ONLY.value:
        return Lane.EVENTS
    return Lane.REGULAR
