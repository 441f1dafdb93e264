"""The demonstration: every step a person takes, in one go, on the sample company and a local Customer.io."""

from __future__ import annotations

import json
import shutil
import sys
import urllib.request
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from headcount.amounts import amount
from headcount.cli.demo.company import change_company, create_company
from headcount.cli.demo.stage import Stage, staged

FOLDER = Path(".headcount") / "demo"

_NEXT = """[bold]Now with your own data:[/]
  headcount init my-company   writes a commented project file to fill in: your database, your workspace, your fields
  headcount apply my-company/headcount.yml   says what is new; then plan SYNC, and run SYNC
  headcount sandbox   is this local Customer.io, to rehearse without touching a workspace"""


def walk(console: Console | None = None) -> None:
    """Show everything once."""
    console = console or Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    with staged(FOLDER) as stage:
        show = Demonstration(console, stage)
        show.first_day()
        show.second_day()
        show.third_part()


class Demonstration:
    """The steps, in order. What they show goes to ``console``."""

    def __init__(self, console: Console, stage: Stage) -> None:
        self.console = console
        self.stage = stage

    def first_day(self) -> None:
        """Everything is new."""
        self._step("A sample company: a bicycle shop, with some rows gone wrong")
        create_company(self.stage.database)
        self._apply()
        self._step("First run: every customer becomes a person")
        self._run("customers")
        self._step("First run: every order becomes an event, exactly once")
        self._run("orders")
        self._step("A day passes in the shop. What would be sent now?")
        change_company(self.stage.database)

    def second_day(self) -> None:
        """The plan: old -> new."""
        self._plan("customers")

    def third_part(self) -> None:
        """The plan is sent; what did not arrive; what the sandbox holds."""
        self._step("Only that is sent")
        self._run("customers")
        self._run("orders")
        self._step("Rows that did not arrive, and why")
        self._rejected("customers")
        self._rejected("orders")
        self._step("What the sandbox holds now")
        self._sandbox_holds()
        self.console.print()
        self.console.print(_NEXT.replace("headcount ", f"{_command()} "))

    def _step(self, title: str) -> None:
        self.console.print()
        self.console.rule(f"[bold]{escape(title)}", align="left")

    def _apply(self) -> None:
        names = ", ".join(change.what for change in self.stage.apply())
        self.console.print(f"headcount apply {self.stage.project}   [green]✓[/] {names}")

    def _run(self, sync: str) -> None:
        from headcount.cli.progress import TerminalProgress
        from headcount.cli.show import run_text
        from headcount.service.running import run_sync

        with TerminalProgress(self.console) as progress:
            report = run_sync(sync, progress=progress)
        run_text(self.console, report)

    def _plan(self, sync: str) -> None:
        from headcount.cli.show import plan_text
        from headcount.service.planning import plan_sync

        plan_text(self.console, plan_sync(sync))

    def _rejected(self, sync: str) -> None:
        from headcount.cli.listings import show_rejections
        from headcount.service.listings import rejections

        self.console.print(f"headcount rejected {sync}", style="dim")
        show_rejections(rejections(sync))

    def _sandbox_holds(self) -> None:
        counts = self._ask("/_sandbox/counts?workspace=1001")["1001"]
        self.console.print(
            f"{amount(counts['people'], 'person', 'people')}, {amount(counts['events'], 'event')}, "
            f"{amount(counts['dropped_repeats'], 'repeated event')} in {amount(counts['track_requests'], 'request')}"
        )
        person = self._ask("/_sandbox/people?workspace=1001&id=42")["people"][0]["attributes"]
        self.console.print_json(json.dumps(person, ensure_ascii=False))

    def _ask(self, path: str) -> Any:
        with urllib.request.urlopen(self.stage.url + path) as answer:  # noqa: S310 - the local sandbox
            return json.load(answer)


def _command() -> str:
    """How the reader calls the program from here."""
    if shutil.which("headcount"):
        return "headcount"
    own = Path(sys.argv[0])
    return str(own.relative_to(Path.cwd())) if own.is_relative_to(Path.cwd()) else "headcount"
