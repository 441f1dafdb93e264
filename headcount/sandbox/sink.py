"""The fast far end for benchmarks: checks and counts every operation, keeps none.

Every client that is measured talks to this. Track v1 requests are counted in their v2 shape.
"""

from array import array
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any
from zlib import adler32, crc32

import orjson
from orjson import dumps

from headcount.sandbox import checks, track_v1, track_v1_segments, track_v2
from headcount.sandbox.call import OK, Answer, Call, refusal
from headcount.sandbox.checks import usual_person
from headcount.sandbox.faults import Fault
from headcount.sandbox.routes import Route, Routes
from headcount.sandbox.workspace import Workspace

WORD = 1 << 64
SORTED = orjson.OPT_SORT_KEYS
PASS = 2_000_000  # hashes that are told apart at a time


@dataclass(slots=True)
class Tally:
    """One action of one workspace: high and low are sums of each row's CRC-32 and Adler-32."""

    high: int = 0
    low: int = 0
    keys: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, content: bytes, key: Hashable) -> None:
        self.high += crc32(content)
        self.low += adler32(content)
        self.keys.append(hash(key))

    @property
    def checksum(self) -> int:
        """The sum of all rows' 64-bit values modulo 2**64: the order of rows does not matter."""
        return ((self.high << 32) + self.low) % WORD

    def distinct_keys(self) -> int:
        """Exact but for collisions of 64-bit hashes; takes about a second per five million rows."""
        passes = len(self.keys) // PASS + 1
        if passes == 1:
            return len(set(self.keys))
        return sum(len({key for key in self.keys if key % passes == part}) for part in range(passes))


