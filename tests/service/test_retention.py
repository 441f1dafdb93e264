"""Plans hold row values, and receipts and runs pile up: none of them stays for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from headcount.control.held import Refused, record_rejected, resolve
from headcount.control.models import Connection, Exchange, Intent, Model, Receipt, Run, Stream, Sync
from headcount.control.setup import close, setup
from headcount.errors import ConfigurationError
from headcount.frozen import FILE
from headcount.home import Home
from headcount.model import Fate, Operation, Outcome
from headcount.service.plans import keep_plan
from headcount.service.retention import (
    KEEP_RUNS,
    Retention,
    Tidied,
    forget_old_plans,
    forget_orphans,
    keep,
    retention,
    tidy,
    tidy_daily,
)


@pytest.fixture
def sync(home: Path) -> Sync:
    source = Connection.objects.create(key="w", name="w", type="duckdb")
    target = Connection.objects.create(key="c", name="c", type="customerio")
    model = Model.objects.create(key="m", name="m", connection=source)
    stream = Stream.objects.create(key="s")
    return Sync.objects.create(
        key="s", name="s", model=model, destination=target, object="person", stream=stream
    )


def made(sync: Sync, days: int, count: int, **more: object) -> list[Run]:
    """Runs that ended so many days ago, with a plan, an intent and a receipt each."""
    ended = datetime.now(UTC) - timedelta(days=days)
    runs = [
        Run.objects.create(sync=sync, **{"status": "completed", "finished_at": ended, **more})
        for _ in range(count)
    ]
    for run in runs:
        folder = setup().plans / str(run.pk)
        folder.mkdir()
        (folder / FILE).write_text("{}")
        keep_plan(run.pk, folder)
        Intent.objects.create(run=run, first=0, last=9)
        Receipt.objects.create(
            run=run, first=0, last=9, accepted=10, rejected=0, in_doubt=0, unsent=0, requests=1, bytes=1
        )
    return runs


def folders(home: Home) -> set[int]:
    return {int(folder.name) for folder in home.plans.iterdir()}


def test_old_plans_go_the_newest_runs_keep_theirs_and_runs_stay(sync: Sync) -> None:
    runs = made(sync, 31, KEEP_RUNS + 2)
    assert forget_old_plans(setup(), sync) == 2
    assert folders(setup()) == {run.pk for run in runs[2:]}
    assert Run.objects.count() == len(runs)
    runs[-1].delete()
    forget_orphans(setup())
    assert folders(setup()) == {run.pk for run in runs[2:-1]}


def test_looking_for_old_plans_reads_no_run_that_has_none(sync: Sync) -> None:
    made(sync, 31, KEEP_RUNS + 2)
    ended = datetime.now(UTC) - timedelta(days=400)
    Run.objects.bulk_create(
        [Run(sync=sync, status="completed", finished_at=ended) for _ in range(3_000)], batch_size=100
    )
    read = 0

    def counted(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        nonlocal read
        answer = execute(sql, params, many, context)
        if sql.startswith("SELECT"):
            rows = context["cursor"].fetchall()
            read += len(rows)
            return execute(sql, params, many, context)
        return answer

    with connection.execute_wrapper(counted):
        assert forget_old_plans(setup(), sync) == KEEP_RUNS + 2
    assert read < 100


def test_plans_that_were_never_sent_go_too_wherever_they_are(sync: Sync) -> None:
    failed, superseded = (
        made(sync, 31, 1, status=status, folded=True)[0] for status in ("failed", "superseded")
    )
    made(sync, 1, KEEP_RUNS)
    assert tidy().plans == 2
    assert folders(setup()).isdisjoint({failed.pk, superseded.pk})


def test_plans_go_after_a_run_when_it_is_set_that_they_do(sync: Sync) -> None:
    keep(Retention(plans=365))
    [old, older] = [made(sync, days, 1)[0] for days in (100, 366)]
    made(sync, 1, KEEP_RUNS)
    assert forget_old_plans(setup(), sync) == 1
    assert old.pk in folders(setup())
    assert older.pk not in folders(setup())


def test_receipts_go_later_and_runs_last(sync: Sync) -> None:
    ancient, old, aged = made(sync, 401, 1), made(sync, 91, 2), made(sync, 31, 3)
    made(sync, 1, KEEP_RUNS)
    assert tidy() == Tidied(plans=6, receipts=3, runs=1, requests=0)
    assert not Run.objects.filter(pk=ancient[0].pk).exists()
    assert not Receipt.objects.filter(run__in=old).exists()
    assert not Intent.objects.filter(run__in=old).exists()
    assert Receipt.objects.filter(run__in=aged).count() == 3
    assert tidy() == Tidied(plans=0, receipts=0, runs=0, requests=0)


def test_a_run_whose_refused_rows_are_still_open_stays(sync: Sync) -> None:
    [run, other] = made(sync, 500, 2)
    made(sync, 1, KEEP_RUNS)
    for one, key in ((run, "7"), (other, "8")):
        refused = Outcome(index=0, fate=Fate.REJECTED, reason="invalid")
        record_rejected(one, [Refused(seq=0, key=key, op=Operation.ADD, outcome=refused)])
    resolve(sync, ["8"])
    assert tidy().runs == 1
    assert Run.objects.filter(pk=run.pk).exists()


def test_a_run_that_waits_for_approval_stays_however_long_it_waits(sync: Sync) -> None:
    [run] = made(sync, 500, 1, status="waiting")
    made(sync, 1, KEEP_RUNS)
    assert tidy() == Tidied(plans=0, receipts=0, runs=0, requests=0)
    assert run.receipts.count() == 1


def test_a_failed_run_whose_answers_are_not_in_the_state_keeps_its_plan_and_receipts(sync: Sync) -> None:
    [failed] = made(sync, 999, 1, status="failed")
    made(sync, 1, KEEP_RUNS)
    tidy()
    assert failed.pk in folders(setup())
    assert Receipt.objects.filter(run=failed).exists()
    Run.objects.filter(pk=failed.pk).update(folded=True)
    tidy()
    assert not Run.objects.filter(pk=failed.pk).exists()


def test_how_long_things_are_kept_can_be_set(sync: Sync) -> None:
    assert retention() == Retention(plans=30, receipts=90, runs=400)
    keep(Retention(plans=2, receipts=3, runs=4))
    close()
    assert retention() == Retention(plans=2, receipts=3, runs=4)
    made(sync, 5, 1)
    made(sync, 1, KEEP_RUNS)
    assert tidy().runs == 1


@pytest.mark.parametrize("days", [Retention(plans=0), Retention(receipts=500)])
def test_numbers_that_cannot_be_meant_are_refused(sync: Sync, days: Retention) -> None:
    with pytest.raises(ConfigurationError):
        keep(days)
    assert retention() == Retention()


def asked(run: Run) -> None:
    Exchange.objects.create(
        run=run, at=datetime.now(UTC), attempt=1, items=1, bytes=9, seconds=0.1, complaints=0, troubled=False
    )


def test_the_log_of_requests_goes_after_a_week_also_of_the_newest_runs(sync: Sync) -> None:
    old, young = (made(sync, days, 1)[0] for days in (8, 6))
    asked(old), asked(young)
    assert tidy() == Tidied(plans=0, receipts=0, runs=0, requests=1)
    assert [each.run_id for each in Exchange.objects.all()] == [young.pk]
    keep(Retention(requests=5))
    assert tidy().requests == 1


def test_sessions_that_have_ended_go(sync: Sync) -> None:
    now = datetime.now(UTC)
    for key, hours in (("ended", -1), ("open", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(hours=hours))
    tidy()
    assert [each.session_key for each in Session.objects.all()] == ["open"]


def test_tidying_by_itself_is_done_once_a_day(sync: Sync) -> None:
    (run,) = made(sync, 8, 1)
    now = datetime.now(UTC)
    asked(run)
    done = tidy_daily(now)
    assert done is not None
    assert done.requests == 1
    asked(run)
    assert tidy_daily(now + timedelta(hours=23)) is None
    assert Exchange.objects.count() == 1
    again = tidy_daily(now + timedelta(hours=25))
    assert again is not None
    assert again.requests == 1
