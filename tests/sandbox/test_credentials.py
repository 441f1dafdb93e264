"""Who may call, and what the region endpoint says."""

import base64

from headcount.sandbox.seed import CLASSIC, PRODUCTION, STAGING


def test_the_region_endpoint_tells_region_and_workspace_of_the_credentials(cio):
    for seed in (PRODUCTION, STAGING, CLASSIC):
        answered = cio.as_(seed).track("GET", "/v1/accounts/region")
        assert answered.status == 200
        assert answered.body == {"url": cio.url, "region": seed.region, "environment_id": seed.environment_id}


def test_wrong_track_credentials_get_401_in_the_words_of_the_track_api(cio):
    for header in ("", "Basic !!!", "Bearer x", "Basic " + base64.b64encode(b"nobody:x").decode()):
        for path in ("/api/v1/accounts/region", "/api/v2/batch"):
            answered = cio.send("POST" if "v2" in path else "GET", path, None, {"Authorization": header})
            assert answered.status == 401
            assert answered.body == {"meta": {"error": "Unauthorized request"}}


def test_a_site_id_with_another_workspaces_key_is_refused(cio):
    mixed = base64.b64encode(f"{PRODUCTION.site_id}:{STAGING.api_key}".encode()).decode()
    assert cio.send("GET", "/api/v1/accounts/region", None, {"Authorization": f"Basic {mixed}"}).status == 401


def test_url_safe_base64_without_padding_is_read(cio):
    text = f"{PRODUCTION.site_id}:{PRODUCTION.api_key}".encode()
    header = "Basic " + base64.urlsafe_b64encode(text).decode().rstrip("=")
    assert cio.send("GET", "/api/v1/accounts/region", None, {"Authorization": header}).status == 200


def test_a_track_key_does_not_open_the_app_api_nor_the_other_way_round(cio):
    answered = cio.send("GET", "/v1/workspaces", None, {"Authorization": f"Bearer {PRODUCTION.api_key}"})
    assert answered.status == 401
    assert answered.body["errors"][0]["status"] == "401"
    pair = base64.b64encode(f"{PRODUCTION.site_id}:{PRODUCTION.app_key}".encode()).decode()
    assert cio.send("GET", "/api/v1/accounts/region", None, {"Authorization": f"Basic {pair}"}).status == 401


def test_workspaces_do_not_see_each_other(cio, item):
    cio.batch(item.identify("1", plan="pro"))
    assert cio.as_(STAGING).people() == []


def test_a_new_workspace_has_credentials_that_work_at_once(cio):
    made = cio.admin("workspaces", {"name": "Fresh", "region": "eu", "mode": "email-only"})
    key = made["track_keys"][0]
    pair = base64.b64encode(f"{key['site_id']}:{key['api_key']}".encode()).decode()
    answered = cio.send("GET", "/api/v1/accounts/region", None, {"Authorization": f"Basic {pair}"})
    assert answered.body["environment_id"] == made["environment_id"]
    assert len(key["site_id"]) == len(key["api_key"]) == 20
    assert len(made["app_keys"][0]["token"]) == 32


def test_success_is_two_braces_and_a_line_end(cio, item):
    answered = cio.batch(item.identify("1"))
    assert (answered.status, answered.raw) == (200, b"{}\n")
    assert answered.headers["content-type"] == "application/json; charset=utf-8"
    assert answered.headers["content-length"] == "3"
