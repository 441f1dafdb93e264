"""Headcount as it is served: the real command in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import headcount

CHECKOUT = Path(headcount.__file__).parents[1]
STARTED = re.compile(r"Headcount is at (http://127\.0\.0\.1:\d+)")


@dataclass
class Served:
    """``headcount serve`` over one home. ``secrets`` are in its environment; ``said`` is all it has printed so far."""

    home: Path
    options: tuple[str, ...] = ()
    secrets: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None
    url: str = ""
    _listener: threading.Thread | None = None

    def start(self, *, port: int = 0) -> Served:
        plain = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HEADCOUNT_", "DJANGO_"))
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "headcount", "serve", "--port", str(port), *self.options],
            env={
                **plain,
                **self.secrets,
                "HEADCOUNT_HOME": str(self.home),
                "PYTHONPATH": str(CHECKOUT),
                "COLUMNS": "200",
            },
            cwd=self.home.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        ready = threading.Event()
        self._listener = threading.Thread(target=self._listen, args=(ready,), daemon=True)
        self._listener.start()
        assert ready.wait(180), f"it did not start: {''.join(self.said)}"
        return self

    def _listen(self, ready: threading.Event) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if not self.url and (found := STARTED.search(line)):
                self.url = found[1]
                ready.set()
        ready.set()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self._quiet()
        self.url = ""

    def stop(self) -> int:
        """As a service manager would. Returns the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(timeout=120)
        self._quiet()
        return code

    def _quiet(self) -> None:
        assert self.process is not None
        assert self._listener is not None
        assert self.process.stdout is not None
        self._listener.join(10)
        self.process.stdout.close()
