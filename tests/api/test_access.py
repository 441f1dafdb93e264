"""Who may call: only tokens count, and a token's role decides."""

from __future__ import annotations

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
    ("GET", "/sources/{source_id}"): Deed.LOOK,
    ("GET", "/sources/{source_id}/models"): Deed.LOOK,
    ("GET", "/destinations"): Deed.LOOK,
    ("GET", "/destinations/{destination_id}"): Deed.LOOK,
    ("GET", "/connections"): Deed.LOOK,
    ("GET", "/connections/{connection_id}"): Deed.LOOK,
    ("GET", "/models"): Deed.LOOK,
    ("GET", "/models/{model_id}"): Deed.LOOK,
    ("GET", "/syncs"): Deed.LOOK,
    ("GET", "/syncs/{sync_id}"): Deed.LOOK,
    ("GET", "/syncs/{sync_id}/sync_runs"): Deed.LOOK,
    ("GET", "/sync_runs"): Deed.LOOK,
    ("GET", "/sync_runs/{sync_run_id}"): Deed.LOOK,
    ("GET", "/sync_runs/{sync_run_id}/progress"): Deed.LOOK,
    ("POST", "/sync_runs/{sync_run_id}/cancel"): Deed.RUN,
    ("POST", "/sync_runs/{sync_run_id}/approve"): Deed.RUN,
    ("POST", "/sync_runs/{sync_run_id}/pause"): Deed.RUN,
    ("POST", "/sync_runs/{sync_run_id}/resume"): Deed.RUN,
    ("POST", "/syncs"): Deed.EDIT,
    ("PATCH", "/syncs/{sync_id}"): Deed.EDIT,
    ("DELETE", "/syncs/{sync_id}"): Deed.EDIT,
    ("POST", "/syncs/{sync_id}/check"): Deed.EDIT,
    ("GET", "/syncs/{sync_id}/preview"): Deed.LOOK,
    ("POST", "/syncs/{sync_id}/payload"): Deed.LOOK,
    ("POST", "/syncs/{sync_id}/trigger"): Deed.RUN,
    ("POST", "/syncs/{sync_id}/pause"): Deed.RUN,
    ("POST", "/syncs/{sync_id}/resume"): Deed.RUN,
    ("POST", "/syncs/{sync_id}/retry"): Deed.RUN,
    ("POST", "/syncs/{sync_id}/test"): Deed.RUN,
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
        address = path.replace("{", "").replace("}", "")
        for name in ("source_id", "destination_id", "connection_id", "model_id", "sync_id", "sync_run_id"):
            address = address.replace(name, "424242")
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
