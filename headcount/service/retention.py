"""How long plans are kept: they hold row values, and explaining a record needs them for a while."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

from headcount.control.models import Exchange, Run, Sync
from headcount.home import Home

KEEP_DAYS = 30
KEEP_RUNS = 20
KEEP_REQUESTS_DAYS = 7


def forget_old_plans(home: Home, sync: Sync) -> None:
    """Delete the plans of a sync's runs that are older than 30 days, except those of its newest 20 runs."""
    newest = sync.runs.order_by("-id").values_list("id", flat=True)[:KEEP_RUNS]
    before = datetime.now(UTC) - timedelta(days=KEEP_DAYS)
    old = sync.runs.filter(finished_at__lt=before).exclude(id__in=list(newest)).exclude(plan_path="")
    for run in old:
        forget_plan(home, run)
    _forget_old_requests(sync, list(newest))


def _forget_old_requests(sync: Sync, newest: list[int]) -> None:
    """The log of requests is for looking at what happened lately."""
    before = datetime.now(UTC) - timedelta(days=KEEP_REQUESTS_DAYS)
    Exchange.objects.filter(run__sync=sync, at__lt=before).exclude(run__in=newest).delete()


def forget_plan(home: Home, run: Run) -> None:
    """Delete one run's plan; the run itself, its counts and its receipts stay."""
    shutil.rmtree(home.plans / str(run.pk), ignore_errors=True)
    Run.objects.filter(pk=run.pk).update(plan_path="")


def forget_orphans(home: Home) -> None:
    """Delete the plans of runs that are no longer in the control store, because their sync was deleted."""
    known = set(Run.objects.values_list("id", flat=True))
    for folder in home.plans.iterdir():
        if folder.name.isdigit() and int(folder.name) not in known:
            shutil.rmtree(folder, ignore_errors=True)
