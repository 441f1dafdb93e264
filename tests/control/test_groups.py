"""Rows that were listed before there were groups get theirs."""

from __future__ import annotations

from pathlib import Path

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from headcount.control import held, runs
from headcount.control.held import Refused
from headcount.control.models import Rejected, RejectedGroup, Sync
from headcount.model import Fate, Operation, Outcome
from tests.control.sample import make_run


def _refused(key: str, seq: int, field: str) -> Refused:
    outcome = Outcome(index=seq, fate=Fate.REJECTED, reason="invalid", field=field, message="too long")
    return Refused(seq=seq, key=key, op=Operation.ADD, outcome=outcome)


def _listed(sync: Sync) -> None:
    rows = [_refused("a", 0, "bio"), _refused("b", 1, "bio"), _refused("c", 2, "plan")]
    held.record_rejected(runs.add(sync), rows)
    held.mute_rows(sync, list(sync.rejected.filter(key="b").values_list("id", flat=True)))


def _counts() -> list[tuple[str, int, int]]:
    return list(RejectedGroup.objects.order_by("field").values_list("field", "open", "muted"))


def test_an_older_store_gets_its_groups_with_the_counts_of_its_rows(home: Path) -> None:
    _listed(make_run().sync)
    MigrationExecutor(connection).migrate([("control", "0007_origins")])
    MigrationExecutor(connection).migrate([("control", "0010_rejected_have_groups")])
    assert _counts() == [("bio", 1, 1), ("plan", 1, 0)]
    assert Rejected.objects.filter(group=None).count() == 0


def test_a_fold_that_is_repeated_counts_its_refusals_once(home: Path) -> None:
    sync = make_run().sync
    run = runs.add(sync)
    for _ in range(2):
        held.record_rejected(run, [_refused("a", 0, "bio"), _refused("c", 1, "plan")])
    assert _counts() == [("bio", 1, 0), ("plan", 1, 0)]


def test_a_later_refusal_of_the_same_row_takes_the_place_of_the_earlier(home: Path) -> None:
    sync = make_run().sync
    _listed(sync)
    held.record_rejected(runs.add(sync), [_refused("a", 0, "plan"), _refused("b", 1, "bio")])
    assert _counts() == [("bio", 1, 0), ("plan", 2, 0)]
