"""How long things are kept. Plans hold row values, receipts and runs only pile up; none of them stays for ever."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet

from headcount.chunks import chunks
from headcount.control import audit
from headcount.control.models import Exchange, Intent, Receipt, Rejected, Run, Setting, Sync
from headcount.control.runs import UNFINISHED, unsettled
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.home import Home
from headcount.service.drafts import forget_old_drafts
from headcount.service.form_steps import forget_old_steps
from headcount.service.plans import drop_copies, drop_plans, known_plans, plans_here

KEEP_RUNS = 20  # the newest runs of a sync keep what they have, however old they are
AT_ONCE = 200  # runs whose rows are deleted in one transaction: writers must not wait long
SETTING = "retention"
TIDIED = "tidied at"


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Days after the end of a run. Receipts tell what became of a record; runs are lines in a list; requests are those
    of the API log.
    """

    plans: int = 30
    receipts: int = 90
    runs: int = 400
    requests: int = 7


@dataclass(frozen=True, kw_only=True)
class Tidied:
    """How much was deleted: plans, receipts and runs, each counted by runs, and requests of the API log."""

    plans: int
    receipts: int
    runs: int
    requests: int


def retention() -> Retention:
    """What is set, or what holds without anybody's word."""
    setup()
    with told():
        row = Setting.objects.filter(name=SETTING).first()
    known = {field.name for field in fields(Retention)}
    return Retention(**{name: days for name, days in (row.value if row else {}).items() if name in known})


def keep(days: Retention) -> None:
    """Set how long things are kept. Raises ``ConfigurationError`` for numbers that cannot be meant."""
    if any(value < 1 for value in asdict(days).values()):
        raise ConfigurationError("Things are kept for at least one day.", hint="Give a number from 1.")
    if days.runs < days.receipts:
        raise ConfigurationError(
            "Receipts cannot be kept longer than the runs they belong to.",
            hint="Keep runs as long, or longer.",
        )
    with told():
        before = retention()
        Setting.objects.update_or_create(name=SETTING, defaults={"value": asdict(days)})
        audit.record("changed", SETTING, {"old": asdict(before), "new": asdict(days)})


@told()
def tidy() -> Tidied:
    """Delete what is older than it has to be, sessions that have ended, and what was typed into forms a day ago. May be
    done at any time, also while runs work.

    Of each sync the newest 20 runs stay as they are but for the log of their requests, and so does every run that has
    not ended or whose refused rows are still open.
    """
    home, days = setup(), retention()
    from django.contrib.sessions.models import Session  # which can be imported once the store is set up

    syncs = list(Sync.objects.all())
    tidy_here()
    Session.objects.filter(expire_date__lt=datetime.now(UTC)).delete()
    forget_old_steps()
    return Tidied(
        requests=sum(_forget_requests(sync, days.requests) for sync in syncs),
        plans=sum(forget_old_plans(home, sync, days.plans) for sync in syncs),
        receipts=sum(_forget_receipts(sync, days.receipts) for sync in syncs),
        runs=sum(_forget_runs(home, sync, days.runs) for sync in syncs),
    )


@told()
def tidy_here() -> None:
    """The part of it that each machine does for itself: copies of plans, and plans that were made to be looked at."""
    home = setup()
    forget_old_drafts()
    here, yesterday = plans_here(home), datetime.now(UTC) - timedelta(days=1)
    lately = Run.objects.exclude(finished_at__lt=yesterday)
    working = Run.objects.filter(status__in=[status.value for status in UNFINISHED])
    # What is not in the control store any more is over, too.
    ended, long_ago = (here - set(runs.values_list("id", flat=True)) for runs in (working, lately))
    drop_copies(home, ended, long_ago & ended)


def tidy_daily(now: datetime) -> Tidied | None:
    """``tidy``, unless that was done within the last day; of several workers one does it. ``now`` has a zone."""
    setup()
    with told():
        latest = Setting.objects.get_or_create(name=TIDIED, defaults={"value": ""})[0].value
        if latest and now - datetime.fromisoformat(latest) < timedelta(days=1):
            return None
        mine = Setting.objects.filter(name=TIDIED, value=latest).update(value=now.isoformat())
    return tidy() if mine else None


def forget_old_plans(home: Home, sync: Sync, days: int | None = None) -> int:
    """Delete the plans of a sync's old runs and return of how many; the runs, their counts and receipts stay.

    They are kept for so many ``days``, or as long as is set. What is there counts, and not what a run says of itself:
    one that failed or gave way to another before it sent anything has a plan too. So however many runs are kept without
    one, they cost nothing here.
    """
    known = sorted(known_plans(home))
    old = _old(sync, retention().plans if days is None else days).order_by("id")
    gone = [
        run for some in chunks(known, AT_ONCE) for run in old.filter(id__in=some).values_list("id", flat=True)
    ]
    drop_plans(home, gone)
    for some in chunks(gone, AT_ONCE):
        Run.objects.filter(id__in=some).update(plan_path="")
    return len(gone)


def forget_orphans(home: Home) -> None:
    """Delete the plans of runs that are no longer in the control store, because their sync was deleted."""
    known = set(Run.objects.values_list("id", flat=True))
    drop_plans(home, [run for run in known_plans(home) if run not in known])


def _old(sync: Sync, days: int) -> QuerySet[Run]:
    """The runs of a sync that ended so long ago, without those that stay as they are."""
    kept = list(sync.runs.order_by("-id").values_list("id", flat=True)[:KEEP_RUNS])
    kept += [run.pk for run in unsettled(sync)]  # what they sent is still to be accounted for
    before = datetime.now(UTC) - timedelta(days=days)
    unfinished = [status.value for status in UNFINISHED]
    return sync.runs.filter(finished_at__lt=before).exclude(id__in=kept).exclude(status__in=unfinished)


def _forget_requests(sync: Sync, days: int) -> int:
    """The log of requests belongs to runs that may stay for years; it goes early."""
    before = datetime.now(UTC) - timedelta(days=days)
    ended = sync.runs.filter(finished_at__lt=before, exchanges__isnull=False).distinct()
    count = 0
    for some in chunks(list(ended.values_list("id", flat=True)), AT_ONCE):
        count += Exchange.objects.filter(run_id__in=some).delete()[0]
    return count


def _forget_receipts(sync: Sync, days: int) -> int:
    """The sums of a run stand in its row; what goes is which batch had which answer."""
    old = _old(sync, days).filter(Q(receipts__isnull=False) | Q(intents__isnull=False)).distinct()
    count = 0
    for some in chunks(list(old.values_list("id", flat=True)), AT_ONCE):
        Receipt.objects.filter(run_id__in=some).delete()
        Intent.objects.filter(run_id__in=some).delete()
        count += len(some)
    return count


def _forget_runs(home: Home, sync: Sync, days: int) -> int:
    open_ = sync.rejected.exclude(status=Rejected.Status.RESOLVED).values("run_id")
    old = _old(sync, days).exclude(id__in=open_)
    count = 0
    for some in chunks(list(old.values_list("id", flat=True)), AT_ONCE):
        drop_plans(home, some)
        Run.objects.filter(id__in=some).delete()
        count += len(some)
    return count
