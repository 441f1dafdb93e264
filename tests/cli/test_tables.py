"""Tables in a terminal of 80 columns, and where there is no terminal."""

from __future__ import annotations

from pathlib import Path

from headcount.control import runs
from headcount.errors import HeadcountError
from headcount.model import Counts, RunStatus
from tests.cli.command import headcount, terminal
from tests.control.sample import make_run

LONG = "Customer.io answers: Production of the Example Company, workspace 123456, region eu."


def make_runs() -> None:
    run = make_run("customers")
    runs.begin(run, snapshot={}, fingerprint="")
    counts = Counts(read=1_000_000, add=1_000_000, accepted=999_998, rejected=2, requests=10, bytes=1)
    runs.finish(run, RunStatus.COMPLETED, counts=counts)
    busy = HeadcountError("Another run of this sync is working.")
    runs.finish(runs.add(run.sync), RunStatus.SKIPPED, error=busy)
    target = run.sync.destination
    target.test_result = LONG
    target.save()


def test_runs_fit_80_columns_and_break_at_words(home: Path) -> None:
    make_runs()
    lines = terminal("runs")
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["run", "sync", "status", "began", "seconds", "outcome"]
    assert any(line.startswith("1    customers  completed") for line in lines)
    words = " ".join(" ".join(lines).split())
    assert "accepted 999,998" in words
    assert "rejected 2." in words


def test_connections_fit_80_columns_and_break_at_words(home: Path) -> None:
    make_runs()
    lines = terminal("connections", "list")
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("customers-target (Target)") for line in lines)
    assert set(LONG.split()) <= set(" ".join(lines).split())


def test_where_there_is_no_terminal_a_row_is_one_line(home: Path) -> None:
    make_runs()
    [_, second, first] = headcount("runs").out.splitlines()
    assert first.rstrip().endswith("accepted 999,998 of 1,000,000, rejected 2.")
    assert second.rstrip().endswith("Another run of this sync is working.")
    assert LONG in headcount("connections", "list").out
