"""What monitoring sees: alive, ready, and figures that only whoever has a token may read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from headcount.control import runs, secrets
from headcount.control.models import Connection, Role, Run, Sync, User
from headcount.errors import HeadcountError
from headcount.model import Counts, RunStatus
from headcount.service.heartbeat import beat
from headcount.service.measuring import measures
from headcount.service.retention import KEEP_RUNS, Retention, keep, tidy
from headcount.service.tokens import issue, revoke
from tests.control.sample import make_run
from tests.journeys.desk import Desk
from tests.web.conftest import PASSWORD, Visit


@pytest.fixture
def token(visit: Visit) -> str:
    visit(None)
    User.objects.create_user(username="owner", role=Role.OWNER, password=PASSWORD)
    return issue("owner", name="prometheus", role=Role.VIEWER).token


def figures(token: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def ended(status: RunStatus = RunStatus.COMPLETED, seconds: float = 2.0, **counts: int) -> Run:
    sync = Sync.objects.first()
    run = Run.objects.create(sync=sync) if sync else make_run()
    Run.objects.filter(pk=run.pk).update(started_at=datetime.now(UTC) - timedelta(seconds=seconds))
    run.refresh_from_db()
    runs.finish(run, status, counts=Counts(**counts))
    return run


def test_without_a_token_nothing_is_told(token: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {token}"}):
        answer = Client().get("/metrics", headers=headers)
        assert answer.status_code == 401
        assert b"headcount_" not in answer.content


def test_a_revoked_token_is_none(token: str) -> None:
    from headcount.control.models import ApiToken

    revoke(ApiToken.objects.get().pk, by="owner")
    assert Client().get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_ended_runs_are_added_up_by_sync_and_status(token: str) -> None:
    run = ended(read=10, accepted=7, rejected=2, in_doubt=1, requests=3, bytes=900)
    runs.finish(run, RunStatus.COMPLETED)  # a second word about the same end counts nothing
    ended(accepted=5)
    ended(RunStatus.FAILED)
    key = run.sync.key
    found = figures(token)
    done = (("status", "completed"), ("sync", key))
    assert found["headcount_runs_total", done] == 2
    assert found["headcount_accepted_total", done] == 12
    assert found["headcount_rejected_total", done] == 2
    assert found["headcount_bytes_total", done] == 900
    assert found["headcount_seconds_total", done] >= 4
    assert found["headcount_runs_total", (("status", "failed"), ("sync", key))] == 1


def test_counters_do_not_go_back_when_old_runs_are_tidied_away(token: str) -> None:
    made = [ended(accepted=1) for _ in range(KEEP_RUNS + 5)]
    Run.objects.update(finished_at=datetime.now(UTC) - timedelta(days=900))
    keep(Retention(plans=1, receipts=1, runs=1))
    assert tidy().runs == 5
    done = (("status", "completed"), ("sync", made[0].sync.key))
    assert figures(token)["headcount_accepted_total", done] == KEEP_RUNS + 5


def test_the_queue_and_the_syncs_are_told_as_they_are_now(token: str) -> None:
    waiting = make_run()
    Run.objects.filter(pk=waiting.pk).update(created_at=datetime.now(UTC) - timedelta(seconds=90))
    Sync.objects.update(acknowledged=1234, held=5)
    found = figures(token)
    assert found["headcount_open_runs", (("status", "queued"),)] == 1
    assert found["headcount_open_runs", (("status", "waiting"),)] == 0
    assert 89 < found["headcount_queue_wait_seconds", ()] < 150
    assert found["headcount_sync_acknowledged_records", (("sync", waiting.sync.key),)] == 1234
    assert found["headcount_sync_held_records", (("sync", waiting.sync.key),)] == 5
    assert ("headcount_sync_last_success_timestamp_seconds", (("sync", waiting.sync.key),)) not in found


def test_alive_and_ready_need_nobody_to_be_signed_in(visit: Visit) -> None:
    stranger = visit(None)
    assert stranger.get("/healthz").json()["status"] == "alive"
    assert stranger.get("/readyz").json() == {"status": "ready", "worker": False}
    beat(datetime.now(UTC))
    assert stranger.get("/readyz").json() == {"status": "ready", "worker": True}


def test_without_its_control_store_it_is_alive_and_not_ready(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = visit(None)
    from headcount.serving import watch

    def broken() -> set[str]:
        raise HeadcountError("The control store cannot be reached.")

    monkeypatch.setattr(watch, "missing", broken)
    assert stranger.get("/healthz").status_code == 200
    answer = stranger.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["message"] == "The control store cannot be reached."


def test_a_schema_that_lacks_something_is_not_ready(visit: Visit) -> None:
    stranger = visit(None)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'control' AND name LIKE '0019%'")
    answer = stranger.get("/readyz")
    assert (answer.status_code, "lacks 0019" in answer.json()["message"]) == (503, True)


def _steps(work: Callable[[], object]) -> int:
    """Of SQLite's machine, in hundreds: what grows with the rows that are visited."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.ensure_connection()
    connection.connection.set_progress_handler(count, 100)
    try:
        work()
    finally:
        connection.connection.set_progress_handler(None, 0)
    return steps


def test_what_is_looked_at_often_costs_the_same_however_many_runs_are_kept(
    office: Desk, visit: Visit
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the steps of another database cannot be counted")
    owner = visit(Role.OWNER)
    syncs = list(Sync.objects.all())
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)

    def keep(runs: int) -> None:
        ended = {"status": "completed", "finished_at": long_ago, "started_at": long_ago}
        Run.objects.bulk_create(Run(sync=sync, **ended) for sync in syncs for _ in range(runs))
        Run.objects.update(created_at=long_ago)

    looks: dict[str, Callable[[], object]] = {
        "readyz": lambda: owner.get("/readyz"),
        "figures": measures,
        "first page": lambda: owner.get("/"),
        "sync": lambda: owner.get("/syncs/people/"),
        "its runs": lambda: owner.get("/syncs/people/runs/"),
    }
    keep(100)
    few = {name: _steps(look) for name, look in looks.items()}
    keep(5_000)
    many = {name: _steps(look) for name, look in looks.items()}
    assert {name: steps for name, steps in many.items() if steps > 2 * few[name] + 20} == {}


def test_a_process_whose_key_does_not_open_the_stored_secrets_is_not_ready(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = visit(None)
    secrets.store(
        Connection.objects.create(key="shop", name="Shop", type="postgresql"), "password", "hunter22"
    )
    assert stranger.get("/readyz").status_code == 200
    monkeypatch.setenv("HEADCOUNT_SECRET_KEY", secrets.new_key())
    answer = stranger.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["message"] == "The stored secrets cannot be read with the present key."
