"""One system doing one thing, as a process of its own: how long, how much memory, and what arrived."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.sink import Sink, Tally

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A process that has done its work. ``output`` is what it printed."""

    seconds: float
    peak_rss_mb: float
    output: str


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One line of the table. ``rows`` is what the source held, ``tally`` what the sink saw."""

    measure: str
    system: str
    rows: int
    seconds: float
    peak_rss_mb: float
    tally: Tally

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds


class ChildFailedError(Exception):
    """A measured process did not do its work."""


def run_child(command: Sequence[str], environment: dict[str, str], codes: Sequence[int] = (0,)) -> Ended:
    """Run a command to its end, which must be one of ``codes``. The seconds include the start of its interpreter.

    The peak is that of its largest process, as the system counted it. It cannot be lower than this process's own
    memory, which is why nothing large is imported here. Modules keep their compiled form, as they do wherever
    something is installed, whatever the shell of the benchmark says.
    """
    environment = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.monotonic()
    process = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    output, trouble = _read(process)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        raise ChildFailedError(f"{' '.join(command)} ended with {process.returncode}:\n{trouble[-4000:]}")
    return Ended(seconds=seconds, peak_rss_mb=_megabytes(usage.ru_maxrss), output=output)


def _read(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Everything it prints. Nobody here prints enough on both to fill a pipe."""
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        return process.stdout.read(), process.stderr.read()


def _megabytes(maxrss: int) -> float:
    """Linux counts in kibibytes, macOS in bytes."""
    return maxrss / (1_000_000 if sys.platform == "darwin" else 1_000_000 / 1024)


def measured(measure: str, system: str, rows: int, ended: Ended, sink: Sink, *, refused: int = 0) -> Measured:
    """What a process has done, with the sink's count of it; the sink is cleared for the next."""
    tally = sink.tally()
    sink.clear()
    if tally.refused_rows != refused:
        raise ChildFailedError(f"{measure}, {system}: the sandbox refused {tally.refused_rows} rows.")
    return Measured(
        measure=measure,
        system=system,
        rows=rows,
        seconds=ended.seconds,
        peak_rss_mb=ended.peak_rss_mb,
        tally=tally,
    )


def middle(repeats: Sequence[Measured]) -> Measured:
    """The run with the median time stands for all; of the peaks the largest."""
    ordered = sorted(repeats, key=lambda one: one.seconds)
    chosen = ordered[(len(ordered) - 1) // 2]
    seconds = statistics.median(one.seconds for one in repeats)
    return replace(chosen, seconds=seconds, peak_rss_mb=max(one.peak_rss_mb for one in repeats))
