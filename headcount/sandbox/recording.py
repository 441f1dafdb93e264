"""Every API request as it arrived, so that tests can look at bytes, order, parallelism and pace."""

import base64
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ENTRIES = 100_000
BYTES = 256_000_000


@dataclass(slots=True, kw_only=True, eq=False)
class Recorded:
    """arrived is monotonic seconds, wall unix seconds; in_flight counts this request too."""

    number: int
    workspace: int | None
    method: str
    path: str
    query: str
    user_agent: str
    arrived: float
    wall: float
    in_flight: int
    body: bytes | None
    size: int
    status: int | None = None  # None while in flight, and for ever where the connection was dropped
    answer: bytes | None = None
    fault: str = ""
    seconds: float = 0.0

    def as_json(self, *, bodies: bool) -> dict[str, Any]:
        told: dict[str, Any] = {
            "number": self.number,
            "workspace": self.workspace,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "user_agent": self.user_agent,
            "arrived": self.arrived,
            "wall": self.wall,
            "in_flight": self.in_flight,
            "size": self.size,
            "status": self.status,
            "fault": self.fault,
            "seconds": self.seconds,
        }
        if bodies:
            told |= {
                "body": _readable(self.body),
                "body_base64": _base64(self.body),
                "answer": _readable(self.answer),
            }
        return told


def _readable(body: bytes | None) -> str | None:
    try:
        return None if body is None else body.decode()
    except UnicodeDecodeError:
        return None


def _base64(body: bytes | None) -> str | None:
    """Only where text cannot say it."""
    return None if body is None or _readable(body) is not None else base64.b64encode(body).decode()


class Recording:
    """Keeps the newest requests; past its budget of bytes the oldest bodies are forgotten."""

    def __init__(self, *, bodies: bool) -> None:
        self.bodies = bodies
        self.in_flight = 0
        self.max_in_flight = 0
        self._number = 0
        self.clear()

    def clear(self) -> None:
        self._entries: deque[Recorded] = deque(maxlen=ENTRIES if self.bodies else 100)
        self._with_body: deque[Recorded] = deque()
        self._kept = 0
        self.max_in_flight = self.in_flight

    def __iter__(self) -> Iterator[Recorded]:
        return iter(self._entries)

    def arrive(self, arrived: float, wall: float) -> Recorded:
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        self._number += 1
        entry = Recorded(
            number=self._number, workspace=None, method="", path="", query="", user_agent="",
            arrived=arrived, wall=wall, in_flight=self.in_flight, body=None, size=0,
        )  # fmt: skip
        self._entries.append(entry)
        return entry

    def keep_body(self, entry: Recorded, body: bytes) -> None:
        entry.size = len(body)
        if not self.bodies:
            return
        entry.body = body
        self._with_body.append(entry)
        self._kept += len(body)
        while self._kept > BYTES:
            oldest = self._with_body.popleft()
            self._kept -= oldest.size
            oldest.body = None

    def leave(self, entry: Recorded, now: float) -> None:
        self.in_flight -= 1
        entry.seconds = now - entry.arrived
