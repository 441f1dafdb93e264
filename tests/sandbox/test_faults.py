"""Trouble on demand, as a client sees it, and what was applied behind its back."""

import time

import pytest
import urllib3


def put(cio, id_="1", **body):
    return cio.track("PUT", f"/v1/customers/{id_}", body)


@pytest.mark.parametrize("status", [400, 401, 413, 429, 500, 502, 503])
def test_the_next_requests_get_a_status_and_nothing_is_applied(cio, status):
    cio.fault(kind="status", status=status, match={"next": 2})
    assert [put(cio).status, put(cio).status] == [status, status]
    assert cio.people() == []
    assert put(cio).status == 200


def test_a_429_comes_with_or_without_retry_after(cio):
    cio.fault(kind="status", status=429, headers={"Retry-After": "2"}, body="slow", match={"next": 1})
    answered = put(cio)
    assert (answered.headers["retry-after"], answered.raw) == ("2", b"slow")
    cio.fault(kind="status", status=429, match={"next": 1})
    assert "retry-after" not in put(cio).headers


def test_every_nth_and_probability_are_reproducible(cio):
    cio.fault(kind="status", match={"every": 3})
    assert [put(cio).status for _ in range(6)] == [200, 200, 503, 200, 200, 503]
    runs = []
    for _ in range(2):
        cio.admin("faults", method="DELETE")
        cio.fault(kind="status", match={"probability": 0.5, "seed": 7})
        runs.append([put(cio).status for _ in range(20)])
    assert runs[0] == runs[1]
    assert 0 < runs[0].count(503) < 20


def test_path_method_workspace_and_body_choose_requests(cio, item):
    cio.fault(
        kind="status", match={"path": "/api/v2/", "method": "POST", "workspace": 1001, "body": "poison"}
    )
    assert put(cio, note="poison").status == 200
    assert cio.batch(item.identify("2")).status == 200
    assert cio.batch(item.identify("3", note="poison")).status == 503
    cio.admin("faults", method="DELETE")
    cio.fault(kind="status", match={"workspace": 1002})
    assert put(cio).status == 200


def test_a_connection_dropped_before_applies_nothing(cio):
    cio.fault(kind="drop_before", match={"next": 1})
    with pytest.raises(urllib3.exceptions.HTTPError):
        put(cio)
    assert cio.people() == []
    assert put(cio).status == 200


def test_a_connection_dropped_after_has_applied_everything(cio):
    cio.fault(kind="drop_after", match={"next": 1})
    with pytest.raises(urllib3.exceptions.HTTPError):
        put(cio, plan="pro")
    assert cio.person("1")["attributes"]["plan"] == "pro"
    [request] = cio.admin("requests")["requests"]
    assert (request["status"], request["fault"]) == (None, "drop_after")


def test_a_truncated_answer_announces_more_than_it_sends(cio, item):
    cio.fault(kind="truncate", match={"next": 1})
    with pytest.raises(urllib3.exceptions.HTTPError):
        cio.batch(item.identify("1"), item.identify(""))
    assert len(cio.people()) == 1
    assert cio.batch(item.identify("2")).status == 200


def test_an_answer_can_be_something_other_than_json(cio, item):
    cio.fault(kind="not_json", match={"next": 1})
    answered = cio.batch(item.identify("1"))
    assert (answered.status, answered.body) == (200, None)
    assert len(cio.people()) == 1


def test_latency_delays_and_then_answers(cio):
    cio.fault(kind="latency", latency=0.3, match={"next": 1})
    began = time.monotonic()
    assert put(cio).status == 200
    assert time.monotonic() - began > 0.29


@pytest.mark.parametrize("status", [207, 200, 400])
@pytest.mark.parametrize("rows", [{"keys": ["2"]}, {"indexes": [1]}, {"pattern": '"plan":"b"'}])
def test_chosen_rows_are_refused_by_key_index_or_pattern(cio, item, rows, status):
    cio.fault(kind="errors", status=status, rows=rows, error={"message": "no", "field": "attributes.plan"})
    answered = cio.batch(
        item.identify("1", plan="a"), item.identify("2", plan="b"), item.identify("3", plan="c")
    )
    assert answered.status == status
    assert answered.body["errors"] == [
        {"batch_index": 1, "reason": "invalid", "field": "attributes.plan", "message": "no"}
    ]
    applied = [] if status == 400 else ["1", "3"]  # a refused request is refused as a whole
    assert [person["id"] for person in cio.people()] == applied


@pytest.mark.parametrize(
    ("place", "written"),
    [("own", 0), ("text", "0"), ("fraction", 0.5), ("out_of_range", 1_000_000), (-1, -1)],
)
def test_the_index_of_a_refused_row_can_be_nonsense(cio, item, place, written):
    cio.fault(kind="errors", rows={"keys": ["1"]}, error={"index": place})
    assert cio.batch(item.identify("1")).body["errors"][0]["batch_index"] == written


def test_the_index_of_a_refused_row_can_be_missing(cio, item):
    cio.fault(kind="errors", rows={"keys": ["1"]}, error={"index": "none"})
    assert "batch_index" not in cio.batch(item.identify("1")).body["errors"][0]


def test_faults_are_listed_counted_and_removed(cio):
    number = cio.fault(kind="status", match={"next": 3})
    put(cio)
    assert cio.admin("faults")["faults"] == [{"id": number, "kind": "status", "hits": 1, "left": 2}]
    cio.admin(f"faults/{number}", method="DELETE")
    assert put(cio).status == 200
    both = cio.admin("faults", {"faults": [{"kind": "latency"}, {"kind": "status"}]})
    assert len(both["ids"]) == 2


@pytest.mark.parametrize(
    "rule", [{}, {"kind": "odd"}, {"kind": "status", "odd": 1}, {"kind": "status", "match": {"odd": 1}},
             {"kind": "status", "match": {"next": 0}}, {"kind": "errors", "rows": {"pattern": "("}}]
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(cio, rule):
    answered = cio.send("POST", "/_sandbox/faults", rule)
    assert answered.status == 400
    assert answered.body["error"]


def test_a_rate_limit_on_track_can_be_switched_on(cio):
    cio.set(track_rate=3)
    statuses = [put(cio).status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
