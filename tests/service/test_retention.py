"""Plans hold row values, so they do not stay for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headcount.home import Home


def test_old_plans_go_the_newest_runs_keep_theirs_and_runs_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADCOUNT_HOME", str(tmp_path))
    from headcount.control.setup import setup
    from headcount.service.retention import KEEP_RUNS, forget_old_plans, forget_orphans

    home = setup()
    from headcount.control.models import Connection, Model, Run, Stream, Sync

    source = Connection.objects.create(key="w", name="w", type="duckdb")
    target = Connection.objects.create(key="c", name="c", type="customerio")
    model = Model.objects.create(key="m", name="m", connection=source)
    stream = Stream.objects.create(key="s")
    sync = Sync.objects.create(
        key="s", name="s", model=model, destination=target, object="person", stream=stream
    )
    long_ago = datetime.now(UTC) - timedelta(days=31)
    made = [Run.objects.create(sync=sync, plan_path="x", finished_at=long_ago) for _ in range(KEEP_RUNS + 2)]
    for run in made:
        (home.plans / str(run.pk)).mkdir()
    forget_old_plans(home, sync)
    assert _folders(home) == {run.pk for run in made[2:]}
    assert Run.objects.count() == len(made)
    made[-1].delete()
    forget_orphans(home)
    assert _folders(home) == {run.pk for run in made[2:-1]}


def _folders(home: Home) -> set[int]:
    return {int(folder.name) for folder in home.plans.iterdir()}
