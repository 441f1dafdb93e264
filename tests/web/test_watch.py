"""What monitoring sees: alive, ready, and figures that only whoever has a token may read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from headcount.control import runs, secrets
from headcount.control.models import Connection, Role, Run, Sync, User
from headcount.errors import HeadcountError
from headcount.model import Counts, RunStatus
from headcount.service.heartbeat import beat
from headcount.service.retention import KEEP_RUNS, Retention, keep, tidy
from headcount.service.tokens import issue, revoke
from tests.control.sample import make_run
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

    def broken() -> list[object]:
        raise HeadcountError("The control store cannot be reached.")

    monkeypatch.setattr(watch, "measures", broken)
    assert stranger.get("/healthz").status_code == 200
    answer = stranger.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["message"] == "The control store cannot be reached."


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
