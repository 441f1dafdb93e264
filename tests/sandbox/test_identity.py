"""The resolution table: whose profile a request means."""

from headcount.sandbox.operations import accept
from headcount.sandbox.seed import CLASSIC


def put(cio, path_id, **body):
    return cio.track("PUT", f"/v1/customers/{path_id}", body)


def test_a_known_person_is_updated_and_keeps_attributes_that_were_not_sent(cio):
    put(cio, "1", plan="free", city="Paris")
    put(cio, "1", plan="pro")
    assert cio.person("1")["attributes"] | {"plan": "pro", "city": "Paris"} == cio.person("1")["attributes"]
    assert len(cio.people()) == 1


def test_an_unowned_identifier_in_the_body_is_added_to_the_person(cio):
    put(cio, "1")
    put(cio, "1", email="ada@example.com")
    assert cio.person("1")["email"] == "ada@example.com"


def test_a_new_id_with_a_known_email_updates_the_person_of_that_email(cio):
    put(cio, "ada%40example.com", plan="free")
    put(cio, "7", email="ADA@example.com", plan="pro")
    [person] = cio.people()
    assert (person["id"], person["attributes"]["plan"]) == ("7", "pro")


def test_a_person_who_has_another_id_does_not_take_a_new_one(cio):
    put(cio, "1", email="ada@example.com")
    put(cio, "2", email="ada@example.com", plan="pro")
    [person] = cio.people()
    assert person["id"] == "1"
    assert len(cio.failures()) == 1


def test_an_email_of_someone_else_is_answered_with_200_and_logged_as_failed(cio):
    put(cio, "1", email="one@example.com")
    put(cio, "2", email="two@example.com")
    answered = put(cio, "1", email="two@example.com", plan="pro")
    assert answered.status == 200
    assert cio.person("1")["email"] == "one@example.com"
    assert cio.person("1")["attributes"]["plan"] == "pro"
    [failure] = cio.failures()
    assert failure["customer_id"] == "1"


def test_an_email_changes_by_id_only_where_the_workspace_allows_it(cio):
    put(cio, "1", email="old@example.com")
    put(cio, "1", email="new@example.com")
    assert cio.person("1")["email"] == "old@example.com"
    cio.set(email_by_id=True)
    put(cio, "1", email="new@example.com")
    assert cio.person("1")["email"] == "new@example.com"


def test_a_cio_id_path_changes_identifiers(cio):
    put(cio, "1", email="old@example.com")
    cio_id = cio.person("1")["cio_id"]
    put(cio, f"cio_{cio_id}", id="2", email="new@example.com")
    assert (cio.person("2")["email"], cio.person("2")["cio_id"]) == ("new@example.com", cio_id)
    assert cio.look("people", id="1")["people"] == []


def test_an_unknown_cio_id_creates_nobody(cio):
    assert put(cio, "cio_ffff", plan="pro").status == 200
    assert cio.people() == []
    assert len(cio.failures()) == 1


def test_emails_match_in_any_letter_case_and_ids_exactly(cio):
    put(cio, "Ada%40Example.com", plan="free")
    put(cio, "ada%40example.COM", plan="pro")
    put(cio, "abc")
    put(cio, "ABC")
    assert len(cio.people()) == 3


def test_update_only_never_creates_and_leaves_a_trace(cio, item):
    assert cio.batch(item.identify("9", _update=True, plan="pro")).status == 200
    assert put(cio, "8", _update=True).status == 200
    assert cio.people() == []
    assert len(cio.failures()) == 2
    put(cio, "9")
    cio.batch(item.identify("9", _update=True, plan="pro"))
    assert cio.person("9")["attributes"]["plan"] == "pro"
    assert "_update" not in cio.person("9")["attributes"]


def test_path_and_body_that_contradict_each_other_are_refused(cio):
    answered = put(cio, "1", id="2")
    assert answered.status == 400
    assert answered.body == {"meta": {"errors": ["id attribute and identifier are not the same value"]}}


def test_in_an_id_only_workspace_two_people_may_share_an_email(cio):
    classic = cio.as_(CLASSIC)
    put(classic, "1", email="shared@example.com")
    put(classic, "2", email="shared@example.com")
    put(classic, "shared%40example.com", plan="pro")
    assert [person["id"] for person in classic.people()] == ["1", "2", "shared@example.com"]
    put(classic, "1", email=None)
    assert classic.person("1")["email"] is None


def test_an_identifier_that_the_workspace_does_not_use_is_refused_in_v2(cio, item):
    bad = {"type": "person", "identifiers": {"email": "a@example.com"}, "action": "identify"}
    answered = cio.as_(CLASSIC).batch(bad, item.identify("1"))
    assert answered.status == 207
    assert answered.body["errors"][0]["field"] == "identifiers.email"


def test_a_phone_identifies_only_where_it_is_switched_on(cio, running):
    bad = {
        "type": "person",
        "identifiers": {"phone": "+4412345"},
        "action": "identify",
        "attributes": {"a": 1},
    }
    assert cio.track("POST", "/v2/entity", bad).status == 400
    made = cio.admin("workspaces", {"name": "Phones", "phone": True})
    workspace = running.account.workspaces[made["environment_id"]]
    accept(workspace, bad, 1.0)
    assert workspace.people.find("phone", "+4412345") is not None


def test_a_slash_in_an_id_is_part_of_it_when_it_is_encoded(cio):
    put(cio, "a%2Fb%2Bc%20d", plan="pro")
    assert cio.people()[0]["id"] == "a/b+c d"


def test_one_anonymous_id_links_earlier_events_once(cio):
    cio.track("POST", "/v1/events", {"name": "looked", "anonymous_id": "anon1"})
    put(cio, "1", anonymous_id="anon1")
    put(cio, "2", anonymous_id="anon1")
    [event] = cio.look("events")["events"]
    assert event["person"]["id"] == "1"
    assert "anonymous_id" not in cio.person("2")["attributes"]
