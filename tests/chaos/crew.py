"""Worker processes, each on a machine of its own: a home with nothing in it but the key of stored secrets."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.journeys.desk import CHECKOUT, wait_for

ENDING = 40.0  # seconds that a worker may take to end


@dataclass(kw_only=True)
class Machine:
    """``log`` is what its workers say. ``prefix`` are words before the command, to start it elsewhere."""

    home: Path
    environment: dict[str, str]
    prefix: Sequence[str] = ()
    process: subprocess.Popen[bytes] | None = None
    frozen: bool = False
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.home.with_suffix(".log")

    @property
    def works(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, *doing: str) -> None:
        """A worker, or another module with its arguments."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, sys.executable, "-m", *(doing or ("headcount", "worker"))],
                env=os.environ | self.environment | {"HEADCOUNT_HOME": str(self.home)},
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.frozen = False

    def ready(self, said: bytes = b"Waiting for runs") -> None:
        wait_for(lambda: said in self.log.read_bytes(), seconds=90)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
        self.process = None

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)
        self.frozen = False

    def end(self) -> int:
        """SIGTERM, as a service manager sends it; the code it ends with."""
        self.thaw()
        self._signal(signal.SIGTERM)
        code = self.process.wait(ENDING) if self.process is not None else 0
        self.process = None
        return code

    def _signal(self, which: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(which)
