"""A worker says that it is there, and deletes once a day what is old."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from headcount.control.models import Exchange, Run, Setting
from headcount.service.heartbeat import last_beat, worker_seen
from headcount.service.retention import TIDIED
from headcount.worker import sweeper
from headcount.worker.worker import Worker
from tests.journeys.desk import wait_for
from tests.worker.floor import Floor


def test_a_worker_shows_itself_and_what_is_old_goes_once_a_day(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "SETTLED", 0.0)
    monkeypatch.setattr(sweeper, "BEAT", 0.5)
    run = floor.desk.run("people")["run"]
    Run.objects.filter(pk=run).update(finished_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert Exchange.objects.filter(run=run).exists()
    assert last_beat() is None
    worker = Worker()
    worker.start()
    try:
        wait_for(lambda: worker_seen(datetime.now(UTC)), seconds=20)
        wait_for(lambda: not Exchange.objects.filter(run=run).exists(), seconds=20)
        first = last_beat()
        assert first is not None
        wait_for(lambda: (last_beat() or first) > first, seconds=20)
    finally:
        assert worker.stop()
    assert Run.objects.filter(pk=run).exists()
    tidied = Setting.objects.get(name=TIDIED).value
    assert datetime.fromisoformat(tidied).date() == datetime.now(UTC).date()
