"""Who may call: only tokens count, and a token's role decides."""

from __future__ import annotations

import re
from base64 import b64encode

import pytest
from django.test import Client

from headcount.api.application import api
from headcount.control.models import ApiToken, Role, User
from headcount.service.roles import Deed, may
from tests.api.caller import Caller
from tests.api.conftest import Call

# Every route, and what it takes. A route that is missing here fails the test below.
TABLE: dict[tuple[str, str], Deed] = {
    ("GET", "/sources"): Deed.LOOK,
    ("POST", "/sources"): Deed.OWN,
    ("GET", "/sources/{source_id}"): Deed.LOOK,
    ("PATCH", "/sources/{source_id}"): Deed.OWN,
    ("DELETE", "/sources/{source_id}"): Deed.OWN,
    ("GET", "/destinations"): Deed.LOOK,
    ("POST", "/destinations"): Deed.OWN,
    ("GET", "/destinations/{destination_id}"): Deed.LOOK,
    ("PATCH", "/destinations/{destination_id}"): Deed.OWN,
    ("DELETE", "/destinations/{destination_id}"): Deed.OWN,
    ("GET", "/connections"): Deed.LOOK,
    ("POST", "/connections"): Deed.OWN,
    ("POST", "/connections/test"): Deed.OWN,
    ("GET", "/connections/{connection_id}"): Deed.LOOK,
    ("PATCH", "/connections/{connection_id}"): Deed.OWN,
    ("DELETE", "/connections/{connection_id}"): Deed.OWN,
    ("POST", "/connections/{connection_id}/test"): Deed.OWN,
    ("GET", "/source_types"): Deed.LOOK,
    ("GET", "/connectors"): Deed.LOOK,
    ("GET", "/models"): Deed.LOOK,
    ("POST", "/models"): Deed.EDIT,
    ("POST", "/models/preview"): Deed.EDIT,
    ("GET", "/models/{model_id}"): Deed.LOOK,
    ("PATCH", "/models/{model_id}"): Deed.EDIT,
    ("DELETE", "/models/{model_id}"): Deed.EDIT,
    ("GET", "/models/{model_id}/preview"): Deed.LOOK,
    ("GET", "/sources/{source_id}/models"): Deed.LOOK,
    ("POST", "/sources/{source_id}/models"): Deed.EDIT,
    ("GET", "/sources/{source_id}/tables"): Deed.EDIT,
    ("GET", "/syncs"): Deed.LOOK,
    ("POST", "/syncs"): Deed.EDIT,
    ("GET", "/syncs/{sync_id}"): Deed.LOOK,
    ("PATCH", "/syncs/{sync_id}"): Deed.EDIT,
    ("DELETE", "/syncs/{sync_id}"): Deed.EDIT,
    ("POST", "/syncs/{sync_id}/check"): Deed.EDIT,
    ("POST", "/syncs/{sync_id}/copy"): Deed.EDIT,
    ("POST", "/syncs/{sync_id}/estimate"): Deed.EDIT,
    ("GET", "/syncs/{sync_id}/preview"): Deed.LOOK,
    ("POST", "/syncs/{sync_id}/payload"): Deed.LOOK,
    ("GET", "/syncs/{sync_id}/plans"): Deed.LOOK,
    ("POST", "/syncs/{sync_id}/plans"): Deed.RUN,
    ("GET", "/syncs/{sync_id}/plans/{plan_id}"): Deed.LOOK,
    ("POST", "/syncs/{sync_id}/plans/{plan_id}/cancel"): Deed.RUN,
    ("GET", "/syncs/{sync_id}/plans/{plan_id}/records"): Deed.LOOK,
    ("GET", "/syncs/{sync_id}/plans/{plan_id}/invalid"): Deed.LOOK,
    ("GET", "/syncs/{sync_id}/plans/{plan_id}/shared"): Deed.LOOK,
    ("GET", "/sync_runs"): Deed.LOOK,
    ("GET", "/syncs/{sync_id}/sync_runs"): Deed.LOOK,
    ("GET", "/sync_runs/{sync_run_id}"): Deed.LOOK,
    ("POST", "/sync_runs/{sync_run_id}/cancel"): Deed.RUN,
    ("GET", "/sync_runs/{sync_run_id}/progress"): Deed.LOOK,
    ("POST", "/sync_runs/{sync_run_id}/approve"): Deed.RUN,
    ("POST", "/sync_runs/{sync_run_id}/pause"): Deed.RUN,
    ("POST", "/sync_runs/{sync_run_id}/resume"): Deed.RUN,
    ("POST", "/syncs/{sync_id}/pause"): Deed.RUN,
    ("POST", "/syncs/{sync_id}/resume"): Deed.RUN,
    ("POST", "/syncs/{sync_id}/retry"): Deed.RUN,
    ("POST", "/syncs/{sync_id}/test"): Deed.RUN,
    ("POST", "/syncs/{sync_id}/trigger"): Deed.RUN,
    ("GET", "/sync_runs/{sync_run_id}/records"): Deed.LOOK,
    ("POST", "/sync_runs/{sync_run_id}/records/search"): Deed.LOOK,
    ("GET", "/sync_runs/{sync_run_id}/records/count"): Deed.LOOK,
    ("GET", "/sync_runs/{sync_run_id}/records/export"): Deed.LOOK,
    ("GET", "/sync_runs/{sync_run_id}/shared"): Deed.LOOK,
    ("POST", "/syncs/{sync_id}/records/search"): Deed.LOOK,
    ("GET", "/syncs/{sync_id}/records/{record}"): Deed.LOOK,
    ("GET", "/syncs/{sync_id}/rejected_groups"): Deed.LOOK,
    ("POST", "/syncs/{sync_id}/rejected_groups/{group_id}/mute"): Deed.RUN,
    ("POST", "/syncs/{sync_id}/rejected_groups/{group_id}/unmute"): Deed.RUN,
    ("GET", "/syncs/{sync_id}/rejected"): Deed.LOOK,
    ("GET", "/syncs/{sync_id}/rejected/export"): Deed.LOOK,
    ("GET", "/sync_runs/{sync_run_id}/rejected"): Deed.LOOK,
    ("GET", "/sync_runs/{sync_run_id}/invalid"): Deed.LOOK,
    ("GET", "/syncs/{sync_id}/requests"): Deed.LOOK,
    ("GET", "/syncs/{sync_id}/requests/{request_id}"): Deed.LOOK,
    ("GET", "/activity"): Deed.LOOK,
    ("GET", "/overview"): Deed.LOOK,
    ("GET", "/health"): Deed.LOOK,
    ("GET", "/doctor"): Deed.OWN,
    ("GET", "/alerts"): Deed.LOOK,
    ("GET", "/alert_rules"): Deed.LOOK,
    ("POST", "/alert_rules"): Deed.OWN,
    ("GET", "/alert_rules/{rule_id}"): Deed.LOOK,
    ("PATCH", "/alert_rules/{rule_id}"): Deed.OWN,
    ("DELETE", "/alert_rules/{rule_id}"): Deed.OWN,
    ("GET", "/alert_channels"): Deed.LOOK,
    ("POST", "/alert_channels"): Deed.OWN,
    ("POST", "/alert_channels/{channel_id}/test"): Deed.OWN,
    ("DELETE", "/alert_channels/{channel_id}"): Deed.OWN,
    ("GET", "/webhooks"): Deed.LOOK,
    ("POST", "/webhooks"): Deed.OWN,
    ("DELETE", "/webhooks/{webhook_id}"): Deed.OWN,
    ("POST", "/webhooks/{webhook_id}/test"): Deed.OWN,
    ("POST", "/webhooks/{webhook_id}/rotate"): Deed.OWN,
    ("POST", "/webhooks/{webhook_id}/retire"): Deed.OWN,
    ("GET", "/webhook_deliveries"): Deed.LOOK,
    ("POST", "/webhook_deliveries/{uid}/replay"): Deed.OWN,
    ("GET", "/me"): Deed.LOOK,
    ("GET", "/users"): Deed.OWN,
    ("POST", "/users"): Deed.OWN,
    ("PATCH", "/users/{user_id}"): Deed.OWN,
    ("DELETE", "/users/{user_id}"): Deed.OWN,
    ("POST", "/users/{user_id}/link"): Deed.OWN,
    ("GET", "/tokens"): Deed.OWN,
    ("POST", "/tokens"): Deed.OWN,
    ("DELETE", "/tokens/{token_id}"): Deed.OWN,
    ("GET", "/masked_columns"): Deed.LOOK,
    ("POST", "/masked_columns"): Deed.OWN,
    ("DELETE", "/masked_columns/{masked_id}"): Deed.OWN,
}


