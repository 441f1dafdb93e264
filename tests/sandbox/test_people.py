"""Delete, suppress, merge, devices, forms and relationships of people."""


def person(id_, action, **values):
    return {"type": "person", "identifiers": {"id": id_}, "action": action, **values}


def test_a_deletion_is_idempotent_and_forgets_the_events(cio, item):
    cio.batch(item.identify("1", plan="pro"), item.event("1", "a"))
    for _ in range(2):
        assert cio.track("DELETE", "/v1/customers/1", {}).status == 200
    assert (cio.people(), cio.look("events")["total"]) == ([], 0)
    assert cio.batch(person("1", "delete")).status == 200


def test_suppressing_deletes_and_blocks_every_identifier_until_it_is_lifted(cio, item):
    cio.batch(item.identify("1", email="ada@example.com"))
    cio.track("POST", "/v1/customers/1/suppress")
    assert {row["kind"] for row in cio.look("suppressed")["suppressed"]} == {"id", "email"}
    by_email = {"type": "person", "identifiers": {"email": "Ada@example.com"}, "action": "identify"}
    for row in (
        item.identify("1"),
        item.event("1", "a"),
        by_email,
        item.identify("2", email="ada@example.com"),
    ):
        assert cio.batch(row).status == 200
    assert cio.people() == []
    cio.batch(person("1", "unsuppress"))
    cio.batch(item.identify("1"))
    assert [found["id"] for found in cio.people()] == ["1"]


def test_merging_fills_what_the_primary_lacks_and_removes_the_secondary(cio, item):
    cio.batch(
        item.identify("1", plan="pro", city=""),
        item.identify("2", plan="free", city="Rome", email="b@example.com"),
    )
    cio.batch(item.event("2", "bought"))
    answered = cio.track(
        "POST", "/v1/merge_customers", {"primary": {"id": "1"}, "secondary": {"email": "b@example.com"}}
    )
    assert answered.status == 200
    [left] = cio.people()
    assert (left["id"], left["email"]) == ("1", "b@example.com")
    assert (left["attributes"]["plan"], left["attributes"]["city"]) == ("pro", "Rome")
    assert cio.look("events")["events"][0]["person"]["id"] == "1"


def test_merging_into_an_unknown_primary_does_nothing(cio, item):
    cio.batch(item.identify("2"))
    assert (
        cio.batch(
            {"type": "person", "action": "merge", "primary": {"id": "9"}, "secondary": {"id": "2"}}
        ).status
        == 200
    )
    assert [found["id"] for found in cio.people()] == ["2"]


def test_merging_with_two_identifiers_on_one_side_is_refused(cio):
    body = {"primary": {"id": "1", "email": "a@b.co"}, "secondary": {"id": "2"}}
    answered = cio.track("POST", "/v1/merge_customers", body)
    assert answered.status == 400
    assert "error" in answered.body["meta"]


def test_devices_come_and_go_in_both_apis(cio):
    cio.track("PUT", "/v1/customers/1/devices", {"device": {"id": "t1", "platform": "ios", "last_used": 5}})
    cio.batch(person("1", "add_device", device={"token": "t2", "platform": "android"}))
    assert {device["token"] for device in cio.person("1")["devices"]} == {"t1", "t2"}
    cio.track("DELETE", "/v1/customers/1/devices/t2", {})
    cio.batch(person("1", "delete_device", device={"token": "t1"}))
    assert cio.person("1")["devices"] == []
    assert (
        cio.track("PUT", "/v1/customers/1/devices", {"device": {"id": "t", "platform": "vhs"}}).status == 400
    )


def test_a_form_creates_its_person_and_answers_204(cio):
    answered = cio.track("POST", "/v1/forms/9/submit", {"data": {"email": "a@example.com", "colour": "red"}})
    assert (answered.status, answered.raw) == (204, b"")
    assert cio.people()[0]["attributes"]["colour"] == "red"
    assert cio.track("POST", "/v1/forms/9/submit", {"data": {"colour": "red"}}).status == 400


def test_relationships_work_from_both_sides(cio, item):
    acme = {"object_type_id": "1", "object_id": "acme"}
    link = {"identifiers": acme, "relationship_attributes": {"role": "boss", "gone": None}}
    cio.batch(
        {"type": "object", "identifiers": acme, "action": "identify", "attributes": {"name": "Acme", "x": ""}}
    )
    cio.batch({**item.identify("1"), "cio_relationships": [link]})
    back = {"type": "object", "identifiers": acme, "action": "add_relationships"}
    cio.batch({**back, "cio_relationships": [{"identifiers": {"id": "2"}}]})
    links = cio.look("relationships")["relationships"]
    assert [(each["person"]["id"], each["attributes"]) for each in links] == [
        ("1", {"role": "boss"}),
        ("2", {}),
    ]
    cio.batch(person("1", "delete_relationships", cio_relationships=[{"identifiers": acme}]))
    cio.batch({**back, "action": "delete_relationships", "cio_relationships": [{"identifiers": {"id": "2"}}]})
    assert cio.look("relationships")["total"] == 0
    [thing] = cio.look("objects")["objects"]
    assert thing["attributes"] == {"name": "Acme"}
    cio.batch(
        {"type": "object", "identifiers": {"cio_object_id": thing["cio_object_id"]}, "action": "delete"}
    )
    assert cio.look("objects")["total"] == 0


def test_v1_relationships_are_an_object_with_an_action(cio):
    link = {"identifiers": {"object_type_id": "1", "object_id": "acme"}}
    for action, count in (("add_relationships", 1), ("delete_relationships", 0)):
        cio.track(
            "PUT", "/v1/customers/1", {"cio_relationships": {"action": action, "relationships": [link]}}
        )
        assert cio.look("relationships")["total"] == count
    assert "cio_relationships" not in cio.person("1")["attributes"]


def test_an_object_of_a_type_nobody_made_is_not_created(cio):
    made = {"object_type_id": "7", "object_id": "a"}
    assert cio.batch({"type": "object", "identifiers": made, "action": "identify"}).status == 200
    assert cio.look("objects")["total"] == 0
    assert cio.look("activities", type="_o:7:failed_attribute_change")["activities"]
    assert cio.admin("object_types", {"name": "Planes", "singular": "Plane"})["id"] == "2"


def test_a_change_can_be_held_back_after_its_200(cio, item):
    cio.set(apply_delay=60.0)
    cio.batch(item.identify("1", plan="pro"))
    cio.batch(item.event("1", "a"))
    assert cio.people() == []
    assert cio.app("GET", "/customers/1/attributes").status == 404
    assert cio.admin("counts")["1001"]["waiting"] == 2
    cio.admin("settle", {})
    assert cio.person("1")["attributes"]["plan"] == "pro"
