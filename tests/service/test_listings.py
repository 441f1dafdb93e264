from __future__ import annotations

import csv
import stat
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headcount.control import held, reading, runs
from headcount.control.models import Run
from headcount.errors import ConfigurationError
from headcount.model import Counts, Fate, Invalid, Operation, Outcome, RunStatus
from headcount.service.csv_listing import Written, write_rejected
from headcount.service.left_out import InvalidReason
from headcount.service.listings import RUNS_AT_ONCE, list_runs, rejections
from tests.control.sample import make_run


def refuse(run: Run, *keys: str) -> None:
    outcome = Outcome(
        index=0, fate=Fate.REJECTED, reason="invalid", field="email", message='=no, "really"\nno'
    )
    rows = (held.Refused(seq=n, key=key, op=Operation.ADD, outcome=outcome) for n, key in enumerate(keys))
    held.record_rejected(run, rows)


def test_runs_are_listed_newest_first_with_their_sums(home: Path) -> None:
    run = make_run()
    runs.begin(run, snapshot={}, fingerprint="")
    runs.finish(run, RunStatus.COMPLETED, counts=Counts(read=3, add=3, accepted=3))
    newer = runs.add(run.sync)
    assert [(line.run, line.status) for line in list_runs()] == [(newer.pk, "queued"), (run.pk, "completed")]
    assert list_runs("users", limit=2)[1].counts["accepted"] == 3
    assert list_runs(limit=1)[0].run == newer.pk


def test_an_unknown_sync_is_answered_with_the_nearest(home: Path) -> None:
    make_run()
    with pytest.raises(ConfigurationError, match="Did you mean users"):
        list_runs("user")
    with pytest.raises(ConfigurationError, match="There is no sync other"):
        rejections("other")


def test_rejected_and_invalid_rows_stand_in_one_listing(home: Path) -> None:
    run = make_run()
    refuse(run, "a", "b", "c")
    held.record_invalid(run, [Invalid(key="d", field="plan", reason="too long")])
    runs.explain(run, {}, [("plan", "too long", 60)])
    found = rejections("users", limit=2)
    assert found.total == 3
    assert [row.key for row in found.rejected] == ["a", "b"]
    assert (found.invalid_run, found.invalid[0].reason) == (run.pk, "too long")
    assert found.invalid_reasons == (InvalidReason(field="plan", reason="too long", rows=60, example="d"),)


def test_the_csv_holds_all_rejected_rows_and_is_readable_by_nobody_else(home: Path, tmp_path: Path) -> None:
    refuse(make_run(), *(f"k{number}" for number in range(700)))
    path = tmp_path / "rejected.csv"
    assert write_rejected("users", path) == Written(rejected=700, invalid=0, complaints=0)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [rows[0][name] for name in ("kind", "key", "field")] == ["rejected", "k0", "email"]
    assert rows[699]["key"] == "k699"
    assert rows[0]["message"].endswith("no")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_listing_of_many_rows_is_read_some_at_a_time_newest_run_first(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 2)
    run = make_run()
    refuse(run, "a", "b", "c")
    later = runs.add(run.sync)
    refuse(later, "d", "e")
    path = tmp_path / "rejected.csv"
    with CaptureQueriesContext(connection) as queries:
        write_rejected("users", path)
    with path.open(newline="") as file:
        assert [row["key"] for row in csv.DictReader(file)] == ["d", "e", "a", "b", "c"]
    asked = [query["sql"] for query in queries if "message" in query["sql"].partition("FROM")[0]]
    assert asked
    assert all(sql.endswith("LIMIT 2") for sql in asked if "control_rejected" in sql)


def test_the_run_whose_rows_are_invalid_today_is_looked_for_among_the_newest_first(home: Path) -> None:
    run = make_run()
    runs.explain(run, {}, [("plan", "too long", 1)])
    for _ in range(RUNS_AT_ONCE + 1):
        runs.add(run.sync)
    with CaptureQueriesContext(connection) as queries:
        assert rejections("users").invalid_run == run.pk
    asked = [query["sql"] for query in queries if "invalid_reasons" in query["sql"].partition("FROM")[0]]
    looked_for = [sql for sql in asked if "ORDER BY" in sql and "control_rejected" not in sql]
    assert [sql.endswith(f"LIMIT {RUNS_AT_ONCE}") for sql in looked_for] == [True, True]


def test_a_csv_that_cannot_be_written_is_a_clear_error(home: Path, tmp_path: Path) -> None:
    make_run()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_rejected("users", tmp_path / "no" / "folder.csv")


def test_the_csv_says_when_only_examples_of_invalid_rows_are_left(home: Path, tmp_path: Path) -> None:
    run = make_run()
    held.record_invalid(run, [Invalid(key="d", field="plan", reason="too long")])
    runs.explain(run, {}, [("plan", "too long", 1)])
    path = tmp_path / "rejected.csv"
    assert write_rejected("users", path) == Written(rejected=0, invalid=1, complaints=1, complete=False)
    with path.open(newline="") as file:
        [row] = csv.DictReader(file)
    assert [row[name] for name in ("kind", "key", "field", "reason")] == ["invalid", "d", "plan", "too long"]


def test_rows_that_were_mended_are_not_listed_as_invalid_any_more(home: Path) -> None:
    run = make_run()
    held.record_invalid(run, [Invalid(key="d", field="plan", reason="too long")])
    runs.explain(run, {}, [("plan", "too long", 1)])
    runs.finish(run, RunStatus.COMPLETED, counts=Counts(read=1, invalid=1))
    runs.finish(runs.add(run.sync), RunStatus.COMPLETED, counts=Counts(read=1, unchanged=1))
    found = rejections("users")
    assert (found.invalid_run, found.invalid) == (None, ())
