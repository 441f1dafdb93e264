"""The App API's reads and their shapes."""

import pytest
import urllib3

from headcount.sandbox.seed import CLASSIC, PRODUCTION


@pytest.fixture(autouse=True)
def no_limit(cio):
    cio.admin("settings", {"app_rate": 0}, "PATCH")


def test_attributes_are_strings_with_times(cio, item):
    cio.batch(item.identify("1", email="a+b@example.com", n=10, t=True, j={"a": [1]}))
    customer = cio.app("GET", "/customers/1/attributes").body["customer"]
    assert customer["identifiers"]["email"] == "a+b@example.com"
    assert {name: customer["attributes"][name] for name in "ntj"} == {
        "n": "10",
        "t": "true",
        "j": '{"a":[1]}',
    }
    assert customer["timestamps"]["n"] > 1_700_000_000
    assert customer["unsubscribed"] is False
    assert cio.app("GET", "/customers?email=A%2Bb%40example.com").body["results"][0]["id"] == "1"
    assert cio.app("GET", "/customers?email=nobody%40example.com").body == {"results": []}


def test_people_are_found_by_each_identifier_that_is_switched_on(cio, item):
    cio.batch(item.identify("1", email="a@example.com"))
    cio_id = cio.person("1")["cio_id"]
    assert cio.app("GET", "/customers/a%40example.com/attributes?id_type=email").status == 200
    assert cio.app("GET", f"/customers/cio_{cio_id}/attributes?id_type=cio_id").status == 200
    assert cio.app("GET", "/customers/1/attributes?id_type=phone").status == 400
    assert cio.as_(CLASSIC).app("GET", "/customers/a/attributes?id_type=email").status == 400
    unknown = cio.app("GET", "/customers/9/attributes")
    assert (unknown.status, unknown.body["errors"][0]["status"]) == (404, "404")


def test_bulk_attributes_leave_unknown_ids_out(cio, item):
    cio.batch(item.identify("1"), item.identify("2"))
    body = cio.app("POST", "/customers/attributes", {"ids": ["1", "9", "2"]}).body
    assert [each["customer"]["id"] for each in body["customers"]] == ["1", "2"]
    assert cio.app("POST", "/customers/attributes", {"ids": ["1"] * 101}).status == 400


def test_search_filters_and_pages(cio, item):
    cio.batch(*(item.identify(str(n), plan="pro" if n % 2 else "free") for n in range(10)))
    is_pro = {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}
    is_first = {"attribute": {"field": "id", "operator": "eq", "value": "1"}}
    wanted = {"filter": {"and": [is_pro, {"not": is_first}]}}
    first = cio.app("POST", "/customers?limit=3", wanted).body
    assert (first["ids"], first["next"]) == (["3", "5", "7"], "3")
    second = cio.app("POST", f"/customers?limit=3&start={first['next']}", wanted).body
    assert (second["ids"], second["next"]) == (["9"], "")
    either = {
        "filter": {"or": [{"segment": {"id": 1}}, {"attribute": {"field": "none", "operator": "exists"}}]}
    }
    assert cio.app("POST", "/customers", either).body["ids"] == []
    assert cio.app("POST", "/customers", {"filter": {"odd": 1}}).status == 400
    assert cio.app("POST", "/customers?limit=1001", wanted).status == 400
    assert cio.app("POST", "/customers", b"{").status == 400


def test_activities_show_what_a_200_hid(cio, item):
    cio.batch(item.identify("1", email="a@example.com"), item.identify("2", email="b@example.com"))
    cio.batch(item.identify("1", email="b@example.com"), item.event("1", "bought", attributes={"total": 5}))
    found = cio.app("GET", "/activities?type=failed_attribute_change").body["activities"]
    assert [(each["type"], each["customer_id"]) for each in found] == [("failed_attribute_change", "1")]
    theirs = cio.app("GET", "/customers/1/activities?type=event&name=bought").body["activities"]
    assert theirs[0]["data"] == {"total": 5}
    page = cio.app("GET", "/activities?limit=2").body
    assert (len(page["activities"]), page["next"]) == (2, "2")


