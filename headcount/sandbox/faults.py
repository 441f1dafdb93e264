"""Trouble on demand: rules that spoil matching API requests."""

import itertools
import random
import re
from dataclasses import dataclass, field
from typing import Any

from headcount.sandbox import wire

KINDS = {
    "status": "answer with status (and headers, body) and apply nothing",
    "latency": "wait, then answer as usual",
    "drop_before": "close the connection; nothing is applied",
    "drop_after": "apply, then close the connection without an answer",
    "truncate": "apply, then announce the whole answer, send a part and close",
    "not_json": "apply, then answer 200 with a body that is no JSON",
    "errors": "refuse chosen rows of a batch, with row_status",
}
DEFAULT_BODIES = {
    400: {"errors": [{"reason": "invalid", "field": "body", "message": "the request is invalid"}]},
    401: {"meta": {"error": "Unauthorized request"}},
    413: {"errors": [{"reason": "invalid", "field": "body", "message": "request entity too large"}]},
    429: {"meta": {"error": "too many requests"}},
}


@dataclass(frozen=True, slots=True)
class RowError:
    """What a spoiled row answers; place says how batch_index is written."""

    reason: str = "invalid"
    field: str = "attributes"
    message: str = "refused by a fault of the sandbox"
    place: Any = "own"

    def as_json(self, index: int | None) -> dict[str, Any]:
        body = {"reason": self.reason, "field": self.field, "message": self.message}
        if index is None or self.place == "none":
            return body
        written = {"own": index, "text": str(index), "out_of_range": 1_000_000, "fraction": index + 0.5}
        return {"batch_index": written.get(self.place, self.place), **body}


@dataclass(frozen=True, kw_only=True)
class Match:
    """Which requests a fault meets. next_ counts down; every takes each n-th matching request."""

    next_: int | None = None
    every: int = 1
    probability: float = 1.0
    seed: int = 0
    path: str = ""
    method: str = ""
    workspace: int | None = None
    body: re.Pattern[str] | None = None

    def fits(self, method: str, path: str, workspace: int | None, body: bytes) -> bool:
        return (
            path.startswith(self.path)
            and self.method in ("", method)
            and self.workspace in (None, workspace)
            and (self.body is None or self.body.search(body.decode(errors="replace")) is not None)
        )


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Which rows an errors fault meets: by key (any identifier), batch index, or pattern on its JSON."""

    keys: frozenset[str] = frozenset()
    indexes: frozenset[int] = frozenset()
    pattern: re.Pattern[str] | None = None

    def has(self, index: int, item: Any) -> bool:
        if index in self.indexes:
            return True
        identifiers = item.get("identifiers") or {}
        if self.keys and not self.keys.isdisjoint(str(value) for value in identifiers.values()):
            return True
        return self.pattern is not None and self.pattern.search(wire.text(item)) is not None


@dataclass(frozen=True, kw_only=True)
class Fault:
    id: int
    kind: str
    match: Match = Match()
    rows: Rows = Rows()
    error: RowError = RowError()
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    latency: float = 0.0
    row_status: int = 207

    def spoils(self, index: int, item: Any) -> RowError | None:
        return self.error if self.kind == "errors" and self.rows.has(index, item) else None

    def status_body(self) -> bytes:
        if self.body is not None:
            return self.body.encode()
        return wire.pretty(DEFAULT_BODIES.get(self.status, {"meta": {"error": f"status {self.status}"}}))


class Faults:
    """The rules in order; the first that fits a request takes it."""

    def __init__(self) -> None:
        self._rules: dict[int, Fault] = {}
        self._met: dict[int, int] = {}  # matching requests, of which "every" takes some
        self._hits: dict[int, int] = {}
        self._dice: dict[int, random.Random] = {}
        self._numbers = itertools.count(1)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, given: dict[str, Any]) -> Fault:
        """Raises ValueError, KeyError or TypeError for a rule that makes no sense."""
        fault = read(next(self._numbers), given)
        self._rules[fault.id] = fault
        self._met[fault.id] = self._hits[fault.id] = 0
        # Reproducible, not secret.
        self._dice[fault.id] = random.Random(fault.match.seed)  # noqa: S311
        return fault

    def remove(self, id_: int) -> None:
        self._rules.pop(id_, None)

    def clear(self) -> None:
        self._rules.clear()

    def listed(self) -> list[dict[str, Any]]:
        return [
            {"id": fault.id, "kind": fault.kind, "hits": self._hits[fault.id], "left": self._left(fault)}
            for fault in self._rules.values()
        ]

    def _left(self, fault: Fault) -> int | None:
        return None if fault.match.next_ is None else fault.match.next_ - self._hits[fault.id]

    def pick(self, method: str, path: str, workspace: int | None, body: bytes) -> Fault | None:
        """The fault of this request, if any; counts it."""
        for fault in list(self._rules.values()):
            if fault.match.fits(method, path, workspace, body) and self._takes(fault):
                self._hits[fault.id] += 1
                if self._left(fault) == 0:
                    del self._rules[fault.id]
                return fault
        return None

    def _takes(self, fault: Fault) -> bool:
        self._met[fault.id] += 1
        if self._met[fault.id] % fault.match.every:
            return False
        return fault.match.probability >= 1 or self._dice[fault.id].random() < fault.match.probability


def read(id_: int, given: dict[str, Any]) -> Fault:
    """One rule from the JSON of the admin endpoint."""
    kind = given.get("kind")
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    unknown = set(given) - {"kind", "match", "rows", "error", "status", "headers", "body", "latency"}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    status = int(given.get("status", 207 if kind == "errors" else 503))
    return Fault(
        id=id_,
        kind=kind,
        match=_read_match(given.get("match") or {}),
        rows=_read_rows(given.get("rows") or {}),
        error=RowError(
            **{"place" if name == "index" else name: value for name, value in given.get("error", {}).items()}
        ),
        status=status,
        row_status=status,
        headers={str(name): str(value) for name, value in (given.get("headers") or {}).items()},
        body=given.get("body"),
        latency=float(given.get("latency", 0)),
    )


def _read_match(given: dict[str, Any]) -> Match:
    named = {"next_" if name == "next" else name: value for name, value in given.items()}
    if isinstance(named.get("body"), str):
        named["body"] = _pattern(named["body"])
    match = Match(**named)
    if match.every < 1 or (match.next_ is not None and match.next_ < 1):
        raise ValueError("next and every count from 1")
    return match


def _read_rows(given: dict[str, Any]) -> Rows:
    pattern = given.get("pattern")
    return Rows(
        keys=frozenset(map(str, given.get("keys", ()))),
        indexes=frozenset(map(int, given.get("indexes", ()))),
        pattern=_pattern(pattern) if pattern else None,
    )


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from None
