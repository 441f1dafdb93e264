"""Whatever is sent, the API answers as its document says, and never with a server error."""

from __future__ import annotations

import random
import time
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.openapi.checks import response_schema_conformance, status_code_conformance

from headcount.control.models import Connection, Model, Run, Sync
from headcount.serving.application import application
from tests.api.caller import Caller
from tests.api.test_orchestrators import work_off
from tests.journeys.desk import Desk

EXAMPLES = 6
SECONDS = 50
CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance]


def test_nothing_that_can_be_sent_makes_a_server_error(office: Desk, owner: Caller) -> None:
    for key in ("people", "events"):
        owner.post(f"/syncs/{Sync.objects.get(key=key).pk}/trigger")
    work_off()
    headers = {"Authorization": f"Bearer {owner.token}"}
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", application(hosts=["localhost"]), headers=headers
    )
    found = [result.ok() for result in schema.get_all_operations()]
    assert len(found) > 70
    began = time.monotonic()
    for operation in sorted(found, key=lambda each: each.method == "delete"):
        if time.monotonic() - began < SECONDS:
            _try(operation, headers)


def _try(operation: Any, headers: dict[str, str]) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def tried(case: Any) -> None:
        _aim(case)
        response = case.call(headers=headers)
        assert response.status_code != 401
        case.validate_response(response, checks=CHECKS, headers=headers)

    tried()


def _aim(case: Any) -> None:
    """Half of the numbers in addresses are those of things that there are; but the own token stays."""
    known = {
        "sync_id": Sync,
        "sync_run_id": Run,
        "model_id": Model,
        "source_id": Connection,
        "destination_id": Connection,
        "connection_id": Connection,
    }
    for name in case.path_parameters or {}:
        if name == "token_id":
            case.path_parameters[name] = 999
        elif name in known and random.random() < 0.5:
            case.path_parameters[name] = known[name].objects.values_list("pk", flat=True).first() or 1