def test_workspaces_objects_and_the_rest_have_their_documented_shapes(cio, item):
    acme = {"object_type_id": "1", "object_id": "acme"}
    thing = {"type": "object", "identifiers": acme, "action": "identify", "attributes": {"n": 1}}
    cio.batch(item.identify("1"), {**thing, "cio_relationships": [{"identifiers": {"id": "1"}}]})
    named = [
        (each["id"], each["name"], each["people"])
        for each in cio.app("GET", "/workspaces").body["workspaces"]
    ]
    assert named[0] == (1001, "Production", 1)
    assert cio.app("GET", "/object_types").body["types"][0]["id"] == "1"
    assert cio.app("POST", "/objects", {"object_type_id": "1"}).body["ids"] == ["acme"]
    wanted = {
        "object_type_id": "1",
        "filter": {"and": [{"attribute": {"field": "n", "operator": "eq", "value": "2"}}]},
    }
    assert cio.app("POST", "/objects", wanted).body["ids"] == []
    assert cio.app("GET", "/objects/1/acme/attributes").body["object"]["attributes"] == {"n": "1"}
    links = cio.app("GET", "/objects/1/acme/relationships").body["cio_relationships"]
    assert links[0]["identifiers"]["id"] == "1"
    assert cio.app("GET", "/objects/1/nobody/attributes").status == 404
    theirs = cio.app("GET", "/customers/1/relationships").body["cio_relationships"]
    assert theirs[0]["identifiers"]["object_id"] == "acme"
    assert cio.app("GET", "/customers/1/segments").body == {"segments": []}
    assert cio.app("GET", "/customers/1/messages").body["messages"] == []
    assert cio.app("GET", "/customers/1/subscription_preferences").status == 200
    assert cio.app("GET", "/exports").body == {"exports": None}
    assert cio.app("POST", "/imports", {}).status == 422


def test_a_collection_is_replaced_as_a_whole(cio):
    made = cio.app("POST", "/collections", {"name": "Prices", "data": [{"a": 1}]}).body["collection"]
    assert (made["rows"], made["schema"]) == (1, ["a"])
    path = f"/collections/{made['id']}"
    assert cio.app("PUT", f"{path}/content", [{"a": 2}, {"b": 3}]).body["collection"]["rows"] == 2
    assert cio.app("GET", f"{path}/content").body == [{"a": 2}, {"b": 3}]
    assert cio.app("PUT", path, {"name": "New"}).body["collection"]["name"] == "New"
    assert cio.app("GET", "/collections").body["collections"][0]["name"] == "New"
    assert cio.app("PUT", f"{path}/content", {"a": 2}).status == 422
    assert cio.app("DELETE", path).status == 204
    assert cio.app("GET", path).status == 404


def test_more_than_ten_requests_a_second_get_429(cio):
    cio.set(app_rate=10)
    statuses = [cio.app("GET", "/workspaces").status for _ in range(15)]
    assert 429 in statuses
    assert statuses[:10] == [200] * 10
    cio.set(app_rate=0)
    assert cio.app("GET", "/workspaces").status == 200


def test_the_wrong_datacenter_answers_301_with_a_location_that_stays_local(cio):
    cio.set(wrong_datacenter=True)
    answered = cio.app("GET", "/workspaces")
    assert answered.status == 301
    assert answered.body == {"errors": [{"detail": "wrong datacenter", "status": "301"}]}
    where = answered.headers["location"]
    assert where.startswith(cio.url)
    headers = {"Authorization": f"Bearer {PRODUCTION.app_key}"}
    assert urllib3.request("GET", where, headers=headers, redirect=False).status == 200
    assert urllib3.request("GET", where, redirect=False).status == 401