def routes() -> dict[tuple[str, str], set[Deed]]:
    """What the API itself says."""
    return {
        (method, path): {callback.deed for callback in operation.auth_callbacks}
        for bound in api._get_bound_routers()
        for path, view in bound.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    }


def test_every_route_takes_what_the_table_says() -> None:
    assert routes() == {route: {deed} for route, deed in TABLE.items()}


@pytest.mark.parametrize("role", Role)
def test_every_route_refuses_every_role_that_may_not_and_no_other(role: Role, call: Call) -> None:
    caller = call(role)
    for (method, path), deed in TABLE.items():
        address = re.sub(r"\{\w+\}", "424242", path)
        answer = caller.ask(method, address)
        assert (answer.code == 403) is (not may(role, deed)), (method, path, answer.text)
        assert answer.code not in (401, 500), (method, path, answer.text)


def test_every_route_refuses_strangers(call: Call) -> None:
    for method, path in TABLE:
        for caller in (Caller(), Caller("hc_guessed")):
            answer = caller.ask(method, path)
            assert answer.code == 401
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert "Authorization: Bearer" in answer.body["hint"]


def test_a_token_may_do_no_more_than_its_owner_may_today(call: Call) -> None:
    caller = call(Role.OWNER)
    User.objects.update(role=Role.VIEWER)
    assert caller.get("/syncs").code == 200
    refused = caller.post("/sync_runs/1/cancel")
    assert refused.code == 403
    assert "operator" in refused.body["hint"]


