"""The list of events is closed, stands in the manual, and everything that is logged is on it."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import headcount
from headcount.control.setup import setup
from headcount.errors import ConfigurationError
from headcount.logs import Event, lines, note
from headcount.logs.lines import JsonLines, Lines
from headcount.service.queue import queue_run
from headcount.service.watching import progress_of
from headcount.worker import jobs
from tests.docs.pages import page
from tests.journeys.conftest import desk as desk
from tests.journeys.conftest import sandbox as sandbox
from tests.journeys.conftest import workspace as workspace
from tests.journeys.desk import Desk, ended, wait_for

SOURCE = Path(headcount.__file__).parent
# Where the logs of this program and of its libraries are set up; nothing is written to them there.
SET_UP = {"logs/event.py", "logs/lines.py", "worker/jobs.py", "service/sending.py", "service/spans.py"}
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \|$", re.MULTILINE)


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        if "sandbox" not in path.parts:
            yield str(path.relative_to(SOURCE)), ast.parse(path.read_text())


def _notes() -> Iterator[tuple[str, ast.Call]]:
    for name, module in _modules():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "note":
                yield f"{name}:{node.lineno}", node


def test_the_manual_names_every_event_with_its_level_and_its_fields() -> None:
    told = {
        label: (level, tuple(re.findall(r"`(\w+)`", fields)))
        for label, level, fields, _ in ROW.findall(page("docs/operations.md").text)
    }
    assert told == {each.label: (logging.getLevelName(each.level).lower(), each.fields) for each in Event}


def test_nothing_is_logged_but_events_of_the_list() -> None:
    loggers = {
        name
        for name, module in _modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and node.attr == "getLogger"
    }
    assert loggers == SET_UP


def test_every_event_is_written_somewhere_with_fields_of_its_own_only() -> None:
    written = set()
    for place, call in _notes():
        first = call.args[0]
        if isinstance(first, ast.Name):  # a function that passes its event on
            continue
        assert isinstance(first, ast.Attribute), place
        event = Event[first.attr]
        given = {word.arg for word in call.keywords if word.arg}
        assert given <= set(event.fields), place
        written.add(event)
    passed_on = {Event.MESSAGE_SENT, Event.MESSAGE_REFUSED}
    assert written | passed_on | {Event.LIBRARY} == set(Event)


@pytest.fixture
def written() -> Iterator[logging.Handler]:
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(JsonLines(wordy=False))
    logger = logging.getLogger("headcount")
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(before)


def _lines(handler: logging.Handler) -> list[dict[str, object]]:
    assert isinstance(handler, logging.StreamHandler)
    return [json.loads(line) for line in handler.stream.getvalue().splitlines()]


def test_json_is_one_object_a_line_with_what_the_event_says(written: logging.Handler) -> None:
    note(Event.RUN_TAKEN, run=7, attempt=2)
    (line,) = _lines(written)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str(line.pop("time")))
    assert line == {"level": "info", "event": "run_taken", "run": 7, "attempt": 2}


def test_a_field_that_an_event_does_not_have_is_not_written(written: logging.Handler) -> None:
    note(Event.RUN_TAKEN, run=7, email="ada@example.com")
    assert "ada@" not in str(_lines(written))


def test_what_a_library_says_is_written_without_its_words() -> None:
    record = logging.LogRecord(
        "urllib3.pool", logging.WARNING, "", 0, "retry of ?token=%s", ("s3cret",), None
    )
    assert Lines(wordy=False).format(record).endswith(" warning library library=urllib3.pool")
    assert Lines(wordy=True).format(record).endswith(' words="retry of ?token=s3cret"')


def test_an_unknown_format_is_refused_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADCOUNT_LOG", "xml")
    with pytest.raises(ConfigurationError, match="HEADCOUNT_LOG is xml") as raised:
        lines.start()
    assert "text, json" in raised.value.hint


def test_a_command_writes_down_its_run_when_a_log_is_wanted_and_else_only_says_it(desk: Desk) -> None:
    desk.apply()
    said = ended(desk.start("run", "people", "--json", HEADCOUNT_LOG="json"))
    (done,) = [json.loads(line) for line in said.err.splitlines()]
    assert (done["event"], done["status"], done["accepted"]) == ("run_done", "completed", 250)
    assert json.loads(said.out)["run"] == done["run"]
    plain = ended(desk.start("run", "people"))
    assert (plain.code, plain.err) == (0, "")
    wrong = ended(desk.start("run", "people", HEADCOUNT_LOG="xml"))
    assert (wrong.code, wrong.out) == (2, "")
    assert "HEADCOUNT_LOG is xml" in wrong.err


def test_a_worker_writes_down_its_runs_as_json_and_no_value_of_a_row(desk: Desk) -> None:
    desk.apply()
    run = queue_run("people")
    worker = desk.start("worker", HEADCOUNT_LOG="json")
    try:
        wait_for(lambda: progress_of(run).status == "completed", seconds=90)
    finally:
        worker.terminate()
        said = ended(worker)
    told = [json.loads(line) for line in said.err.splitlines() if line.startswith("{")]
    events = [line["event"] for line in told]
    assert events[:2] == ["worker_started", "run_taken"]
    assert events[-1] == "worker_stopped"
    done = next(line for line in told if line["event"] == "run_done")
    assert {name: done[name] for name in ("sync", "status", "read", "accepted", "rejected")} == {
        "sync": "people",
        "status": "completed",
        "read": 250,
        "accepted": 250,
        "rejected": 0,
    }
    assert "@example.com" not in said.err


def test_the_queue_complains_until_it_is_shut(desk: Desk) -> None:
    desk.apply()
    heard: list[str] = []
    ear = logging.Handler()
    ear.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    library = logging.getLogger("dbos")
    library.addHandler(ear)
    try:
        for word in ("one", "two"):
            jobs.launch(setup(), "ear", parallel=1, work=lambda run, attempt: "completed")
            library.error(word)
            jobs.shut()
            library.error("three")
    finally:
        library.removeHandler(ear)
    assert [word for word in heard if word in ("one", "two", "three")] == ["one", "two"]
