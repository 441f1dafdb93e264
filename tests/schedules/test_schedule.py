"""When a sync is due, also on the two days of a year on which the clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headcount.errors import ConfigurationError
from headcount.schedule import Schedule, by_frequency, check_cron, check_timezone

BERLIN = ZoneInfo("Europe/Berlin")


def due(schedule: Schedule, start: datetime, count: int) -> list[datetime]:
    found = []
    for _ in range(count):
        start = schedule.next_after(start)
        found.append(start)
    return found


def local(schedule: Schedule, start: datetime, count: int) -> list[str]:
    return [f"{d.astimezone(BERLIN):%d. %H:%M %Z}" for d in due(schedule, start, count)]


def test_minutes_stand_on_one_grid_whenever_one_looks() -> None:
    schedule = Schedule(every_minutes=15)
    assert schedule.next_after(datetime(2026, 3, 1, 10, 7, 3, tzinfo=UTC)) == datetime(
        2026, 3, 1, 10, 15, tzinfo=UTC
    )
    assert schedule.next_after(datetime(2026, 3, 1, 10, 15, tzinfo=UTC)) == datetime(
        2026, 3, 1, 10, 30, tzinfo=UTC
    )


def test_every_minute_is_the_shortest_and_is_never_skipped_at_a_change_of_clocks() -> None:
    found = due(Schedule(every_minutes=1), datetime(2026, 3, 29, 0, 58, tzinfo=UTC), 5)
    assert [later - earlier for earlier, later in pairwise(found)] == [timedelta(minutes=1)] * 4


def test_a_daily_time_is_the_clocks_on_the_wall() -> None:
    schedule = by_frequency("daily", hour=6, minute=30, timezone="Europe/Berlin")
    assert local(schedule, datetime(2026, 3, 28, 0, tzinfo=BERLIN), 3) == [
        "28. 06:30 CET",
        "29. 06:30 CEST",
        "30. 06:30 CEST",
    ]


def test_a_time_that_the_clocks_leave_out_is_due_right_after_the_gap() -> None:
    schedule = by_frequency("daily", hour=2, minute=30, timezone="Europe/Berlin")
    assert local(schedule, datetime(2026, 3, 28, 12, tzinfo=BERLIN), 2) == [
        "29. 03:00 CEST",
        "30. 02:30 CEST",
    ]


def test_a_time_that_comes_twice_is_due_once() -> None:
    schedule = by_frequency("daily", hour=2, minute=30, timezone="Europe/Berlin")
    assert local(schedule, datetime(2026, 10, 24, 12, tzinfo=BERLIN), 2) == [
        "25. 02:30 CEST",
        "26. 02:30 CET",
    ]


def test_every_hour_stays_every_hour_when_one_comes_twice() -> None:
    schedule = by_frequency("hourly", minute=5, timezone="Europe/Berlin")
    found = due(schedule, datetime(2026, 10, 24, 23, 30, tzinfo=UTC), 4)
    assert [later - earlier for earlier, later in pairwise(found)] == [timedelta(hours=1)] * 3


def test_cron_knows_ranges_lists_and_steps() -> None:
    schedule = Schedule(cron="*/20 8-9 * * 1-5", timezone="UTC")
    friday = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
    assert due(schedule, friday, 2) == [
        datetime(2026, 11, 27, 9, 40, tzinfo=UTC),
        datetime(2026, 11, 30, 8, 0, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    "expression", ["", "* * * *", "61 * * * *", "a * * * *", "* * * * * *", "0 0 31 2 *"]
)
def test_what_is_no_cron_expression_is_refused_with_an_example(expression: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        check_cron(expression)
    assert "0 6 * * 1-5" in refused.value.hint


@pytest.mark.parametrize("name", ["Berlin", "", "../etc/passwd", "Europe"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        check_timezone(name)


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Schedule(every_minutes=1), "every minute"),
        (Schedule(every_minutes=15), "every 15 minutes"),
        (by_frequency("hourly", minute=5, timezone="UTC"), "every hour at minute 5 (UTC)"),
        (by_frequency("daily", hour=6, timezone="Europe/Berlin"), "every day at 06:00 (Europe/Berlin)"),
        (by_frequency("weekly", hour=6, day="sunday", timezone="UTC"), "every Sunday at 06:00 (UTC)"),
        (Schedule(cron="0 6 * * 1-5", timezone="UTC"), "cron 0 6 * * 1-5 (UTC)"),
    ],
)
def test_a_schedule_is_said_in_words(schedule: Schedule, words: str) -> None:
    assert schedule.words == words


@given(
    moment=st.datetimes(datetime(2000, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC)),
    schedule=st.sampled_from(
        [
            Schedule(every_minutes=7),
            by_frequency("hourly", minute=59, timezone="America/St_Johns"),
            by_frequency("daily", hour=2, minute=30, timezone="Europe/Berlin"),
            by_frequency("weekly", hour=0, day="sunday", timezone="Australia/Lord_Howe"),
            Schedule(cron="0 0 29 2 *", timezone="Asia/Kathmandu"),
        ]
    ),
)
def test_the_next_time_is_later_and_nothing_lies_between(moment: datetime, schedule: Schedule) -> None:
    following = schedule.next_after(moment)
    assert following > moment
    between = moment + (following - moment) / 2
    if between > moment:
        assert schedule.next_after(between) == following
