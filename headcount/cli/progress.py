"""A run's progress in a terminal: one bar for each step, with the numbers beside it."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from headcount.frozen import Frozen
from headcount.model import Fate, Receipt
from headcount.sync import Progress as LineProgress


class _Count(ProgressColumn):
    def render(self, task: Task) -> Text:
        total = f" of {int(task.total):,}" if task.total is not None else ""
        rate = f"  {task.speed:,.0f}/s" if task.speed and task.fields.get("rate") else ""
        return Text(f"{int(task.completed):,}{total}{rate}")


class TerminalProgress(LineProgress):
    """Shows itself inside a with block; silent where there is no terminal."""

    def __init__(self, console: Console, *, sends: bool = True) -> None:
        self._sends = sends
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<5}"),
            BarColumn(bar_width=24),
            _Count(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[note]}"),
            console=console,
            transient=False,
            disable=not console.is_terminal,
        )
        self._read: TaskID | None = None
        self._send: TaskID | None = None
        self._refused = 0

    def __enter__(self) -> TerminalProgress:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def reading(self, rows: int) -> None:
        if self._read is None:
            self._read = self._bars.add_task("Read", total=None, note="", rate=True)
        self._bars.update(self._read, completed=rows)

    def planned(self, frozen: Frozen) -> None:
        self.reading(frozen.planned.read)
        if self._read is not None:
            self._bars.update(self._read, total=frozen.planned.read, note="", completed=frozen.planned.read)
        if frozen.plan.size and self._sends:
            self._send = self._bars.add_task("Send", total=frozen.plan.size, note="", rate=True)

    def answered(self, receipt: Receipt) -> None:
        if self._send is None:  # a resumed run: its plan was made by an earlier process
            self._send = self._bars.add_task("Send", total=None, note="", rate=True)
        self._refused += receipt.count(Fate.REJECTED)
        note = f"{self._refused:,} rejected" if self._refused else ""
        self._bars.update(self._send, advance=receipt.last - receipt.first + 1, note=note)
