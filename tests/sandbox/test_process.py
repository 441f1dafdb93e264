"""The sandbox as a process: its first line, its end, and its state file."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import urllib3

from headcount.sandbox.seed import PRODUCTION

HEADERS = urllib3.make_headers(basic_auth=f"{PRODUCTION.site_id}:{PRODUCTION.api_key}")


class Process:
    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "headcount.sandbox", "--port", "0", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.first_line = self.process.stdout.readline()
        self.url = self.first_line.split()[-1]
        self.pool = urllib3.PoolManager()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *failure: object) -> None:
        self.end(signal.SIGKILL)

    def end(self, number: int) -> int:
        os.kill(self.process.pid, number)
        code = self.process.wait(20)
        self.pool.clear()
        assert self.process.stdout
        self.process.stdout.close()
        return code

    def batch(self, *items: object) -> int:
        body = json.dumps({"batch": items}).encode()
        return self.pool.request("POST", f"{self.url}/api/v2/batch", body=body, headers=HEADERS).status

    def admin(self, path: str, body: object = None) -> dict:
        data = None if body is None else json.dumps(body).encode()
        return self.pool.request(
            "GET" if data is None else "POST", f"{self.url}/_sandbox/{path}", body=data
        ).json()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_cleanly(number):
    process = Process()
    assert process.first_line.startswith("Sandbox ready on http://127.0.0.1:")
    assert process.pool.request("GET", process.url, redirect=False).status == 303
    assert process.end(number) == 0


def everything(process: Process) -> dict:
    kinds = (
        "people",
        "events",
        "segments",
        "objects",
        "relationships",
        "suppressed",
        "activities",
        "collections",
    )
    return {kind: process.admin(kind) for kind in kinds}


def fill(process: Process, item) -> None:
    acme = {"object_type_id": "1", "object_id": "acme"}
    ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    process.batch(
        item.identify("1", email="a@example.com", plan="free", n=10),
        item.event("1", "bought", id=ulid),
        item.event("1", "bought", id=ulid),
        {"type": "person", "identifiers": {"id": "1"}, "action": "add_device",
         "device": {"token": "t", "platform": "ios"}},
        {"type": "object", "identifiers": acme, "action": "identify", "attributes": {"a": 1},
         "cio_relationships": [{"identifiers": {"id": "1"}}]},
        item.identify("2"),
        {"type": "person", "identifiers": {"id": "3"}, "action": "suppress"},
    )  # fmt: skip
    person = b'"type":"person","identifiers":{"id":"1"},"action":"identify"'
    raw = b'{"batch":[{' + person + b',"attributes":{"ltv":10.50}}]}'
    process.pool.request("POST", f"{process.url}/api/v2/batch", body=raw, headers=HEADERS)
    process.admin("segments", {"name": "VIP"})
    path = f"{process.url}/api/v1/segments/1/add_customers"
    process.pool.request("POST", path, body=b'{"ids":["1"]}', headers=HEADERS)
    process.pool.request("DELETE", f"{process.url}/api/v1/customers/2", headers=HEADERS)


def test_the_state_file_brings_everything_back(tmp_path: Path, item):
    options = ("--state", str(tmp_path / "state.db"))
    with Process(*options) as first:
        fill(first, item)
        made = first.admin("workspaces", {"name": "Fresh"})
        before = everything(first)
        assert first.end(signal.SIGTERM) == 0
        first.end = lambda number: 0  # type: ignore[method-assign]
    with Process(*options) as second:
        assert everything(second) == before
        assert second.admin("people?id=1")["people"][0]["wire"]["ltv"] == "10.50"
        assert made in second.admin("workspaces")["workspaces"]
        second.batch(item.event("1", "bought", id="01ARZ3NDEKTSV4RRFFQ69G5FAV"))
        assert second.admin("events")["total"] == 1
        second.batch(item.identify("9"))
        assert len({person["cio_id"] for person in second.admin("people")["people"]}) == 2


def test_a_killed_sandbox_loses_at_most_seconds(tmp_path: Path, item):
    options = ("--state", str(tmp_path / "state.db"))
    with Process(*options) as first:
        first.batch(item.identify("1", plan="pro"))
        time.sleep(1.5)
    with Process(*options) as second:
        assert [person["id"] for person in second.admin("people")["people"]] == ["1"]
        second.admin("reset", {})
        time.sleep(1.5)
    with Process(*options) as third:
        assert third.admin("people")["people"] == []


def test_the_state_file_is_readable_by_its_owner_alone(tmp_path: Path):
    path = tmp_path / "state.db"
    with Process("--state", str(path)):
        assert path.stat().st_mode & 0o077 == 0
