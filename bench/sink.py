"""The far end that everybody talks to: the sandbox with ``--sink``, a process of its own, and its counters."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SITE_ID = "a1a1a1a1a1a1a1a11001"
API_KEY = "b1b1b1b1b1b1b1b11001"
ENVIRONMENT_ID = 1001
READY = "Sandbox ready on "


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What the sink has counted since it was last cleared. ``checksum`` covers whom and what, in any order."""

    rows: int
    distinct_keys: int
    checksum: str
    requests: int
    bytes: int
    refused_rows: int


@dataclass(frozen=True, kw_only=True)
class Sink:
    """A running sandbox. With TLS, ``certificate`` is a file that clients must trust."""

    url: str
    certificate: Path | None = None

    def clear(self) -> None:
        self._ask("DELETE", "/_sandbox/sink")

    def refuse(self, indexes: Sequence[int]) -> None:
        """Refuse the rows at these places of every request from now on."""
        rule = {"kind": "errors", "rows": {"indexes": list(indexes)}, "error": {"field": "plan"}}
        self._ask("POST", "/_sandbox/faults", json.dumps(rule).encode())

    def accept(self) -> None:
        """Take every row again."""
        self._ask("DELETE", "/_sandbox/faults")

    def tally(self) -> Tally:
        counted = json.loads(self._ask("GET", "/_sandbox/sink"))
        actions = counted["workspaces"].get(str(ENVIRONMENT_ID), {}).values()
        return Tally(
            rows=sum(action["rows"] for action in actions),
            distinct_keys=sum(action["distinct_keys"] for action in actions),
            checksum="+".join(action["checksum"] for action in actions),
            requests=counted["requests"],
            bytes=counted["bytes"],
            refused_rows=counted["refused_rows"],
        )

    def _ask(self, method: str, path: str, given: bytes | None = None) -> bytes:
        # The certificate itself is asked for here, so nothing is verified: it is the loopback interface.
        unverified = ssl._create_unverified_context() if self.url.startswith("https:") else None
        request = urllib.request.Request(self.url + path, method=method, data=given)
        with urllib.request.urlopen(request, timeout=120, context=unverified) as answer:
            body: bytes = answer.read()
            return body

    def environment(self) -> dict[str, str]:
        """The environment of a client that trusts it."""
        trusted = {"REQUESTS_CA_BUNDLE": str(self.certificate)} if self.certificate else {}
        return {**os.environ, **trusted}


@contextmanager
def running(folder: Path, *, tls: bool = False) -> Iterator[Sink]:
    """A sink on a free port of the loopback interface, for the length of a with block."""
    command: list[Any] = [sys.executable, "-m", "headcount.sandbox", "--sink", "--port", "0"]
    process = subprocess.Popen(command + ["--tls"] * tls, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.startswith(READY), f"the sandbox did not start: {line}"
        sink = Sink(url=line.removeprefix(READY))
        if tls:
            certificate = folder / "authority.pem"
            certificate.write_bytes(sink._ask("GET", "/_sandbox/certificate"))
            sink = Sink(url=sink.url, certificate=certificate)
        yield sink
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout:
            process.stdout.close()
