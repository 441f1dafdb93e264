"""The sink checks and counts everything, the same for every client, and keeps nothing."""

import random
import zlib


def tally(sink, action="identify"):
    return sink.admin("sink")["workspaces"]["1001"][action]


def test_rows_keys_and_checksum_do_not_depend_on_order_batches_or_attribute_order(sink, item):
    rows = [item.identify(str(n), plan="pro", ltv=n + 0.5) for n in range(50)]
    sink.batch(*rows)
    first = tally(sink)
    assert (first["rows"], first["distinct_keys"]) == (50, 50)
    sink.admin("sink", method="DELETE")
    random.Random(1).shuffle(rows)
    turned = [{**row, "attributes": dict(reversed(row["attributes"].items()))} for row in rows]
    sink.batch(*turned[:20])
    sink.batch(*turned[20:])
    assert tally(sink) == first


def test_track_v1_and_v2_count_alike(sink, item):
    sink.batch(item.identify("1", plan="pro"), item.event("1", "bought", attributes={"total": 5}))
    by_v2 = sink.admin("sink")["workspaces"]
    sink.admin("sink", method="DELETE")
    sink.track("PUT", "/v1/customers/1", {"plan": "pro"})
    sink.track("POST", "/v1/customers/1/events", {"name": "bought", "data": {"total": 5}})
    assert sink.admin("sink")["workspaces"] == by_v2


def test_a_changed_value_changes_the_checksum(sink, item):
    sink.batch(item.identify("1", plan="pro"))
    before = tally(sink)["checksum"]
    sink.admin("sink", method="DELETE")
    sink.batch(item.identify("1", plan="pr0"))
    assert tally(sink)["checksum"] != before


def test_the_checksum_is_the_same_in_every_process(sink, item):
    sink.batch(item.identify("1", plan="pro"))
    content = b'[{"id":"1"},null,{"plan":"pro"}]'
    assert tally(sink)["checksum"] == f"{zlib.crc32(content) << 32 | zlib.adler32(content):016x}"


def test_repeated_keys_are_rows_but_not_distinct(sink, item):
    sink.batch(item.identify("1"), item.identify("1"), item.identify("2"))
    assert (tally(sink)["rows"], tally(sink)["distinct_keys"]) == (3, 2)


def test_bad_rows_are_refused_as_in_full_mode(sink, cio, item):
    rows = [
        item.identify("1", bio="x" * 1001), item.identify(""), item.identify("2", **{"n" * 151: 1}),
        item.identify("3", **{f"a{n}": n for n in range(301)}),
        item.identify("4", **{f"a{n}": "x" * 900 for n in range(40)}),
        item.event("5", ""), {"type": "robot"}, 7, item.identify("6", plan="pro"),
        {**item.identify("7"), "cio_relationships": 1},
        {"type": "person", "identifiers": {"id": []}, "action": "delete"},
    ]  # fmt: skip
    answered, full = sink.batch(*rows), cio.batch(*rows)
    assert answered.status == 207
    assert answered.body == full.body
    assert tally(sink)["rows"] == 1
    assert sink.admin("sink")["refused_rows"] == 10
    assert sink.admin("sink")["last_refusals"]


def test_every_kind_of_track_request_counts(sink):
    sink.track("DELETE", "/v1/customers/1", {})
    sink.track("POST", "/v1/customers/1/suppress")
    sink.track("PUT", "/v1/customers/1/devices", {"device": {"id": "t", "platform": "ios"}})
    sink.track("POST", "/v1/events", {"name": "a", "anonymous_id": "x"})
    sink.track("POST", "/v1/segments/7/add_customers?id_type=id", {"ids": ["1", "2"]})
    sink.track(
        "POST",
        "/v2/entity",
        {"type": "person", "action": "merge", "primary": {"id": "1"}, "secondary": {"id": "2"}},
    )
    told = sink.admin("sink")["workspaces"]["1001"]
    counted = {action: told[action]["rows"] for action in told}
    assert counted == {
        "delete": 1,
        "suppress": 1,
        "add_device": 1,
        "event": 1,
        "add_to_segment": 2,
        "merge": 1,
    }


def test_malformed_requests_are_refused(sink, item):
    assert sink.track("POST", "/v2/batch", b"{").status == 400
    assert sink.track("POST", "/v2/batch", b'{"batch":[]}').status == 400
    assert sink.track("PUT", "/v1/customers/1", b"[]").status == 400
    assert sink.track("PUT", "/v1/customers/1", {"a": "x" * 1001}).status == 400
    assert sink.track("POST", "/v1/segments/7/add_customers", {"ids": []}).status == 400
    assert sink.track("POST", "/v2/batch", b" " * 500_001).status == 400
    assert sink.track("GET", "/v1/accounts/region").status == 200
    assert sink.send("POST", "/api/v2/batch", {"batch": []}).status == 401
    sink.admin("settings", {"all_bad_status": 400}, "PATCH")
    assert sink.batch(item.identify("")).status == 400


def test_nothing_is_kept(sink, item):
    sink.batch(item.identify("1"))
    assert sink.people() == []
    assert sink.admin("requests")["requests"][0]["body"] is None
    assert sink.admin("rates")["workspaces"]["1001"]["track"]["requests"] == 1


def test_faults_work_in_the_sink_too(sink, item):
    sink.fault(kind="status", status=503, match={"next": 1})
    assert sink.batch(item.identify("1")).status == 503
    assert sink.batch(item.identify("1")).status == 200


def test_chosen_rows_are_refused_in_the_sink_as_in_full_mode(sink, cio, item):
    rows = [item.identify(str(n), plan="pro") for n in range(5)] + [item.event("9", "bought")]
    bad = item.identify("1", bio="x" * 1001)
    rules = [
        {"rows": {"indexes": [0, 2]}, "error": {"reason": "no", "field": "plan"}},
        {"rows": {"keys": ["3", "9"]}, "status": 200},
        {"rows": {"pattern": '"id": ?"[0-9]"'}, "error": {"index": "none"}},
        {"rows": {"keys": ["nobody"]}, "status": 200},
    ]
    for rule in rules:
        answers = []
        for far_end in (sink, cio):
            far_end.fault(kind="errors", match={"next": 1}, **rule)
            answered = far_end.batch(*rows, bad)
            answers.append((answered.status, answered.body))
        assert answers[0] == answers[1]
    assert tally(sink)["rows"] == 3 + 4 + 0 + 5
