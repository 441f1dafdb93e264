"""Raw requests, parallelism and pace, and the admin endpoints' manners."""

import threading

import pytest


def test_requests_are_recorded_to_the_byte_and_without_credentials(cio, item):
    body = b'{"batch":[ {"type":"person", "identifiers":{"id":"1"},"action":"identify"}]}'
    cio.track("POST", "/v2/batch", body)
    cio.track("PUT", "/v1/customers/1", b"\xff\xfe")
    first, second = cio.admin("requests")["requests"]
    assert first["body"].encode() == body
    assert (first["method"], first["path"], first["status"], first["size"]) == (
        "POST",
        "/api/v2/batch",
        200,
        len(body),
    )
    assert (second["body"], second["body_base64"], second["status"]) == (None, "//4=", 400)
    assert first["arrived"] < second["arrived"]
    assert first["workspace"] == 1001
    assert "authorization" not in str(first).lower()


def test_requests_in_flight_are_counted_at_arrival(cio):
    cio.fault(kind="latency", latency=0.3, match={"next": 4})
    threads = [threading.Thread(target=cio.track, args=("PUT", f"/v1/customers/{n}", {})) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = cio.admin("requests?bodies=0")
    assert sorted(request["in_flight"] for request in told["requests"]) == [1, 2, 3, 4]
    assert (told["max_in_flight"], told["in_flight"]) == (4, 0)
    assert "body" not in told["requests"][0]


def test_the_busiest_second_is_known(cio):
    for n in range(12):
        cio.track("PUT", f"/v1/customers/{n}", {})
    track = cio.admin("rates")["workspaces"]["1001"]["track"]
    assert (track["requests"], track["max_per_second"]) == (12, 12)
    cio.admin("rates", method="DELETE")
    assert cio.admin("rates")["workspaces"]["1001"]["track"]["max_per_second"] == 0


def test_a_reset_of_one_workspace_leaves_the_others(cio, item):
    from headcount.sandbox.seed import STAGING

    cio.batch(item.identify("1"))
    cio.as_(STAGING).batch(item.identify("1"))
    cio.admin("reset", {"workspace": 1001})
    assert cio.people() == []
    assert len(cio.as_(STAGING).people()) == 1
    assert len(cio.admin("requests")["requests"]) == 2


def test_dumps_can_be_cut_into_pieces(cio, item):
    cio.batch(*(item.identify(str(n)) for n in range(5)))
    told = cio.look("people", offset=1, limit=2)
    assert (told["total"], [person["id"] for person in told["people"]]) == (5, ["1", "2"])
    assert cio.look("people", email="x@example.com")["people"] == []


@pytest.mark.parametrize("path", ["people?workspace=9", "people?limit=x", "sink", "certificate"])
def test_questions_that_make_no_sense_get_400(cio, path):
    assert cio.send("GET", f"/_sandbox/{path}").status == 400


def test_pages_of_other_sites_cannot_use_the_admin_endpoints(cio):
    assert cio.send("POST", "/_sandbox/reset", {}, {"Origin": "http://evil.example"}).status == 403
    assert cio.send("POST", "/_sandbox/reset", {}, {"Origin": cio.url}).status == 200


def test_settings_are_checked(cio):
    for wrong in ({"odd": 1}, {"app_rate": "x"}, {"wrong_datacenter": 1}):
        assert cio.send("PATCH", "/_sandbox/settings", wrong).status == 400
    assert cio.admin("settings")["1001"]["app_rate"] == 10
