"""What is old goes, when somebody says so."""

from __future__ import annotations

from tests.journeys.desk import Desk


def test_tidy_says_how_long_things_are_kept_and_what_was_deleted(applied: Desk) -> None:
    applied.run("people")
    with applied.control() as store:
        store.execute("UPDATE control_run SET finished_at = '2020-01-01 00:00:00'")
    said = applied.done("tidy", "--plans", "7", "--json").json
    assert said["keep_days"] == {"plans": 7, "receipts": 90, "runs": 400, "requests": 7}
    # The newest 20 runs stay, but not the log of their requests.
    assert said["deleted"] == {"plans": 0, "receipts": 0, "runs": 0, "requests": 3}
    assert "plans 7 days" in applied.done("tidy").out


def test_tidy_refuses_numbers_that_cannot_be_meant(applied: Desk) -> None:
    assert "at least one day" in applied.done("tidy", "--runs", "0", code=2).err
