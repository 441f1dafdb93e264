"""Documented limits, in both APIs' words, and the statuses of a batch."""

import gzip

import pytest
import urllib3

from headcount.sandbox.seed import PRODUCTION


def errors(answered):
    return [(error.get("batch_index"), error["reason"], error["field"]) for error in answered.body["errors"]]


@pytest.mark.parametrize(
    ("attributes", "field", "message"),
    [
        ({"plan": "x" * 1001}, "attributes.plan", "property value cannot be longer than 1000 bytes"),
        ({"plan": "é" * 501}, "attributes.plan", "property value cannot be longer than 1000 bytes"),
        ({"plan": ["x" * 1000]}, "attributes.plan", "property value cannot be longer than 1000 bytes"),
        ({"n" * 151: 1}, "attributes." + "n" * 151, "property name cannot be longer than 150 bytes"),
        ({f"a{n}": n for n in range(301)}, "attributes", "cannot contain more than 300 attributes"),
    ],
)
def test_v2_refuses_a_row_past_a_limit_and_takes_the_others(cio, item, attributes, field, message):
    answered = cio.batch(item.identify("1"), item.identify("2", **attributes), item.identify("3"))
    assert answered.status == 207
    assert answered.body["errors"] == [
        {"batch_index": 1, "reason": "invalid", "field": field, "message": message}
    ]
    assert [person["id"] for person in cio.people()] == ["1", "3"]


def test_values_and_names_at_the_limit_are_taken(cio, item):
    fine = {"a" * 150: "x" * 1000, "b": "é" * 500, **{f"n{n}": n for n in range(298)}}
    assert cio.batch(item.identify("i" * 150, **fine)).status == 200


def test_several_errors_of_one_row_share_its_index(cio, item):
    answered = cio.batch(item.identify("1", a="x" * 1001, b="x" * 1001), item.identify("2"))
    assert [index for index, _, _ in errors(answered)] == [0, 0]


ONE = {"type": "person", "identifiers": {"id": "1"}}


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({**ONE, "identifiers": {"id": 1}, "action": "identify"}, "identifiers.id"),
        ({**ONE, "identifiers": {"id": ""}, "action": "identify"}, "identifiers.id"),
        ({**ONE, "identifiers": {"id": "x" * 151}, "action": "identify"}, "identifiers.id"),
        ({**ONE, "identifiers": {"id": "1", "email": "a@b.co"}, "action": "identify"}, "identifiers"),
        ({"type": "person", "action": "identify"}, "identifiers"),
        ({**ONE, "action": "dance"}, "action"),
        ({"type": "robot", "identifiers": {"id": "1"}, "action": "identify"}, "type"),
        ({**ONE, "action": "identify", "attributes": []}, "attributes"),
        ({**ONE, "action": "event"}, "name"),
        ({**ONE, "action": "add_device"}, "device"),
        ({**ONE, "action": "add_relationships"}, "cio_relationships"),
        ({"type": "person", "action": "merge", "primary": {"id": "1"}}, "secondary"),
        ({"type": "object", "identifiers": {"object_type_id": 1, "object_id": "a"}, "action": "identify"},
         "identifiers.object_type_id"),
        ({"type": "object", "identifiers": {"object_id": "a"}, "action": "identify"}, "identifiers"),
        ("text", "body"),
    ],
)  # fmt: skip
def test_v2_names_the_field_of_a_malformed_row(cio, item, row, field):
    answered = cio.batch(item.identify("ok"), row)
    assert answered.status == 207
    assert (answered.body["errors"][0]["batch_index"], answered.body["errors"][0]["field"]) == (1, field)
    assert cio.track("POST", "/v2/entity", row).body["errors"][0]["field"] == field


