"""What ran, what needs attention, and how each sync is doing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from headcount.amounts import amount
from headcount.control.alerts.rule import AlertKind
from headcount.control.models import Alert, Connection, RejectedGroup, Run
from headcount.control.models import Sync as SyncRow
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.model import NOBODY_REMOVED, RunKind, RunStatus
from headcount.service.abandoned import status_of
from headcount.service.first_steps import FirstStep, first_steps
from headcount.service.heartbeat import worker_seen
from headcount.service.timing import timing

HOURS = 24
RECENT = 20  # runs in the small picture of a sync
MOST_ALERTS = 20


@dataclass(frozen=True, kw_only=True)
class Glimpse:
    """One run in a small picture. Counts are those of its end; 0 before."""

    run: int
    status: str
    at: datetime
    seconds: float | None
    read: int
    planned: int
    accepted: int
    rejected: int
    invalid: int
    test: bool = False  # of one row

    @property
    def troubled(self) -> bool:
        """It ended well, but not every row arrived."""
        return bool(self.rejected or self.invalid)


@dataclass(frozen=True, kw_only=True)
class SyncSummary:
    """One sync as lists show it. ``recent`` are its newest runs, oldest first; ``open`` its open rejected rows.
    ``starts`` says what starts it by itself, ``next_due`` when its schedule does.
    """

    key: str
    name: str
    model: str
    object: str
    destination: str
    paused: bool
    acknowledged: int | None
    open: int
    muted: int
    starts: tuple[str, ...] = ()
    next_due: datetime | None = None
    recent: tuple[Glimpse, ...] = ()

    @property
    def last(self) -> Glimpse | None:
        """The newest run that is no test of one row; a test where there is nothing else."""
        newest = self.recent[::-1]
        return next((run for run in newest if not run.test), newest[0] if newest else None)

    @property
    def state(self) -> str:
        """The status of its last run."""
        return self.last.status if self.last else "never ran"


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Something for a person to look at. At most one of ``run``, ``sync`` and ``connection`` says where."""

    kind: str  # worker, waiting, failed, unremoved, alert, rejected or connection
    sentence: str
    run: int | None = None
    sync: str = ""
    connection: str = ""


@dataclass(frozen=True, kw_only=True)
class Home:
    """``runs`` counts the runs of the last ``hours`` by status. ``steps`` lead to the first sync."""

    hours: int
    runs: dict[str, int]
    attention: tuple[Attention, ...]
    syncs: tuple[SyncSummary, ...]
    connections: int
    steps: tuple[FirstStep, ...]


@told()
def home() -> Home:
    """The first page: ten queries at most, whatever there is."""
    setup()
    syncs = tuple(_summaries(_rows()))
    connections = list(Connection.objects.values_list("key", "name", "test_passed", "test_result"))
    ended = _ended(syncs)
    return Home(
        hours=HOURS,
        runs=_lately(),
        attention=(
            *_unattended(syncs),
            *_waiting(),
            *_failing(ended),
            *_keeping_everybody(ended),
            *_alerting(),
            *_unreachable(connections),
            *_refused(syncs),
        ),
        syncs=syncs,
        connections=len(connections),
        steps=first_steps(syncs=len(syncs)),
    )


@told()
def list_syncs() -> tuple[SyncSummary, ...]:
    """All syncs in the order of their keys."""
    setup()
    return tuple(_summaries(_rows()))


def _rows() -> QuerySet[SyncRow]:
    return SyncRow.objects.select_related("model", "destination", "timetable")


@told()
def sync_names() -> tuple[tuple[str, str], ...]:
    """Keys and names of all syncs, for choosing one."""
    setup()
    return tuple(SyncRow.objects.values_list("key", "name"))


def summary_of(row: SyncRow) -> SyncSummary:
    """One sync; its model and destination should be loaded."""
    return next(_summaries([row]))


def _summaries(rows: Iterable[SyncRow]) -> Iterator[SyncSummary]:
    syncs = list(rows)
    recent = _recent([sync.pk for sync in syncs])
    refused = {
        sync: (open_, muted)
        for sync, open_, muted in RejectedGroup.objects.filter(sync__in=[s.pk for s in syncs])
        .order_by()
        .values_list("sync_id")
        .annotate(Sum("open"), Sum("muted"))
    }
    now = datetime.now(UTC)
    for sync in syncs:
        open_, muted = refused.get(sync.pk, (0, 0))
        timed = timing(sync, now)
        yield SyncSummary(
            key=sync.key,
            name=sync.name,
            model=sync.model.name,
            object=sync.object,
            destination=sync.destination.name,
            paused=sync.paused,
            acknowledged=sync.acknowledged,
            open=open_,
            muted=muted,
            starts=timed.words,
            next_due=timed.next_due,
            recent=tuple(recent.get(sync.pk, ())),
        )


def _recent(syncs: list[int]) -> dict[int, list[Glimpse]]:
    """The newest runs of each sync, oldest first. An index leads to the oldest of them, and from there to the newest:
    however many older ones there are, they cost nothing.
    """
    edge = Run.objects.filter(sync=OuterRef("pk")).order_by("-id").values("id")[RECENT - 1 : RECENT]
    since = SyncRow.objects.filter(pk__in=syncs).order_by().annotate(edge=Coalesce(Subquery(edge), 0))
    newest = since.filter(runs__id__gte=F("edge")).values_list("runs__id", flat=True)
    runs = Run.objects.filter(id__in=list(newest)).order_by("id")
    found: dict[int, list[Glimpse]] = defaultdict(list)
    times, worker = ("created_at", "started_at", "finished_at"), ("pid", "worker", "lease_until")
    lock = "sync__stream__state_id"  # tells whether anybody works on it
    for run in runs.select_related("sync__stream").only(
        "id", "status", "kind", *times, *worker, "counts", lock
    ):
        found[run.sync_id].append(glimpse(run))
    return found


