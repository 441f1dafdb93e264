"""One API request and its answer, as plain values."""

from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

from headcount.sandbox import wire

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request as it came; path is still percent-encoded, received is unix seconds."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    received: float
    base_url: str
    redirected: bool = False  # came by the Location of a "wrong datacenter" answer

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The path's segments, split before they are decoded: %2F is part of a segment."""
        return tuple(unquote(part) for part in self.path.strip("/").split("/"))

    @property
    def now(self) -> int:
        return int(self.received)

    def json(self) -> wire.Json:
        """The body as JSON, an empty body as {}; raises ValueError."""
        return wire.parse(self.body) if self.body.strip() else {}


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int = 200
    body: bytes = b"{}\n"
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


OK = Answer()
NO_CONTENT = Answer(status=204, body=b"")


def answer(value: wire.Json, status: int = 200) -> Answer:
    return Answer(status=status, body=wire.dump(value) + b"\n")


def refusal(value: wire.Json, status: int = 400) -> Answer:
    """An error body, pretty-printed like Customer.io's."""
    return Answer(status=status, body=wire.pretty(value))
