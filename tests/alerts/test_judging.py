"""What a rule finds in a run, and whether that is news. The clock is the test's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from headcount.control.alerts.judging import Memory, RunFacts, Turn, judge, turn
from headcount.control.alerts.rule import AlertKind, Rule
from headcount.model import RunKind, RunStatus

NOON = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
RUN = RunFacts(id=7, status=RunStatus.COMPLETED, created_at=NOON, started_at=NOON, finished_at=NOON)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def troubled(rule: Rule, run: RunFacts, **more: object) -> bool | None:
    found = judge(rule, run, more.pop("now", NOON), **more)  # type: ignore[arg-type]
    return found.troubled if found else None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (RunStatus.FAILED, True),
        (RunStatus.COMPLETED, False),
        (RunStatus.CANCELED, None),
        (RunStatus.SKIPPED, None),
        (RunStatus.SUPERSEDED, None),
        (RunStatus.WAITING, None),
    ],
)
def test_only_a_completed_run_ends_the_trouble_of_a_failed_one(
    status: RunStatus, expected: bool | None
) -> None:
    assert troubled(Rule(kind=AlertKind.FAILED), replace(RUN, status=status)) is expected


def test_a_failed_run_is_told_with_its_reason_and_what_to_do() -> None:
    run = replace(RUN, status=RunStatus.FAILED, error="The key was refused.", hint="Replace it.")
    found = judge(Rule(kind=AlertKind.FAILED), run, NOON)
    assert found
    assert found.words == "Run 7 failed. The key was refused. Replace it."


@pytest.mark.parametrize(
    ("threshold", "rejected", "invalid", "expected"),
    [
        (75, 75, 0, False),
        (75, 76, 0, True),
        (75, 0, 675, False),
        (75, 0, 676, True),
        (75, 75, 675, False),  # each has a whole of its own
        (0, 1, 0, True),
        (0, 0, 1, True),
        (0, 0, 0, False),
    ],
)
def test_the_rejected_share_is_of_the_rows_sent_and_the_invalid_share_of_those_read(
    threshold: float, rejected: int, invalid: int, expected: bool
) -> None:
    counts = {"read": 900, "add": 60, "change": 40, "rejected": rejected, "invalid": invalid}
    rule = Rule(kind=AlertKind.REJECTED, threshold=threshold)
    assert troubled(rule, replace(RUN, counts=counts)) is expected


@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        (0, "6 of 30,007 rows that run 7 read are invalid."),
        (0.01, "6 of 30,007 rows that run 7 read are invalid: 0.02 %, more than 0.01 %."),
        (0.0199, "6 of 30,007 rows that run 7 read are invalid: 0.02 %, more than 0.0199 %."),
    ],
)
def test_a_small_share_is_told_in_numbers_that_say_something(threshold: float, words: str) -> None:
    counts = {"read": 30_007, "unchanged": 30_001, "invalid": 6}
    found = judge(Rule(kind=AlertKind.REJECTED, threshold=threshold), replace(RUN, counts=counts), NOON)
    assert found
    assert found.words == words


def test_a_run_with_nothing_to_send_says_nothing_about_refused_rows() -> None:
    rule = Rule(kind=AlertKind.REJECTED, threshold=0)
    assert troubled(rule, replace(RUN, counts={"read": 900, "held": 9})) is None


def test_a_few_invalid_rows_that_stay_are_no_alert_of_every_quiet_run() -> None:
    rule = Rule(kind=AlertKind.REJECTED, threshold=75)
    assert troubled(rule, replace(RUN, counts={"read": 4301, "unchanged": 4299, "invalid": 2})) is False


def test_no_rows_is_told_also_while_the_guard_waits_and_not_when_nothing_was_read() -> None:
    rule = Rule(kind=AlertKind.NO_ROWS)
    assert troubled(rule, replace(RUN, counts={"read": 0}))
    assert troubled(rule, replace(RUN, status=RunStatus.WAITING, counts={"read": 0}))
    assert troubled(rule, replace(RUN, counts={"read": 1})) is False
    assert troubled(rule, replace(RUN, status=RunStatus.FAILED)) is None


@pytest.mark.parametrize(
    ("read", "expected"), [(150, False), (151, True), (50, False), (49, True), (100, False)]
)
def test_a_number_is_unusual_when_it_is_far_from_the_average_of_earlier_runs(
    read: int, expected: bool
) -> None:
    rule = Rule(kind=AlertKind.UNUSUAL, threshold=50, runs=3)
    before = [{"read": 90}, {"read": 110}, {"read": 100}, {"read": 100_000}]
    assert troubled(rule, replace(RUN, counts={"read": read}), before=before) is expected


def test_what_is_usual_is_not_known_before_there_were_enough_runs() -> None:
    rule = Rule(kind=AlertKind.UNUSUAL, threshold=50, runs=3)
    run = replace(RUN, counts={"read": 10_000})
    assert troubled(rule, run, before=[{"read": 1}, {"read": 1}]) is None


def test_anything_is_unusual_where_there_was_nothing() -> None:
    rule = Rule(kind=AlertKind.UNUSUAL, threshold=50, runs=2, counts="planned")
    before = [{"read": 9}, {"read": 9}]
    assert troubled(rule, replace(RUN, counts={"read": 9, "remove": 1}), before=before)
    assert troubled(rule, replace(RUN, counts={"read": 9}), before=before) is False


def test_a_scheduled_run_is_late_when_it_did_not_begin_in_time() -> None:
    rule = Rule(kind=AlertKind.LATE, threshold=5)
    queued = replace(RUN, status=RunStatus.QUEUED, scheduled_for=NOON, started_at=None, finished_at=None)
    assert troubled(rule, queued, now=NOON + minutes(5)) is None
    assert troubled(rule, queued, now=NOON + minutes(5.1))
    began = replace(RUN, scheduled_for=NOON, started_at=NOON + minutes(6))
    assert troubled(rule, began, now=NOON + minutes(60))
    assert troubled(rule, replace(began, started_at=NOON + minutes(1)), now=NOON + minutes(60)) is False
    assert troubled(rule, replace(began, scheduled_for=None)) is None
    assert troubled(rule, replace(queued, status=RunStatus.SKIPPED), now=NOON + minutes(60)) is None


def test_a_run_is_long_while_it_works_and_over_with_one_that_was_quicker() -> None:
    rule = Rule(kind=AlertKind.LONG, threshold=30)
    working = replace(RUN, status=RunStatus.WORKING, finished_at=None)
    assert troubled(rule, working, now=NOON + minutes(30)) is None
    assert troubled(rule, working, now=NOON + minutes(31))
    assert troubled(rule, replace(RUN, finished_at=NOON + minutes(31)))
    assert troubled(rule, replace(RUN, finished_at=NOON + minutes(29))) is False
    assert troubled(rule, replace(RUN, finished_at=NOON + minutes(90), approved=True)) is None


def test_a_guard_is_over_when_the_run_has_ended_unless_a_newer_one_took_its_place() -> None:
    rule = Rule(kind=AlertKind.WAITING)
    assert troubled(rule, replace(RUN, status=RunStatus.WAITING))
    for status in (RunStatus.COMPLETED, RunStatus.CANCELED, RunStatus.FAILED):
        assert troubled(rule, replace(RUN, status=status)) is False
    assert troubled(rule, replace(RUN, status=RunStatus.SUPERSEDED)) is None


@pytest.mark.parametrize("kind", AlertKind)
def test_a_row_that_was_sent_by_hand_is_nobodys_alert(kind: AlertKind) -> None:
    run = replace(RUN, status=RunStatus.FAILED, kind=RunKind.TEST, counts={"read": 0, "invalid": 1})
    assert judge(Rule(kind=kind), run, NOON) is None


def test_news_is_what_begins_goes_on_and_ends() -> None:
    rule, failed = Rule(kind=AlertKind.FAILED), replace(RUN, status=RunStatus.FAILED)
    bad, good = judge(rule, failed, NOON), judge(rule, RUN, NOON)
    known = Memory(raised=True, run=7)
    assert turn(bad, Memory(), 7) is Turn.RAISE
    assert turn(bad, known, 7) is Turn.REST
    assert turn(bad, known, 8) is Turn.REPEAT
    assert turn(good, known, 8) is Turn.RESOLVE
    assert turn(good, Memory(), 8) is Turn.REST
    assert turn(None, known, 8) is Turn.REST