def glimpse(run: Run) -> Glimpse:
    counts = run.counts
    begun, ended = run.started_at, run.finished_at
    return Glimpse(
        run=run.pk,
        status=status_of(run),
        at=begun or run.created_at,
        seconds=(ended - begun).total_seconds() if begun and ended else None,
        read=counts.get("read", 0),
        planned=sum(counts.get(name, 0) for name in ("add", "change", "remove")),
        accepted=counts.get("accepted", 0),
        rejected=counts.get("rejected", 0),
        invalid=counts.get("invalid", 0),
        test=run.kind == RunKind.TEST.value,
    )


def _lately() -> dict[str, int]:
    """Not grouped: that would lead SQLite through all runs ever kept, in the order of their status."""
    since = datetime.now(UTC) - timedelta(hours=HOURS)
    counts = {status.value: Count("id", filter=Q(status=status.value)) for status in RunStatus}
    counted = Run.objects.filter(created_at__gte=since).order_by().aggregate(**counts)
    return {status: number for status, number in counted.items() if number}


NOBODY_LOOKS = (
    "No worker is looking: schedules and queued runs wait for one. headcount serve includes one, and headcount worker "
    "is one."
)


def _unattended(syncs: Iterable[SyncSummary]) -> Iterator[Attention]:
    """Is there something for a worker to do, and none?"""
    awaited = any(sync.starts and not sync.paused for sync in syncs)
    awaited = awaited or Run.objects.filter(status=RunStatus.QUEUED.value, attempt__gt=0).exists()
    if awaited and not worker_seen(datetime.now(UTC)):
        yield Attention(kind="worker", sentence=NOBODY_LOOKS)


def _waiting() -> Iterator[Attention]:
    waiting = Run.objects.filter(status=RunStatus.WAITING.value).select_related("sync")
    for run in waiting.only("id", "error", "sync__name").order_by("id"):
        yield Attention(
            kind="waiting", run=run.pk, sentence=f"{run.sync.name} waits for approval. {run.error}".strip()
        )


_TELLING = (
    RunStatus.COMPLETED.value,
    RunStatus.FAILED.value,
)  # how a sync is doing; a canceled run says nothing, and neither does a test of one row


@dataclass(frozen=True, kw_only=True)
class _Ended:
    """How the last run of a sync went that tells how it is doing."""

    sync: str
    run: int
    status: str
    error: str
    warnings: list[str]


def _ended(syncs: Iterable[SyncSummary]) -> list[_Ended]:
    last = {
        run.run: sync.name
        for sync in syncs
        if (
            run := next(
                (run for run in reversed(sync.recent) if run.status in _TELLING and not run.test), None
            )
        )
    }
    told = Run.objects.filter(id__in=last).order_by("id") if last else Run.objects.none()
    return [
        _Ended(sync=last[run], run=run, status=status, error=error, warnings=warnings)
        for run, status, error, warnings in told.values_list("id", "status", "error", "warnings")
    ]


def _failing(ended: Iterable[_Ended]) -> Iterator[Attention]:
    for last in ended:
        if last.status == RunStatus.FAILED.value:
            sentence = f"Run {last.run} of {last.sync} failed. {last.error}".strip()
            yield Attention(kind="failed", run=last.run, sentence=sentence)


def _keeping_everybody(ended: Iterable[_Ended]) -> Iterator[Attention]:
    """Mirrors that remove nobody, for a key cannot be read."""
    for last in ended:
        if last.status == RunStatus.COMPLETED.value and any(NOBODY_REMOVED in said for said in last.warnings):
            sentence = f"{last.sync} removed nobody in run {last.run}: a key cannot be read."
            yield Attention(kind="unremoved", run=last.run, sentence=sentence)


_SAID = (
    AlertKind.FAILED.value,
    AlertKind.WAITING.value,
)  # runs that failed or wait are here without any rule


def _alerting() -> Iterator[Attention]:
    """The alerts that are still so, the newest first."""
    still = Alert.objects.filter(resolved_at=None).exclude(rule__kind__in=_SAID).order_by("-id")
    for alert in still.select_related("sync")[:MOST_ALERTS]:
        where = {"run": alert.run_id} if alert.run_id else {"sync": alert.sync.key}
        yield Attention(kind="alert", sentence=f"{alert.sync.name}: {alert.words}", **where)


def _unreachable(connections: Iterable[tuple[str, str, bool | None, str]]) -> Iterator[Attention]:
    for key, name, passed, result in connections:
        if passed is False:
            yield Attention(
                kind="connection",
                connection=key,
                sentence=f"{name} did not pass its last test. {result}".strip(),
            )


def _refused(syncs: Iterable[SyncSummary]) -> Iterator[Attention]:
    for sync in syncs:
        if sync.open:
            rows = amount(sync.open, "row")
            yield Attention(kind="rejected", sync=sync.key, sentence=f"{sync.name}: {rows} rejected.")
