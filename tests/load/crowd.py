"""Many who want something of one Headcount at a time, each in a thread, until they are told to stop."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Protocol
from urllib.parse import urlencode


class Member(Protocol):
    def __call__(self, crowd: Crowd) -> None:
        """Do one thing, and note it."""

    def close(self) -> None:
        """Called once, when the work is over."""


@dataclass
class Crowd:
    """``done`` counts what each member got done, ``troubles`` what went wrong with it. A member that fails altogether
    ends the work of all.
    """

    enough: threading.Event = field(default_factory=threading.Event)
    done: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, member: str, trouble: str = "") -> None:
        """One thing was done; ``trouble`` says what was wrong with it."""
        with self._lock:
            self.done[member] += 1
            if trouble:
                self.troubles.append(f"{member}: {trouble}")

    @contextmanager
    def busy(self, members: Sequence[Member]) -> Iterator[None]:
        """All of them at work; they have come to rest afterwards, and one that failed is an error."""
        threads = [threading.Thread(target=self._at_work, args=(member,)) for member in members]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.enough.set()
            for thread in threads:
                thread.join()
            for member in members:
                member.close()
        for error in self.errors:
            raise error

    def wait_for(self, members: set[str], *, seconds: float = 120) -> None:
        """Until each of them got something done, or somebody failed."""
        deadline = time.monotonic() + seconds
        while not (members <= set(self.done) or self.enough.wait(0.1)):
            assert time.monotonic() < deadline, f"nothing done by {members - set(self.done)}"

    def _at_work(self, member: Member) -> None:
        try:
            while not self.enough.is_set():
                member(self)
        except BaseException as error:
            self.errors.append(error)
            self.enough.set()


class Asker:
    """Goes through addresses, round and round, on one connection that is kept. An answer that is an error of the
    server, or speaks of a lock, is noted.
    """

    def __init__(self, name: str, port: int, addresses: Sequence[str], **headers: str) -> None:
        self._name = name
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._addresses = cycle(addresses)
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def __call__(self, crowd: Crowd) -> None:
        address = next(self._addresses)
        method, _, path = address.rpartition(" ")
        status, text = self.ask(path, method=method or "GET")
        wrong = status >= 400 or speaks_of_locks(text)
        crowd.note(self._name, f"{address}: {status} {text[:300]}" if wrong else "")

    def ask(self, path: str, *, method: str = "GET", **form: str) -> tuple[int, str]:
        headers = dict(self._headers)
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, urlencode(form) or None, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode()

    def close(self) -> None:
        self._connection.close()


LOCKS = (
    "database is locked",
    "database table is locked",
    "keeps the control store busy",
    "statebusy",
    "sqlite_busy",
)


def speaks_of_locks(text: str) -> bool:
    """Also in the words that Headcount puts in the place of SQLite's."""
    return any(words in text.lower() for words in LOCKS)
