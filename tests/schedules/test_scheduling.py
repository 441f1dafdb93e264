"""Triggers put runs into the queue, by a clock that the test moves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from headcount.control.models import Run, Sync, Timetable
from headcount.control.setup import close, setup
from headcount.project.reading import read_project
from headcount.service.applying import apply, outlook
from headcount.service.dbt import dbt_run
from headcount.service.scheduling import tick
from headcount.service.timing import timing
from tests.project.sample import PROJECT

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def triggers(said: dict[str, Any], *, of: str = "orders", **more: Any) -> None:
    """Apply the sample with these triggers for one of its syncs, and none for the other."""
    import yaml

    document = yaml.safe_load(PROJECT)
    for key, sync in document["syncs"].items():
        sync.pop("triggers", None)
        if key == of:
            sync.update({"triggers": said, **more})
    apply(outlook(read_project(yaml.safe_dump(document))))


@pytest.fixture(autouse=True)
def store(home: Path) -> Iterator[None]:
    yield
    close()


def next_due(key: str, now: datetime = NOON) -> datetime | None:
    return timing(Sync.objects.get(key=key), now).next_due


def runs(key: str = "orders") -> list[tuple[str, str]]:
    found = Run.objects.filter(sync__key=key).order_by("id")
    return [(run.trigger, run.status) for run in found]


def end(key: str, moment: datetime, status: str = "completed", **more: Any) -> None:
    """A run of the sync that ended then."""
    Run.objects.create(sync=Sync.objects.get(key=key), status=status, finished_at=moment, **more)


def finish_queued(moment: datetime) -> None:
    Run.objects.filter(status="queued").update(status="completed", finished_at=moment)


def test_a_schedule_starts_nothing_when_it_is_set_and_a_run_when_its_time_comes() -> None:
    triggers({"schedule": {"every_minutes": 15}})
    assert tick(NOON + timedelta(minutes=1)) == []
    assert tick(NOON + timedelta(minutes=14, seconds=59)) == []
    [number] = tick(NOON + timedelta(minutes=15))
    run = Run.objects.get(pk=number)
    assert (run.trigger, run.status, run.scheduled_for) == (
        "schedule",
        "queued",
        NOON + timedelta(minutes=15),
    )
    assert tick(NOON + timedelta(minutes=16)) == []
    assert next_due("orders") == NOON + timedelta(minutes=30)


def test_what_fell_due_while_nobody_looked_is_run_once() -> None:
    triggers({"schedule": {"every_minutes": 1}})
    tick(NOON)
    assert len(tick(NOON + timedelta(hours=5))) == 1
    assert tick(NOON + timedelta(hours=5, seconds=30)) == []


def test_a_run_that_comes_due_while_another_works_is_skipped_with_the_reason() -> None:
    triggers({"schedule": {"every_minutes": 1}})
    tick(NOON)
    tick(NOON + timedelta(minutes=1))
    tick(NOON + timedelta(minutes=2))
    assert runs() == [("schedule", "queued"), ("schedule", "skipped")]
    assert Run.objects.latest("id").error


def test_a_paused_sync_is_not_due_and_goes_on_at_its_next_time() -> None:
    schedule = {"schedule": {"every_minutes": 10}}
    triggers(schedule)
    tick(NOON)
    triggers(schedule, paused=True)
    assert tick(NOON + timedelta(minutes=30)) == []
    assert next_due("orders") is None
    triggers(schedule)
    assert tick(NOON + timedelta(minutes=31)) == []
    assert len(tick(NOON + timedelta(minutes=40))) == 1


def test_another_schedule_counts_from_when_it_was_set() -> None:
    triggers({"schedule": {"every_minutes": 10}})
    tick(NOON)
    triggers({"schedule": {"frequency": "daily", "hour": 18, "timezone": "Europe/Berlin"}})
    assert tick(NOON + timedelta(minutes=10)) == []
    assert next_due("orders") == datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
    triggers({})
    assert tick(NOON + timedelta(hours=9)) == []
    assert not Timetable.objects.exists()


def test_a_day_without_half_past_two_has_its_run_right_after_the_gap_and_only_one() -> None:
    triggers({"schedule": {"cron": "30 2 * * *", "timezone": "Europe/Berlin"}})
    spring = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)  # at 01:00 UTC the clocks go from 2 to 3
    tick(spring)
    found = [minute for minute in range(0, 24 * 60, 5) if tick(spring + timedelta(minutes=minute))]
    assert found == [60]


def test_a_day_with_two_half_past_two_has_one_run() -> None:
    triggers({"schedule": {"cron": "30 2 * * *", "timezone": "Europe/Berlin"}})
    autumn = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    tick(autumn)
    found = []
    for minute in range(0, 24 * 60, 5):
        found += [minute] if tick(autumn + timedelta(minutes=minute)) else []
        finish_queued(autumn)
    assert found == [150]


def test_a_sync_runs_once_after_its_parent_has_completed_anew() -> None:
    triggers({"after": ["users"]})
    end("users", NOON - timedelta(hours=1))
    assert tick(NOON) == []  # what had completed before is nothing new
    end("users", NOON + timedelta(minutes=1), status="failed")
    assert tick(NOON + timedelta(minutes=2)) == []
    end("users", NOON + timedelta(minutes=3))
    assert len(tick(NOON + timedelta(minutes=4))) == 1
    assert tick(NOON + timedelta(minutes=5)) == []
    assert runs() == [("after", "queued")]


def test_a_test_of_one_row_is_no_completed_run() -> None:
    triggers({"after": ["users"]})
    tick(NOON)
    end("users", NOON + timedelta(minutes=1), kind="test")
    assert tick(NOON + timedelta(minutes=2)) == []


def test_with_several_parents_all_must_have_completed() -> None:
    import yaml

    document = yaml.safe_load(PROJECT)
    third = {**document["syncs"]["orders"], "triggers": {"after": ["users", "orders"]}}
    document["syncs"]["orders"].pop("triggers")
    document["syncs"]["third"] = third
    apply(outlook(read_project(yaml.safe_dump(document))))
    tick(NOON)
    end("users", NOON + timedelta(minutes=1))
    assert tick(NOON + timedelta(minutes=2)) == []
    end("orders", NOON + timedelta(minutes=3))
    assert len(tick(NOON + timedelta(minutes=4))) == 1
    end("users", NOON + timedelta(minutes=5))
    assert tick(NOON + timedelta(minutes=6)) == []
    assert runs("third") == [("after", "queued")]


def test_a_sync_whose_triggers_cannot_be_looked_at_keeps_no_other_from_its_time() -> None:
    triggers({"schedule": {"every_minutes": 5}}, of="users")
    row = Sync.objects.get(key="orders")
    broken = {"schedule": {"cron": "0 6 * * *", "timezone": "Mars/Olympus"}}
    Sync.objects.filter(pk=row.pk).update(definition={**row.definition, "triggers": broken})
    told: list[tuple[str, str]] = []
    tick(NOON)
    tick(NOON + timedelta(minutes=10), lambda key, error: told.append((key, error)))
    assert runs("users") == [("schedule", "queued")]
    assert [key for key, _ in told] == ["orders"]


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_a_path_that_no_file_can_have_starts_nothing(path: str) -> None:
    assert dbt_run(path) is None


def write_results(file: Path, moment: str, *statuses: str) -> None:
    results = [{"status": status, "unique_id": f"model.shop.m{n}"} for n, status in enumerate(statuses)]
    file.write_text(
        json.dumps({"metadata": {"generated_at": moment, "invocation_id": moment}, "results": results})
    )


def test_a_sync_runs_after_dbt_wrote_new_results_without_errors(tmp_path: Path) -> None:
    file = tmp_path / "run_results.json"
    triggers({"after_dbt": str(file)})
    assert tick(NOON) == []  # dbt has not run yet
    write_results(file, "2026-11-24T12:01:00Z", "success", "pass", "warn", "skipped")
    assert len(tick(NOON + timedelta(minutes=1))) == 1
    assert tick(NOON + timedelta(minutes=2)) == []
    assert runs() == [("dbt", "queued")]


def test_after_a_dbt_run_with_errors_the_run_is_skipped_and_says_why(tmp_path: Path) -> None:
    file = tmp_path / "run_results.json"
    write_results(file, "2026-11-24T11:00:00Z", "success")
    triggers({"after_dbt": str(file)})
    assert tick(NOON) == []  # these results are old
    write_results(file, "2026-11-24T12:01:00Z", "success", "error", "fail")
    [number] = tick(NOON + timedelta(minutes=1))
    run = Run.objects.get(pk=number)
    assert run.status == "skipped"
    assert "2 of its nodes failed" in run.error
    assert "headcount run orders" in run.hint


@pytest.mark.parametrize("text", ["", "{", "[]", '{"metadata": {}, "results": [{}]}'])
def test_results_that_are_being_written_are_looked_at_again(tmp_path: Path, text: str) -> None:
    file = tmp_path / "run_results.json"
    triggers({"after_dbt": str(file)})
    tick(NOON)
    file.write_text(text)
    assert tick(NOON + timedelta(minutes=1)) == []
    write_results(file, "2026-11-24T12:01:00Z", "success")
    assert len(tick(NOON + timedelta(minutes=2))) == 1


def test_of_two_workers_that_look_at_once_one_starts_the_run() -> None:
    triggers({"schedule": {"every_minutes": 1}})
    tick(NOON)
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    barrier = Barrier(4)

    def look() -> list[int]:
        setup()
        barrier.wait()
        try:
            return tick(NOON + timedelta(minutes=1))
        finally:
            close()

    with ThreadPoolExecutor(4) as pool:
        found = [number for numbers in pool.map(lambda _: look(), range(4)) for number in numbers]
    assert len(found) == 1
    assert runs() == [("schedule", "queued")]