def test_a_token_ends_with_its_owners_access(call: Call) -> None:
    caller = call()
    User.objects.update(is_active=False)
    assert caller.get("/syncs").code == 401


def test_a_token_is_stored_as_a_hash_and_its_use_is_noticed(call: Call) -> None:
    caller = call()
    row = ApiToken.objects.get()
    assert caller.token not in (row.digest, row.prefix)
    assert caller.token.startswith(row.prefix)
    caller.get("/syncs")
    assert ApiToken.objects.get().used_at is not None


def test_the_form_of_addresses_carries_a_token_as_well(call: Call) -> None:
    caller = call(Role.VIEWER)

    def basic(name: str, word: str) -> int:
        sign = b64encode(f"{name}:{word}".encode()).decode()
        return Caller().get("/syncs", Authorization=f"Basic {sign}").code

    assert basic("bearer", caller.token) == 200
    assert basic("bearer", "hc_guessed") == 401
    assert basic("owner-person", caller.token) == 401


def test_the_cookies_of_the_pages_count_for_nothing(call: Call) -> None:
    call()
    browser = Client()
    browser.force_login(User.objects.get())
    assert browser.get("/api/v1/syncs").status_code == 401
    assert browser.post("/api/v1/sync_runs/1/cancel").status_code == 401


def test_no_form_token_is_asked_for(call: Call) -> None:
    assert call().post("/sync_runs/999/cancel").code == 404  # the client of the tests checks CSRF
