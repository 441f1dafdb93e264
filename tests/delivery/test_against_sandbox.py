"""A whole delivery against the local Customer.io, with trouble on the way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from headcount.destinations.customerio.client import CustomerIoClient
from headcount.limiter import FileLimiter
from headcount.model import Fate, RetryPolicy
from tests.delivery.book import Book, batch, run

SITE_ID, API_KEY, APP_KEY = "a1" * 8 + "1001", "b1" * 8 + "1001", "c1" * 14 + "1001"
RATE = 100


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    command = [sys.executable, "-m", "headcount.sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().split()[-1]
        process.terminate()


def ask(method: str, url: str, body: Any = None) -> Any:
    answer = urllib3.request(method, url, json=body) if body is not None else urllib3.request(method, url)
    assert answer.status < 300, answer.data
    return answer.json()


def client_of(url: str) -> CustomerIoClient:
    return CustomerIoClient(SITE_ID, API_KEY, app_api_key=APP_KEY, base_url=url)


def people(count: int, size: int) -> Iterator[Any]:
    """Every 97th person has a name that is too long."""
    for first in range(0, count, size):
        yield batch(first, [person(number) for number in range(first, min(first + size, count))])


def person(number: int) -> dict[str, Any]:
    name = "x" * (2000 if number % 97 == 5 else 20)
    return {
        "type": "person",
        "action": "identify",
        "identifiers": {"id": str(number)},
        "attributes": {"name": name},
    }


def test_the_workspace_says_who_it_is(sandbox: str) -> None:
    client = client_of(sandbox)
    workspace = client.workspace()
    client.close()
    assert (workspace.environment_id, workspace.region, workspace.name) == (1001, "us", "Production")


def test_every_person_arrives_or_is_rejected_whatever_happens_on_the_way(
    sandbox: str, tmp_path: Path
) -> None:
    ask("POST", f"{sandbox}/_sandbox/reset", {})
    rules = [
        {"kind": "status", "status": 429, "headers": {"Retry-After": "0.2"}, "match": {"every": 7}},
        {"kind": "drop_after", "match": {"every": 11}},
        {"kind": "truncate", "match": {"every": 13}},
        {"kind": "not_json", "match": {"every": 17}},
        {"kind": "status", "status": 400, "match": {"every": 19}},
    ]
    ask(
        "POST",
        f"{sandbox}/_sandbox/faults",
        {"faults": [{**rule, "match": {**rule["match"], "path": "/api/v2/"}} for rule in rules]},
    )
    book = Book()
    retry = RetryPolicy(attempts=10, base=0.001, cap=0.002)
    limiter = FileLimiter(tmp_path / "budget", RATE)
    delivery = run(people(3000, 50), client_of(sandbox), book, limiter=limiter, retry=retry)
    assert delivery.error is None
    assert book.of(Fate.REJECTED) == {number for number in range(3000) if number % 97 == 5}
    assert book.of(Fate.ACCEPTED) == held(sandbox)
    reasons = {(o.reason, o.field) for receipt in book.receipts.values() for o in receipt.exceptions}
    assert reasons == {("invalid", "attributes.name")}
    rates = ask("GET", f"{sandbox}/_sandbox/rates")["workspaces"]["1001"]["track"]
    assert rates["max_per_second"] <= RATE


def test_known_people_are_found(sandbox: str) -> None:
    ask("POST", f"{sandbox}/_sandbox/reset", {})
    run(people(3, 3), client_of(sandbox), Book())
    client = client_of(sandbox)
    assert client.known("id", ["1", "2", "9"]) == {"1", "2"}
    client.close()


def held(sandbox: str) -> set[int]:
    return {int(person["id"]) for person in ask("GET", f"{sandbox}/_sandbox/people")["people"]}


def test_a_request_above_their_limit_is_cut_until_it_fits(sandbox: str) -> None:
    ask("POST", f"{sandbox}/_sandbox/reset", {})
    rows = [{**person(n), "attributes": {f"a{i}": "x" * 900 for i in range(30)}} for n in range(40)]
    big = batch(0, rows)
    assert len(big.body()) > 1_000_000
    delivery = run(iter([big]), client_of(sandbox), Book())
    assert (delivery.accepted, delivery.rejected) == (40, 0)
