"""The sandbox as a process that keeps its people, and the list of every request, when it is restarted.

python -m tests.chaos.far_end HOST PORT STATE REQUESTS    ends with SIGTERM
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from headcount.sandbox.server import Server
from tests.journeys.desk import CHECKOUT, wait_for

Request = dict[str, Any]


class FarEnd:
    """Listens at ``host``, always on the same port."""

    def __init__(self, folder: Path, port: int, host: str = "127.0.0.1") -> None:
        self.url = f"http://{host}:{port}"
        self._requests = folder / "requests.jsonl"
        self._words = [host, str(port), str(folder / "sandbox.sqlite"), str(self._requests)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.far_end", *self._words], cwd=CHECKOUT
        )
        wait_for(self._listens, seconds=60)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
        self._process = None

    def requests(self) -> list[Request]:
        """Every request to the API, as far as the sandbox was stopped since; oldest first."""
        return [json.loads(line) for line in self._requests.read_text().splitlines()]

    def ask(self, path: str, document: Any = None, method: str = "") -> Any:
        body = None if document is None else json.dumps(document).encode()
        way = method or ("GET" if body is None else "POST")
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", body, method=way)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def _listens(self) -> bool:
        with suppress(OSError):
            return bool(self.ask("counts"))
        return False


def main(host: str, port: str, state: str, requests: str) -> None:
    with suppress(PermissionError):
        os.nice(-10)  # it must notice requests when they arrive, however busy the machine is
    server = Server(host, int(port), tls=False, state=Path(state), sink=False)
    signal.signal(signal.SIGTERM, lambda *_: server.stop())
    server.run()
    with Path(requests).open("a") as file:
        for entry in server.gateway.recording:
            file.write(json.dumps(entry.as_json(bodies=False)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
