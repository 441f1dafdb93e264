"""The systems that Headcount is compared with: each is a module that is run with a table and the sink's address."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bench.measure import Ended, run_child
from bench.sink import Sink


@dataclass(frozen=True, kw_only=True)
class Peer:
    """``package`` has to be installed. ``most_rows`` is what it is given where all would take too long."""

    name: str
    module: str
    package: str
    tls: bool = False
    most_rows: int | None = None

    @property
    def installed(self) -> bool:
        return find_spec(self.package) is not None

    def run(self, table: Path, sink: Sink) -> Ended:
        command = [sys.executable, "-m", self.module, str(table), sink.url]
        return run_child(command, sink.environment())


PEERS = (
    Peer(name="sdk_batch", module="bench.sdk_batch", package="customerio", tls=True),
    Peer(name="sdk_single", module="bench.sdk_single", package="customerio", tls=True, most_rows=5_000),
    Peer(name="dlt", module="bench.dlt_batches", package="dlt"),
    Peer(name="drt", module="bench.drt_rest", package="drt"),
)
