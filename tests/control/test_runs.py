from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from django.db import connection

from headcount.control import held, runs
from headcount.control.models import Run
from headcount.errors import ConfigurationError, SourceError
from headcount.model import Counts, Fate, Invalid, Operation, Outcome, Plan, RunStatus
from tests.control.sample import make_run


def refusal(seq: int, key: str) -> held.Refused:
    outcome = Outcome(index=0, fate=Fate.REJECTED, reason="invalid", field="email", message="no")
    return held.Refused(seq=seq, key=key, op=Operation.ADD, outcome=outcome)


def test_a_run_tells_its_story_from_queue_to_end(home: Path) -> None:
    run = runs.add(make_run().sync, full=True)
    info = runs.begin(run, snapshot={"a": 1}, fingerprint="f")
    assert info.id == run.pk
    assert info.started_at.tzinfo is not None
    runs.plan_frozen(run, Plan(path=home / "plans" / "1.parquet", fields=("plan",), add=2))
    runs.finish(run, RunStatus.COMPLETED, counts=Counts(read=2, add=2, accepted=2), folded=True)
    stored = Run.objects.get(pk=run.pk)
    assert (stored.status, stored.full, stored.folded) == ("completed", True, True)
    assert stored.plan_counts == {"add": 2, "change": 0, "remove": 0}
    assert stored.counts["accepted"] == 2
    assert stored.finished_at is not None


def test_a_failed_run_keeps_what_happened_and_what_to_do(home: Path) -> None:
    run = make_run()
    runs.finish(run, RunStatus.FAILED, error=SourceError("The table is gone.", hint="Look."))
    assert (run.error, run.hint) == ("The table is gone.", "Look.")


def test_a_run_that_waits_for_approval_has_not_ended(home: Path) -> None:
    run = make_run()
    runs.finish(run, RunStatus.WAITING)
    assert run.finished_at is None
    assert runs.unfinished(run.sync) == [run]


def test_canceling_ends_a_queued_run_at_once_and_asks_a_working_one(home: Path) -> None:
    queued = make_run("a")
    assert runs.request_cancel(queued.pk).status == "canceled"
    working = make_run("b")
    runs.begin(working, snapshot={}, fingerprint="")
    assert runs.request_cancel(working.pk).status == "working"
    assert Run.objects.get(pk=working.pk).cancel_requested


def test_a_run_that_ended_or_never_was_cannot_be_canceled(home: Path) -> None:
    run = make_run()
    runs.finish(run, RunStatus.COMPLETED)
    with pytest.raises(ConfigurationError, match="has ended already"):
        runs.request_cancel(run.pk)
    with pytest.raises(ConfigurationError, match="There is no run 999"):
        runs.request_cancel(999)


def test_refused_rows_are_listed_once_however_often_the_fold_is_repeated(home: Path) -> None:
    run = make_run()
    rows = [refusal(number, f"k{number}") for number in range(1200)]
    assert held.record_rejected(run, iter(rows)) == 1200
    held.record_rejected(run, iter(rows))
    assert held.rejected(run.sync).count() == 1200


def test_a_listing_that_was_broken_off_is_written_anew(home: Path) -> None:
    run = make_run()
    number = held.ENTERED_AT_ONCE + 10
    rows = [refusal(seq, f"k{seq}") for seq in range(number)]

    def broken_off() -> Iterator[held.Refused]:
        yield from rows[:-1]
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        held.record_rejected(run, broken_off())
    listed = held.rejected(run.sync).count()
    assert 0 < listed < number
    assert [group.open for group in run.sync.rejected_groups.all()] == [listed]
    assert held.record_rejected(run, rows) == number
    assert held.rejected(run.sync).count() == number
    assert [group.open for group in run.sync.rejected_groups.all()] == [number]


def test_others_write_while_refused_rows_are_listed(home: Path) -> None:
    """Between two transactions nothing is locked: another connection, in a thread, needs not wait for the end."""
    run, other = make_run("a"), make_run("b")
    names: list[str] = []

    def write() -> None:
        runs.begin(other, snapshot={}, fingerprint="")
        names.append(Run.objects.get(pk=other.pk).status)
        connection.close()

    def rows() -> Iterator[held.Refused]:
        yield from (refusal(seq, f"k{seq}") for seq in range(held.ENTERED_AT_ONCE))
        writer = Thread(target=write)
        writer.start()
        writer.join(10)
        yield refusal(held.ENTERED_AT_ONCE, "last")

    held.record_rejected(run, rows())
    assert names == ["working"]


def test_the_newest_refusal_speaks_for_a_row(home: Path) -> None:
    first = make_run()
    held.record_rejected(first, [refusal(0, "a"), refusal(1, "b")])
    second = runs.add(first.sync)
    held.record_rejected(second, [refusal(0, "a")])
    assert [(row.key, row.run_id) for row in held.rejected(first.sync)] == [
        ("a", second.pk),
        ("b", first.pk),
    ]
    assert held.rejected(first.sync, run_id=first.pk).count() == 2


def test_released_and_accepted_rows_are_open_no_more(home: Path) -> None:
    run = make_run()
    held.record_rejected(run, [refusal(0, "a"), refusal(1, "b"), refusal(2, "c")])
    assert held.release(run.sync, ["a"]) == 1
    assert held.resolve(run.sync, ["a", "b"]) == 2
    assert [row.key for row in held.rejected(run.sync)] == ["c"]
    assert held.release(run.sync) == 1


def test_invalid_rows_are_listed_by_example(home: Path) -> None:
    run = make_run()
    held.record_invalid(run, (Invalid(key=str(n), field="", reason="empty key") for n in range(5000)))
    assert held.invalid(run).count() == held.EXAMPLES
