"""Manual segments: made by the App API, filled by Track v1."""


def make(cio, name="VIP"):
    return cio.app("POST", "/segments", {"segment": {"name": name, "description": "best"}}).body["segment"]


def test_a_segment_is_filled_by_ids_that_exist_and_ignores_the_others(cio, item):
    segment = make(cio)
    assert segment["type"] == "manual"
    cio.batch(item.identify("1", email="one@example.com"), item.identify("2"))
    assert (
        cio.track("POST", f"/v1/segments/{segment['id']}/add_customers", {"ids": ["1", "2", "9"]}).status
        == 200
    )
    assert cio.app("GET", f"/segments/{segment['id']}/customer_count").body == {"count": 2}
    cio.track(
        "POST", f"/v1/segments/{segment['id']}/remove_customers?id_type=email", {"ids": ["ONE@example.com"]}
    )
    members = cio.app("GET", f"/segments/{segment['id']}/membership").body
    assert (members["ids"], members["next"]) == (["2"], "")


def test_an_id_type_that_does_not_match_adds_nobody(cio, item):
    segment = make(cio)
    cio.batch(item.identify("1"))
    cio.track("POST", f"/v1/segments/{segment['id']}/add_customers?id_type=cio_id", {"ids": ["1"]})
    assert cio.look("segments")["segments"][0]["count"] == 0
    cio_id = cio.person("1")["cio_id"]
    cio.track("POST", f"/v1/segments/{segment['id']}/add_customers?id_type=cio_id", {"ids": [cio_id]})
    assert cio.look("segments")["segments"][0]["count"] == 1


def test_bad_requests_are_refused(cio):
    segment = make(cio)
    path = f"/v1/segments/{segment['id']}/add_customers"
    for body in ({"ids": []}, {"ids": [1]}, {"ids": ["1"] * 1001}, {}):
        assert cio.track("POST", path, body).status == 400
    assert cio.track("POST", "/v1/segments/99/add_customers", {"ids": ["1"]}).status == 400
    dynamic = cio.admin("segments", {"name": "Dynamic", "type": "dynamic"})
    assert cio.track("POST", f"/v1/segments/{dynamic['id']}/add_customers", {"ids": ["1"]}).status == 400
    assert cio.app("DELETE", f"/segments/{dynamic['id']}").status == 400
    assert cio.app("POST", "/segments", {"segment": {}}).status == 422


def test_a_segment_can_be_deleted_and_is_then_unknown(cio):
    segment = make(cio)
    assert cio.app("GET", f"/segments/{segment['id']}").body["segment"]["name"] == "VIP"
    assert cio.app("GET", f"/segments/{segment['id']}/used_by").status == 200
    answered = cio.app("DELETE", f"/segments/{segment['id']}")
    assert (answered.status, answered.raw) == (204, b"")
    assert cio.app("GET", f"/segments/{segment['id']}").status == 404
    assert cio.app("GET", "/segments").body == {"segments": []}


def test_a_deleted_person_leaves_the_segment(cio, item):
    segment = make(cio)
    cio.batch(item.identify("1"))
    cio.track("POST", f"/v1/segments/{segment['id']}/add_customers", {"ids": ["1"]})
    cio.track("DELETE", "/v1/customers/1", {})
    assert cio.look("segments")["segments"][0]["count"] == 0
