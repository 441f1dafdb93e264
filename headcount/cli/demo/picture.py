"""The README's picture of a plan, made by the program: ``python -m headcount.cli.demo.picture docs/plan.svg``."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console

from headcount.cli.demo.stage import staged
from headcount.cli.demo.walk import FOLDER, Demonstration


def draw(path: Path) -> None:
    """Plan the sample company's second day and save what the terminal shows as an SVG."""
    quiet = Console(file=io.StringIO())
    with staged(FOLDER) as stage:
        walk = Demonstration(quiet, stage)
        walk.first_day()
        walk.console = Console(
            file=io.StringIO(), record=True, width=118, highlight=False, force_terminal=True
        )
        walk.console.print("[dim]$[/] headcount plan customers")
        walk.second_day()
        picture = walk.console.export_svg(title="headcount plan customers")
    path.write_text(_self_contained(picture))


def _self_contained(svg: str) -> str:
    """Without fonts from elsewhere: the reader's own monospace serves as well."""
    without = re.sub(r"@font-face\s*{[^}]*}", "", svg)
    return without.replace("Fira Code", "ui-monospace, Menlo, Consolas")


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
