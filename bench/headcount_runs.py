"""Headcount: whole runs with every check, intent, receipt and fold, each in a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.measure import ChildFailedError, Ended, run_child
from bench.sink import API_KEY, ENVIRONMENT_ID, SITE_ID, Sink


class Headcount:
    """One home with one sync, whose rows may change between its runs."""

    def __init__(self, folder: Path, kind: str, sink: Sink) -> None:
        self.home = folder / "home"
        self.source = folder / "source"
        self.kind = kind
        self.sink = sink
        self.source.mkdir(parents=True)

    def run(self, table: Path) -> Ended:
        """Run the sync once with these rows. Raises ``ChildFailedError`` unless the run is completed."""
        self._put(table)
        command = [sys.executable, "-m", "bench.headcount_runs", self.kind, str(self.source), self.sink.url]
        ended = run_child(command, {**os.environ, "HEADCOUNT_HOME": str(self.home)})
        report = json.loads(ended.output)
        if report["status"] != "completed":
            raise ChildFailedError(f"The run did not complete: {report}")
        return ended

    def _put(self, table: Path) -> None:
        """The rows stand under the same name each time: a link costs nothing, and no link leads out."""
        here = self.source / f"{self.kind}.parquet"
        here.unlink(missing_ok=True)
        try:
            os.link(table, here)
        except OSError:
            shutil.copyfile(table, here)


def _run(kind: str, source: Path, url: str) -> dict[str, object]:
    """What the command does, without its words."""
    from headcount.control.setup import setup

    home = setup()  # Django's models can be imported from here on
    from bench.syncs import BUDGET, sync
    from headcount.control import runs
    from headcount.control.ledger import RunLedger
    from headcount.destinations.customerio.client import CustomerIoClient
    from headcount.destinations.customerio.objects import destination_object
    from headcount.engines import open_source
    from headcount.limiter import FileLimiter
    from headcount.model import RunStatus
    from headcount.state import StateFile
    from headcount.sync import Line, run_line

    described = sync(kind, f"{kind}.parquet")
    line = Line(
        sync=described,
        object=destination_object(described.object),
        workspace=ENVIRONMENT_ID,
        open_source=lambda: open_source("files", {"folders": [str(source)]}),
        client=CustomerIoClient(SITE_ID, API_KEY, base_url=url),
        limiter=FileLimiter(home.limits / str(ENVIRONMENT_ID), BUDGET.requests_per_second),
        state=StateFile(home.state / f"{kind}.duckdb"),
        scratch=home.root / "scratch",
        budget=BUDGET,
    )
    row = runs.add(_sync_row(kind))
    info = runs.begin(row, snapshot={}, fingerprint="")
    with RunLedger(row.pk) as ledger:
        result = run_line(line, info, ledger, home.plans / str(row.pk))
    runs.finish(row, RunStatus.FAILED if result.error else RunStatus.COMPLETED, counts=result.counts)
    return {"status": row.status, "error": str(result.error or ""), **asdict(result.counts)}


def _sync_row(kind: str) -> Any:
    from headcount.control.models import Connection, Model, Stream, Sync

    found = Sync.objects.filter(key=kind).first()
    if found:
        return found
    source = Connection.objects.create(key="files", name="Files", type="files")
    target = Connection.objects.create(key="sandbox", name="Sandbox", type="customerio")
    model = Model.objects.create(key=kind, name=kind, connection=source)
    stream = Stream.objects.create(key=kind)
    return Sync.objects.create(
        key=kind, name=kind, model=model, destination=target, object="person", stream=stream
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("people", "events"))
    parser.add_argument("source", type=Path)
    parser.add_argument("url")
    chosen = parser.parse_args()
    print(json.dumps(_run(chosen.kind, chosen.source, chosen.url)))


if __name__ == "__main__":
    main()
