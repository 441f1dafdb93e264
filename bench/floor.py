"""The floor: Headcount's own request bodies, ready-made, sent with its client and connections as fast as it can.

Nothing that makes requests of rows can be faster on this machine against this sandbox.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bench.measure import Ended, run_child
from bench.sink import API_KEY, ENVIRONMENT_ID, SITE_ID, Sink

if TYPE_CHECKING:
    from headcount.destinations.base import Client
    from headcount.sync import Line

HEAD = struct.Struct("<qq")  # items and bytes of the body that follows


def make_bodies(kind: str, table: Path, bodies: Path) -> None:
    """Write the bodies of a first load of these rows."""
    run_child([sys.executable, "-m", "bench.floor", "make", kind, str(table), str(bodies)], dict(os.environ))


def send_bodies(bodies: Path, sink: Sink) -> Ended:
    """Send them all. The seconds are those of the sending: the bodies are in memory before."""
    ended = run_child([sys.executable, "-m", "bench.floor", "send", str(bodies), sink.url], dict(os.environ))
    return replace(ended, seconds=json.loads(ended.output)["seconds"])


def _make(kind: str, table: Path, bodies: Path) -> None:
    from bench.syncs import write_project
    from headcount.batching import batches
    from headcount.model import RunInfo
    from headcount.sync import make_plan
    from headcount.workbench import Workbench

    with tempfile.TemporaryDirectory(dir=bodies.parent) as name:
        folder = Path(name)
        write_project(folder / "headcount.yml", kind, table, "http://127.0.0.1")
        line = _line(kind, table, folder)
        frozen = make_plan(line, folder / "plan")
        run = RunInfo(id=1, started_at=datetime.now(UTC))
        with Workbench(folder, ordered=True) as bench, bodies.open("wb") as file:
            for batch in batches(bench, frozen.mapped, frozen.plan, run, line.budget):
                body = batch.body()
                file.write(HEAD.pack(batch.count, len(body)) + body)


def _line(kind: str, table: Path, folder: Path) -> Line:
    """The sync of the project file in that folder, on nothing acknowledged and with nobody to send to."""
    from headcount.destinations.customerio.objects import destination_object
    from headcount.engines import open_source
    from headcount.limiter import Unlimited
    from headcount.project.reading import read_file
    from headcount.project.values import budget_value, model_value, sync_value
    from headcount.state import StateFile
    from headcount.sync import Line

    project = read_file(folder / "headcount.yml")
    model = model_value(kind, project.models[kind])
    sync = sync_value(kind, project.syncs[kind], model, stream_id="bench")
    return Line(
        sync=sync,
        object=destination_object(sync.object),
        workspace=ENVIRONMENT_ID,
        open_source=lambda: open_source("files", {"folders": [str(table.parent)]}),
        client=cast("Client", None),  # planning asks nobody, save for Update Only
        limiter=Unlimited(),
        state=StateFile(folder / "state.duckdb"),
        scratch=folder,
        budget=budget_value(project.connections["sandbox"]),
    )


def _read(bodies: Path) -> Iterator[tuple[int, bytes]]:
    with bodies.open("rb") as file:
        while head := file.read(HEAD.size):
            count, size = HEAD.unpack(head)
            yield count, file.read(size)


def _send(bodies: Path, url: str) -> float:
    from bench.syncs import BUDGET
    from headcount.destinations.customerio.client import CustomerIoClient

    client = CustomerIoClient(SITE_ID, API_KEY, base_url=url)
    waiting = list(_read(bodies))[::-1]
    failures: list[BaseException] = []
    threads = [
        threading.Thread(target=_sender, args=(client, waiting, failures)) for _ in range(BUDGET["senders"])
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began
    if failures:
        raise failures[0]
    return seconds


def _sender(client: Any, waiting: list[tuple[int, bytes]], failures: list[BaseException]) -> None:
    try:
        while True:
            count, body = waiting.pop()
            client.send(body, count)
    except IndexError:
        pass  # all are sent
    except BaseException as error:
        failures.append(error)


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make")
    make.add_argument("kind", choices=("people", "events"))
    make.add_argument("table", type=Path)
    make.add_argument("bodies", type=Path)
    send = commands.add_parser("send")
    send.add_argument("bodies", type=Path)
    send.add_argument("url")
    chosen = parser.parse_args()
    if chosen.command == "make":
        _make(chosen.kind, chosen.table, chosen.bodies)
    else:
        print(json.dumps({"seconds": _send(chosen.bodies, chosen.url)}))


if __name__ == "__main__":
    main()
