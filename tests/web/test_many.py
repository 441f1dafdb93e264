"""How long pages take when there is much behind them: 10,000 runs, a million rejected rows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headcount.control.models import Rejected, RejectedGroup, Role, Run, Sync
from tests.journeys.desk import Desk
from tests.web.conftest import Visit
from tests.web.work import started

RUNS = 10_000
ROWS = 1_000_000
LIMIT = 0.3  # seconds of the server's time
QUERIES = 25
REASONS = [
    ("invalid", "attributes.plan"),
    ("invalid", "attributes.bio"),
    ("required", "identifiers.id"),
    ("other", ""),
]

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s) "
_RUNS = _NUMBERS + (
    'INSERT INTO control_run (sync_id, status, "trigger", "full", kind, keys, attempt, deaths, created_at, started_at,'
    " finished_at, sync_snapshot, fingerprint, plan_path, plan_fields, plan_counts, counts, field_changes,"
    " invalid_reasons, error, hint, error_code, warnings, cancel_requested, pause_requested, approved, folded,"
    " worker, progress, host, worked, source_tries)"
    " SELECT CASE WHEN i %% 4 = 0 THEN %s ELSE %s END, CASE WHEN i %% 10 = 0 THEN 'failed' ELSE 'completed' END,"
    " 'manual', false, 'run', '[]', 1, 0, %s, %s, %s, %s, '', '', '[]', '{}', %s, %s, '[]', '', '', '', '[]',"
    " false, false, false, true, '', '{}', '', 0, 0 FROM n"
)
_REJECTED = _NUMBERS + (
    'INSERT INTO control_rejected (run_id, sync_id, group_id, seq, "key", op, reason, field, message,'
    " status, created_at)"
    " SELECT %s, %s, CASE i %% 4 WHEN 0 THEN %s WHEN 1 THEN %s WHEN 2 THEN %s ELSE %s END, i, 'key-' || i, 'add',"
    " 'invalid', 'attributes.plan', 'property value cannot be longer than 1000 bytes', 'open', %s FROM n"
)


@pytest.fixture
def much(office: Desk, visit: Visit) -> Iterator[Client]:
    """An editor of an installation that has been at work for long."""
    run = started(visit(Role.OPERATOR), "/syncs/people/run/")
    first = Run.objects.get(pk=run)
    people, events = Sync.objects.get(key="people"), Sync.objects.get(key="events")
    groups = [
        RejectedGroup.objects.create(sync=people, reason=r, field=f, open=ROWS // 4) for r, f in REASONS
    ]
    counts = json.dumps({**first.counts, "rejected": 3})
    at = first.created_at
    with connection.cursor() as cursor:
        snapshot = json.dumps(first.sync_snapshot)
        changes = json.dumps({f"field_{i}": i for i in range(40)})
        cursor.execute(_RUNS, [RUNS, events.pk, people.pk, at, at, at, snapshot, counts, changes])
        cursor.execute(_REJECTED, [ROWS, run, people.pk, *(group.pk for group in groups), at])
        cursor.execute("ANALYZE")
    assert Run.objects.count() > RUNS
    assert Rejected.objects.count() == ROWS
    yield visit(Role.EDITOR)


def timed(client: Client, address: str) -> tuple[float, int]:
    """The seconds of the quickest of three answers, to which other tests only add, and the number of queries of one."""
    client.get(address)  # the templates are compiled once
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        answer = client.get(address)
        seconds.append(time.perf_counter() - began)
        assert answer.status_code == 200, address
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return min(seconds), len(queries)


def test_ten_thousand_runs_and_a_million_rejected_rows_make_no_page_slow_and_no_download_wait(
    much: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run.objects.order_by("id").values_list("id", flat=True)[0]
    group = RejectedGroup.objects.values_list("id", flat=True)[0]
    middle = Rejected.objects.order_by("id").values_list("id", flat=True)[ROWS // 2]
    record = much.post("/syncs/people/records/", {"key": "42"}).headers["Location"]
    addresses = [
        "/", "/syncs/", "/runs/", "/runs/?status=failed", f"/runs/?before={RUNS // 2}",
        "/runs/?sync=people&status=failed",
        f"/runs/{run}/", f"/runs/{run}/rows/", f"/runs/{run}/rejected/", f"/runs/{run}/rejected/?after={middle}",
        f"/runs/{run}/invalid/", "/syncs/people/", "/syncs/people/plan/", "/syncs/people/runs/",
        "/syncs/people/rejected/", f"/syncs/people/rejected/{group}/",
        f"/syncs/people/rejected/{group}/?after={middle}",
        "/syncs/people/records/", record, "/syncs/people/log/", "/syncs/people/activity/", "/activity/",
        "/syncs/people/configuration/", "/syncs/people/delete/", "/connections/", "/connections/production/",
        "/models/", "/models/users/",
        "/settings/", "/settings/about/", "/settings/alerts/", "/settings/webhooks/",
    ]  # fmt: skip
    figures: dict[str, Any] = {address: timed(much, address) for address in addresses}
    with capsys.disabled():
        print()
        for address, (seconds, queries) in figures.items():
            print(f"{seconds * 1000:6.0f} ms  {queries:3d} queries  {address[:60]}")
    assert {address: s for address, (s, _) in figures.items() if s > LIMIT} == {}
    assert {address: q for address, (_, q) in figures.items() if q > QUERIES} == {}
    _downloaded_as_a_stream(much)


def _downloaded_as_a_stream(much: Client) -> None:
    """A million rejected rows: the first is there at once."""
    answer = much.get("/syncs/people/rejected/rows.csv")
    assert answer.streaming
    lines = iter(answer.streaming_content)
    began = time.perf_counter()
    assert next(lines).startswith(b"key,")
    assert next(lines).startswith(b"key-1,")
    assert time.perf_counter() - began < 2 * LIMIT
    answer.close()
