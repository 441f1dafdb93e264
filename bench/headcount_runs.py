"""Headcount: the command itself, with every check, intent, receipt and fold, each run a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from bench.measure import ChildFailedError, Ended, run_child
from bench.sink import Sink
from bench.syncs import ENVIRONMENT, write_project

COMMAND = [sys.executable, "-m", "headcount"]


class Headcount:
    """One home with one sync, whose rows may change between its runs.

    With ``database``, the URL of a PostgreSQL, control store, state and plans are there.
    """

    def __init__(self, folder: Path, kind: str, sink: Sink, database: str = "") -> None:
        self.kind = kind
        self.table = folder / "source" / f"{kind}.parquet"
        self.table.parent.mkdir(parents=True)
        self.environment = {**os.environ, **ENVIRONMENT, "HEADCOUNT_HOME": str(folder / "home")}
        self.environment.pop("HEADCOUNT_DATABASE_URL", None)
        if database:
            self.environment["HEADCOUNT_DATABASE_URL"] = database
        write_project(folder / "headcount.yml", kind, self.table, sink.url)
        run_child([*COMMAND, "apply", str(folder / "headcount.yml")], self.environment)
        sink.clear()

    def run(self, rows: Path, *, all_good: bool = True) -> Ended:
        """Run the sync once with these rows. Raises ``ChildFailedError`` unless the run is completed, and ``all_good``
        rows were sent and accepted.
        """
        self._put(rows)
        codes = (0,) if all_good else (1,)
        ended = run_child([*COMMAND, "run", self.kind, "--json"], self.environment, codes)
        report = json.loads(ended.output)
        if report["status"] != "completed":
            raise ChildFailedError(f"The run did not complete: {report}")
        return ended

    def _put(self, rows: Path) -> None:
        """The rows stand under the same name each time. A second name for a file costs nothing."""
        self.table.unlink(missing_ok=True)
        try:
            os.link(rows, self.table)
        except OSError:
            shutil.copyfile(rows, self.table)
