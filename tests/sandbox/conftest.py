"""A sandbox in a thread, emptied before each test, and a small client that hides nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import urllib3

from headcount.sandbox.seed import PRODUCTION, Seed
from headcount.sandbox.server import Running, start_in_thread


@dataclass
class Answered:
    status: int
    body: Any
    headers: Any
    raw: bytes


@dataclass
class Client:
    """Talks to one workspace with the seed's credentials."""

    url: str
    seed: Seed = PRODUCTION
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=10))

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answered:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        response = self.pool.request(
            method,
            self.url + path,
            body=data,
            headers=headers or {},
            retries=False,
            redirect=False,
            timeout=10,
        )
        try:
            told = json.loads(response.data) if response.data else None
        except ValueError:
            told = None
        return Answered(response.status, told, response.headers, response.data)

    def track(self, method: str, path: str, body: Any = None) -> Answered:
        headers = urllib3.make_headers(basic_auth=f"{self.seed.site_id}:{self.seed.api_key}")
        return self.send(method, f"/api{path}", body, headers)

    def batch(self, *items: dict[str, Any]) -> Answered:
        return self.track("POST", "/v2/batch", {"batch": list(items)})

    def app(self, method: str, path: str, body: Any = None) -> Answered:
        return self.send(method, f"/v1{path}", body, {"Authorization": f"Bearer {self.seed.app_key}"})

    def admin(self, path: str, body: Any = None, method: str = "") -> Any:
        answered = self.send(method or ("GET" if body is None else "POST"), f"/_sandbox/{path}", body)
        assert answered.status in (200, 201), answered.raw
        return answered.body

    def look(self, what: str, **query: Any) -> Any:
        query.setdefault("workspace", self.seed.environment_id)
        return self.admin(f"{what}?" + "&".join(f"{name}={value}" for name, value in query.items()))

    def people(self) -> list[dict[str, Any]]:
        return self.look("people")["people"]

    def person(self, id_: str) -> dict[str, Any]:
        [found] = self.look("people", id=id_)["people"]
        return found

    def failures(self) -> list[dict[str, Any]]:
        return self.look("activities", type="failed_attribute_change")["activities"]

    def fault(self, **rule: Any) -> int:
        return self.admin("faults", rule)["id"]

    def set(self, **settings: Any) -> None:
        self.admin("settings", {"workspace": self.seed.environment_id, **settings}, "PATCH")

    def as_(self, seed: Seed) -> "Client":
        return Client(self.url, seed, self.pool)


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    sandbox = start_in_thread()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def cio(running: Running) -> Iterator[Client]:
    client = Client(running.url)
    client.admin("reset", {})
    yield client
    client.pool.clear()


@pytest.fixture(scope="session")
def running_sink() -> Iterator[Running]:
    sandbox = start_in_thread(sink=True)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sink(running_sink: Running) -> Iterator[Client]:
    client = Client(running_sink.url)
    client.admin("reset", {})
    yield client
    client.pool.clear()


def identify(id_: str, **attributes: Any) -> dict[str, Any]:
    return {"type": "person", "identifiers": {"id": id_}, "action": "identify", "attributes": attributes}


def event(id_: str, name: str, **values: Any) -> dict[str, Any]:
    return {"type": "person", "identifiers": {"id": id_}, "action": "event", "name": name, **values}


@pytest.fixture
def item() -> Any:
    """Makers of v2 operations: item.identify("1", plan="pro"), item.event("1", "bought")."""

    class Items:
        pass

    Items.identify = staticmethod(identify)  # type: ignore[attr-defined]
    Items.event = staticmethod(event)  # type: ignore[attr-defined]
    return Items
