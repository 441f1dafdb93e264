"""A far end that keeps what it was sent: the brain behind ``Scripted`` in the tests of a delivery."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Iterable
from typing import Any

from tests.delivery import scripted
from tests.delivery.scripted import Action, Request, entry, errors, say

# How rows in ``bad`` are refused.
NAMED = "207 with indexes"
NAMED_400 = "400 with indexes, nothing applied"
WHOLE_400 = "400 without indexes, nothing applied"
VAGUE = "207 without usable indexes"
WAYS = (NAMED, NAMED_400, WHOLE_400, VAGUE)

# What may go wrong with one request. The first three apply nothing, the others apply it first.
FAULTS = ("429", "503", "unread", "500", "cut", "hang up", "no json")


class Workspace:
    """``applied`` are the numbers of the rows it holds, ``applied_times`` how often each came."""

    def __init__(
        self, bad: Iterable[int] = (), way: str = NAMED, faults: Iterable[str] = (), limit: int = 1 << 30
    ) -> None:
        self._lock = threading.Lock()
        self.bad = set(bad)
        self.way = way
        self.faults = deque(faults)
        self.limit = limit
        self.applied: set[int] = set()

    def __call__(self, request: Request) -> Action:
        with self._lock:
            fault = self.faults.popleft() if self.faults else ""
            if fault == "429":
                return say(429, {}, Retry_After="0")
            if fault == "503":
                return say(503)
            if fault == "unread":
                return scripted.hang_up
            answer = self._answer(request)
            return _spoiled(fault, answer)

    def _answer(self, request: Request) -> Action:
        if len(request.body) > self.limit:
            return say(413, b"")
        numbers = [item["n"] for item in request.items]
        wrong = [index for index, number in enumerate(numbers) if number in self.bad]
        if wrong and self.way in (NAMED_400, WHOLE_400):
            named = self.way == NAMED_400
            return say(400, errors(*(entry(index if named else None) for index in wrong)))
        self.applied.update(number for number in numbers if number not in self.bad)
        if not wrong:
            return say(200)
        return say(207, errors(*(entry(index if self.way == NAMED else None) for index in wrong)))


def _spoiled(fault: str, answer: Action) -> Action:
    def cut(connection: socket.socket) -> bool:
        return say(200, {"errors": []}, cut=4)(connection)

    others: dict[str, Any] = {
        "500": say(500),
        "cut": cut,
        "hang up": scripted.hang_up,
        "no json": say(200, b"ok"),
    }
    return others.get(fault, answer)
