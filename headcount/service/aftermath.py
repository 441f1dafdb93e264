"""What a run that did not end well means for the data, and who to ask about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from headcount.amounts import amount
from headcount.control.audit import told_who
from headcount.control.models import Audit, Run, Sync
from headcount.control.runs import UNFINISHED
from headcount.model import Counts, RunKind, RunStatus

_STARTING = ("started", "retried", "tested a row")
_NOTED = timedelta(minutes=1)  # by then it is written down who started a run
_STOPPED = (RunStatus.CANCELED.value, *(status.value for status in UNFINISHED))
_ENDED_EARLY = (RunStatus.FAILED.value, RunStatus.CANCELED.value)


def ended_early(run: Run) -> bool:
    """Did it end before everything was sent, so that running again is the next thing to do?"""
    return run.status in _ENDED_EARLY


def meaning_of(run: Run) -> str:
    """One or two sentences for a run that ended early, or whose place another one took; empty for all others."""
    if run.status != RunStatus.SUPERSEDED.value and not ended_early(run):
        return ""
    counts = Counts(**run.counts) if run.counts else Counts()
    if not counts.accepted + counts.rejected + counts.in_doubt:
        return f"Nothing was sent to Customer.io.{_next(run, 'looks at the source anew')}"
    was = "was" if counts.accepted == 1 else "were"
    said = f"{_share(counts)} {was} accepted before that."
    if counts.in_doubt:
        said += (
            f" {counts.in_doubt:,} got no answer and {'is' if counts.in_doubt == 1 else 'are'} sent again."
        )
    return f"{said}{_next(run, 'sends what is missing')}"


def _next(run: Run, does: str) -> str:
    """Empty where a run took its place: pages name that one."""
    return "" if successor_of(run) else f" The next run {does}."


def successor_of(run: Run) -> int | None:
    """The run that took the place of a superseded one: the first that began after its end. None before it has begun,
    and for a run of which nobody took the place.
    """
    if run.status != RunStatus.SUPERSEDED.value or run.finished_at is None:
        return None
    later = Run.objects.filter(sync=run.sync_id, started_at__gte=run.finished_at)
    followers = later.exclude(kind=RunKind.TEST.value).order_by("started_at", "id")  # a test sends one row
    return followers.values_list("pk", flat=True).first()


def _share(counts: Counts) -> str:
    """What was accepted, of all that was to be sent where that is known: a plan may be gone before it was counted."""
    if not counts.planned:
        return amount(counts.accepted, "change")
    return f"{counts.accepted:,} of {amount(counts.planned, 'change')}"


def cancelers_of(found: Sequence[Run]) -> dict[int, str]:
    """Who canceled those of the runs that were canceled, or asked those to stop that work yet, as ``audit.told_who``
    tells it. A run that nobody canceled, or nobody knows who, is left out. Two queries at most.
    """
    wanted = [run for run in found if run.cancel_requested and run.status in _STOPPED]
    return {run: tellers[0] for run, tellers in _who(wanted, "canceled").items()}  # whoever was first counts


def pausers_of(found: Sequence[Run]) -> dict[int, str]:
    """The same for those that a person paused, or asked to pause: who did last."""
    wanted = [run for run in found if run.pause_requested]
    return {run: tellers[-1] for run, tellers in _who(wanted, "paused").items()}


def _who(wanted: Sequence[Run], action: str) -> dict[int, list[str]]:
    """By run, in the order in which they did it."""
    if not wanted:
        return {}
    keys = Sync.objects.filter(pk__in={run.sync_id for run in wanted}).values_list("key", flat=True)
    notes = Audit.objects.filter(
        what__in=[f"sync {key}" for key in keys],
        action=action,
        detail__run__in=[run.pk for run in wanted],
    )
    found: dict[int, list[str]] = defaultdict(list)
    for detail, actor in notes.order_by("id").values_list("detail", "actor"):
        found[detail["run"]].append(told_who(actor, detail))
    return found


def starter_of(run: Run) -> str:
    """The username of whoever started it on a page or through the API; empty when nobody did, or it is not known."""
    notes = Audit.objects.filter(
        what=f"sync {run.sync.key}",
        action__in=_STARTING,
        at__range=(run.created_at - _NOTED, run.created_at + _NOTED),
        detail__run=run.pk,
    )
    return notes.order_by("id").values_list("actor", flat=True).first() or ""