class Sink:
    """Counters by (workspace, action), and the last answers that were not a plain 200."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.tallies: dict[tuple[int, str], Tally] = {}
        self.requests = 0
        self.bytes = 0
        self.refused_rows = 0
        self.refused_requests = 0
        self.last_refusals: deque[dict[str, Any]] = deque(maxlen=100)

    def handle(self, workspace: Workspace, call: Call, fault: Fault | None = None) -> Answer:
        self.requests += 1
        self.bytes += len(call.body)
        answer_to = self._batch if call.path == "/api/v2/batch" else self._single
        try:
            answer = answer_to(workspace, call, fault)
        except TypeError:  # orjson reads deeper nesting than it writes
            answer = track_v2.refused([track_v2.NOT_JSON])
        if answer.status >= 300:
            self.refused_requests += 1
            self.last_refusals.append(
                {"path": call.path, "status": answer.status, "body": answer.body.decode()}
            )
        return answer

    def _batch(self, workspace: Workspace, call: Call, fault: Fault | None) -> Answer:
        settings = workspace.settings
        if len(call.body) > settings.batch_bytes:
            return track_v2.oversize(workspace, settings.batch_bytes)
        try:
            items = orjson.loads(call.body)["batch"]
        except (ValueError, TypeError, KeyError):
            return track_v2.refused([track_v2.NOT_JSON])
        if not isinstance(items, list) or not items:
            return track_v2.refused([track_v2.NOT_JSON])
        if settings.batch_items and len(items) > settings.batch_items:
            return track_v2.refused([checks.Problem("invalid", "batch", "too many entries")])
        errors, spoiled = self._count_all(workspace, items, fault)
        if not errors:
            return OK
        if spoiled and fault:
            return refusal({"errors": errors}, fault.row_status)
        all_bad = len({error["batch_index"] for error in errors}) == len(items)
        return refusal({"errors": errors}, settings.all_bad_status if all_bad else 207)

    def _count_all(
        self, workspace: Workspace, items: list[Any], fault: Fault | None
    ) -> tuple[list[dict[str, Any]], int]:
        """Checks and counts every row; returns the errors of the bad ones and of those that a fault spoils, and how
        many these are.

        The usual person takes a short path: where all of it fits into one value, no value is too long.
        """
        errors: list[dict[str, Any]] = []
        spoiled = 0
        limit, kinds = workspace.settings.entity_bytes, workspace.kinds
        quick = limit >= checks.SMALL_BYTES
        tally = self._tally(workspace, "identify")
        for index, item in enumerate(items):
            if quick and (named := usual_person(item, kinds)):
                blob = dumps((item["identifiers"], None, item["attributes"]), None, SORTED)
                if len(blob) <= checks.VALUE_BYTES:
                    if fault and (error := fault.spoils(index, item)):
                        spoiled += 1
                        errors.append(error.as_json(index))
                    else:
                        tally.add(blob, named)
                    continue
            if problems := checks.problems(item, limit, kinds):
                self.refused_rows += 1
                errors += ({"batch_index": index, **problem.as_json()} for problem in problems)
            elif fault and (error := fault.spoils(index, item)):
                spoiled += 1
                errors.append(error.as_json(index))
            else:
                self._count(workspace, item)
        self.refused_rows += spoiled
        if errors:
            self.last_refusals.append({"path": "/api/v2/batch", "status": 207, "body": str(errors[:20])})
        return errors, spoiled

    def _tally(self, workspace: Workspace, action: str) -> Tally:
        found = self.tallies.get((workspace.profile.id, action))
        if found is None:
            found = self.tallies[workspace.profile.id, action] = Tally()
        return found

    def _count(self, workspace: Workspace, item: dict[str, Any]) -> None:
        self._tally(workspace, item["action"]).add(content(item), _key(item))

    def _single(self, workspace: Workspace, call: Call, fault: Fault | None) -> Answer:
        found = ITEMS.find(call.method, call.parts)
        if found is None:
            return track_v1.handle(workspace, call) if call.method == "GET" else track_v1.NOT_FOUND
        try:
            given = orjson.loads(call.body) if call.body.strip() else {}
            items = found[0](workspace, call, given, *found[1])
        except (ValueError, TypeError, AttributeError):
            return track_v1.NOT_JSON
        is_v2 = call.path.startswith("/api/v2/")
        for item in items:
            problems = checks.problems(item, workspace.settings.entity_bytes, workspace.kinds)
            if problems and item.get("type") != "segment":
                self.refused_rows += 1
                return track_v2.refused(list(problems)) if is_v2 else track_v1.refused(problems)
            if is_v2 and fault and (error := fault.spoils(0, item)):
                self.refused_rows += 1
                return refusal({"errors": [error.as_json(None)]}, 400)
        for item in items:
            self._count(workspace, item)
        return OK

    def as_json(self) -> dict[str, Any]:
        counters: dict[str, dict[str, Any]] = {}
        for (workspace, action), tally in self.tallies.items():
            if not tally.keys:
                continue
            told = {
                "rows": len(tally.keys),
                "distinct_keys": tally.distinct_keys(),
                "checksum": f"{tally.checksum:016x}",
            }
            counters.setdefault(str(workspace), {})[action] = told
        return {
            "requests": self.requests,
            "bytes": self.bytes,
            "refused_rows": self.refused_rows,
            "refused_requests": self.refused_requests,
            "workspaces": counters,
            "last_refusals": list(self.last_refusals),
        }


def content(item: dict[str, Any]) -> bytes:
    """What a checksum covers: whom, and what of them; not the time nor the id an event may carry."""
    if "attributes" in item and "cio_relationships" not in item:
        return dumps((item.get("identifiers"), item.get("name"), item["attributes"]), None, SORTED)
    return dumps(item, None, SORTED)


def _key(item: dict[str, Any]) -> Any:
    """An event is told apart by its id where it has one, everything else by its identifiers."""
    if item.get("id").__class__ is str and item["action"] in checks.EVENTS:
        return item["id"]
    identifiers = item.get("identifiers") or item["primary"] | {"": str(item["secondary"])}
    if len(identifiers) == 1:
        return next(iter(identifiers.items()))
    return tuple(sorted(identifiers.items()))


def _entity(workspace: Workspace, call: Call, given: Any) -> list[Any]:
    return [given]


def _identify(workspace: Workspace, call: Call, given: Any, identifier: str) -> list[Any]:
    return track_v1.identify_items(workspace, identifier, given)


def _event(workspace: Workspace, call: Call, given: Any, identifier: str) -> list[Any]:
    return [track_v1.event_item(workspace, identifier, given)]


def _anonymous_event(workspace: Workspace, call: Call, given: Any) -> list[Any]:
    return [track_v1.anonymous_event_item(given)]


def _delete(workspace: Workspace, call: Call, given: Any, identifier: str) -> list[Any]:
    return [track_v1.person_item(workspace, identifier, "delete")]


def _suppress(workspace: Workspace, call: Call, given: Any, identifier: str) -> list[Any]:
    return [track_v1.person_item(workspace, identifier, "suppress")]


def _device(workspace: Workspace, call: Call, given: Any, identifier: str) -> list[Any]:
    return [track_v1.device_item(workspace, identifier, given)]


def _segment(action: str) -> Any:
    def items(workspace: Workspace, call: Call, given: Any, number: str) -> list[Any]:
        kind = call.query.get("id_type", "id")
        if message := track_v1_segments.problem_with(given.get("ids"), kind):
            raise ValueError(message)
        return [
            {"type": "segment", "action": action, "identifiers": {"segment": number, kind: value}}
            for value in given["ids"]
        ]

    return items


ITEMS: Routes[Any] = Routes(
    [
        Route[Any]("POST", "/api/v2/entity", _entity),
        Route[Any]("PUT", "/api/v1/customers/*", _identify),
        Route[Any]("POST", "/api/v1/customers/*/events", _event),
        Route[Any]("POST", "/api/v1/events", _anonymous_event),
        Route[Any]("DELETE", "/api/v1/customers/*", _delete),
        Route[Any]("POST", "/api/v1/customers/*/suppress", _suppress),
        Route[Any]("PUT", "/api/v1/customers/*/devices", _device),
        Route[Any]("POST", "/api/v1/segments/*/add_customers", _segment("add_to_segment")),
        Route[Any]("POST", "/api/v1/segments/*/remove_customers", _segment("remove_from_segment")),
    ]
)