def test_a_wrong_action_on_an_object_is_refused_in_the_recorded_words(cio):
    row = {"type": "object", "identifiers": {"object_type_id": "1", "object_id": "a"}}
    assert cio.track("POST", "/v2/entity", row).body["errors"] == [
        {
            "reason": "required",
            "field": "action",
            "message": "must be one of add_relationships, delete, delete_relationships, identify or "
            "identify_anonymous",
        }
    ]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"batch": 1}', b'{"batch": {}}', b"\xff", b'{"batch":[' + b"[" * 5000]
)
def test_a_body_that_is_no_batch_is_refused_as_a_whole(cio, body):
    answered = cio.track("POST", "/v2/batch", body)
    assert answered.status == 400
    assert answered.body["errors"] == [
        {"reason": "invalid", "field": "body", "message": "must be valid JSON"}
    ]


def test_a_batch_in_which_all_rows_are_bad_is_207_or_400(cio, item):
    bad = item.identify("")
    assert cio.batch(bad, bad).status == 207
    cio.set(all_bad_status=400)
    assert cio.batch(bad, bad).status == 400
    assert cio.batch(bad, item.identify("1")).status == 207


def test_a_batch_past_500_000_bytes_is_400_or_413(cio, item):
    rows = [item.identify(str(n), bio="x" * 900) for n in range(520)]
    assert cio.batch(*rows).status == 400
    cio.set(oversize_status=413)
    assert cio.batch(*rows).status == 413
    cio.set(batch_bytes=512_000_000)
    assert cio.batch(*rows).status == 200


def test_an_operation_past_32_000_bytes_is_refused(cio, item):
    heavy = item.identify("1", **{f"a{n}": "x" * 900 for n in range(40)})
    assert errors(cio.batch(heavy, item.identify("2"))) == [(0, "invalid", "body")]
    assert cio.track("POST", "/v2/entity", heavy).status == 400


def test_a_limit_on_the_number_of_rows_can_be_switched_on(cio, item):
    cio.set(batch_items=2)
    assert cio.batch(item.identify("1"), item.identify("2")).status == 200
    assert cio.batch(item.identify("1"), item.identify("2"), item.identify("3")).status == 400


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({f"a{n}": n for n in range(301)}, "cannot identify more than 300 attributes in one request"),
        ({"n" * 151: 1}, "attribute name cannot be longer than 150 bytes"),
        ({"plan": "x" * 1001}, "value for attribute 'plan' cannot be longer than 1000 bytes"),
    ],
)
def test_v1_refuses_in_its_own_words(cio, body, message):
    answered = cio.track("PUT", "/v1/customers/1", body)
    assert (answered.status, answered.body) == (400, {"meta": {"errors": [message]}})
    assert answered.raw.startswith(b'{\n  "meta"')


def test_a_gzip_body_is_read(cio):
    headers = urllib3.make_headers(basic_auth=f"{PRODUCTION.site_id}:{PRODUCTION.api_key}")
    headers["content-encoding"] = "gzip"
    body = gzip.compress(b'{"plan":"pro"}')
    assert cio.send("PUT", "/api/v1/customers/1", body, headers).status == 200
    assert cio.send("PUT", "/api/v1/customers/1", b"not gzip", headers).status == 400
    assert cio.person("1")["attributes"]["plan"] == "pro"


def test_an_unknown_path_is_404(cio):
    assert cio.track("GET", "/v1/nothing").status == 404
    assert cio.track("PUT", "/v2/batch").status == 404
    assert cio.app("GET", "/nothing").status == 404


def test_deliveries_report_without_credentials(cio):
    json_type = {"content-type": "application/json"}
    assert cio.send("POST", "/unsubscribe/abc", {"unsubscribe": True}, json_type).status == 200
    assert cio.send("POST", "/unsubscribe/abc", {"unsubscribe": True}).status == 400
    assert cio.send("POST", "/api/v1/metrics", {"delivery_id": "a"}).status == 200
    assert cio.send("POST", "/api/v1/push/events", {"delivery_id": "a"}).status == 200
