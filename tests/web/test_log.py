"""A bug shows nothing but that it is one: not on the page, not in the log."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from headcount.control.models import Role
from headcount.logs import Event
from headcount.logs.lines import Lines
from headcount.web.views import settings
from tests.web.conftest import Visit

ROW = "ada@example.com"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the server would write to stderr."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Lines(wordy=False))
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    yield written
    logger.removeHandler(handler)


@pytest.mark.parametrize("path", ["/settings/about/", "/settings/about.json"])
def test_a_bug_is_one_line_without_a_value_and_a_page_without_a_trace(
    visit: Visit, log: io.StringIO, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def broken() -> None:
        raise ValueError(f"cannot read {ROW}")

    monkeypatch.setattr(settings, "about", broken)
    answer = visit(Role.VIEWER).get(path)
    assert answer.status_code == 500
    assert b"did not expect" in answer.content
    for word in (ROW, "Traceback", "ValueError", ".py"):
        assert word not in answer.content.decode()
    (line,) = log.getvalue().splitlines()
    assert " error unexpected error=ValueError at=" in line
    assert "test_log.py" in line
    assert ROW not in line
    assert path not in line


def test_a_line_stays_a_line_whatever_is_in_it() -> None:
    record = logging.LogRecord("headcount", logging.INFO, "", 0, "request", None, None)
    record.event = Event.REQUEST
    record.fields = {"user": 'a "b"\nstatus=200', "from": "127.0.0.1", "empty": ""}
    line = Lines(wordy=False).format(record)
    assert line.endswith("""request user="a 'b' status=200" from=127.0.0.1 empty=\"\"""")
