"""Whatever a client sends, it gets a verdict and never a 500."""

import random

import pytest

ACME = {"object_type_id": "1", "object_id": "a"}
PLAIN: list[object] = [None, True, 0, -1, 1.5, "", "x", "1", [], ["a"], {}, {"a": 1}, 10**30]
NESTED: list[object] = [{"id": "1"}, {"id": []}, {"identifiers": {"id": 5}}, {"token": "t", "platform": []}]
LINKS: list[object] = [[{"identifiers": ACME}], [{"identifiers": {"id": []}}], {**ACME, "object_type_id": []}]
ODD = [*PLAIN, *NESTED, *LINKS]
NAMES = [
    "type",
    "action",
    "identifiers",
    "attributes",
    "name",
    "id",
    "timestamp",
    "device",
    "cio_relationships",
    "primary",
    "secondary",
]
ACTIONS = [
    "identify",
    "identify_anonymous",
    "delete",
    "event",
    "page",
    "add_relationships",
    "delete_relationships",
    "add_device",
    "delete_device",
    "merge",
    "suppress",
    "unsuppress",
]


def rows(dice: random.Random):
    for _ in range(400):
        row = {
            "type": dice.choice(["person", "person", "object", "delivery"]),
            "identifiers": dice.choice(
                [{"id": "1"}, {"cio_id": "a"}, {"object_type_id": "1", "object_id": "a"}]
            ),
            "action": dice.choice(ACTIONS),
        }
        for name in dice.sample(NAMES, dice.randint(0, 4)):
            row[name] = dice.choice(ODD)
        yield row


@pytest.mark.parametrize("mode", ["cio", "sink"])
@pytest.mark.parametrize("seed", range(5))
def test_odd_rows_get_a_verdict(request, mode, seed):
    client = request.getfixturevalue(mode)
    batch = list(rows(random.Random(seed)))
    answered = client.batch(*batch)
    assert answered.status == 207
    refused = {error["batch_index"] for error in answered.body["errors"]}
    assert 0 < len(refused) < len(batch)
    for row in batch[:40]:
        assert client.track("POST", "/v2/entity", row).status in (200, 400)


@pytest.mark.parametrize("mode", ["cio", "sink"])
def test_odd_v1_bodies_get_a_verdict(request, mode):
    client = request.getfixturevalue(mode)
    people = [("PUT", "customers/1"), ("POST", "customers/1/events"), ("PUT", "customers/1/devices")]
    others = ("events", "merge_customers", "segments/1/add_customers", "forms/1/submit")
    paths = [*people, *(("POST", path) for path in others)]
    inner = [
        "name",
        "type",
        "data",
        "device",
        "primary",
        "ids",
        "cio_relationships",
        "id",
        "_timestamp",
        "email",
    ]
    for method, path in paths:
        for odd in ODD:
            assert client.track(method, f"/v1/{path}", odd).status in (200, 204, 400, 404)
            for name in inner:
                body = {"name": "a", name: odd}
                assert client.track(method, f"/v1/{path}", body).status in (200, 204, 400, 404), (path, body)


@pytest.mark.parametrize("mode", ["cio", "sink"])
@pytest.mark.parametrize(
    "value",
    [b'"\\ud800"', b"[" * 400 + b"]" * 400, b"[" * 900 + b"]" * 900, b'{"a":' * 300 + b"1" + b"}" * 300],
)
def test_half_a_surrogate_and_deep_nesting_are_refused_or_taken_but_never_break(request, mode, value):
    client = request.getfixturevalue(mode)
    body = (
        b'{"batch":[{"type":"person","identifiers":{"id":"1"},"action":"identify","attributes":{"a":'
        + value
        + b"}}]}"
    )
    assert client.track("POST", "/v2/batch", body).status in (200, 207, 400)
    if mode == "cio":
        client.people()
