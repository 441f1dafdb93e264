"""Everything the play needs: PostgreSQL, the sandbox with four workspaces, twenty sources, three machines."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from unittest.mock import patch

import yaml

from headcount.control.setup import close, setup
from headcount.project.reading import read_file
from headcount.sandbox.seed import SEEDS
from headcount.service.applying import apply, outlook
from tests.chaos.company import Company, Workspace, project
from tests.chaos.crew import Machine
from tests.chaos.far_end import FarEnd
from tests.chaos.server import Server, free_port, running

BUDGETS = (10, 14, 18, 25)  # requests a second
MACHINES = 3
HERE = "127.0.0.1"


@dataclass(kw_only=True)
class Stage:
    """``machines`` are those that are there now; one that is lost is replaced."""

    folder: Path
    server: Server
    far_end: FarEnd
    company: Company
    machines: list[Machine]
    numbers: Iterator[int]

    def replacement(self, lost: Machine) -> Machine:
        new = self.new_machine()
        self.machines[self.machines.index(lost)] = new
        return new

    def new_machine(self) -> Machine:
        home = self.folder / f"machine-{next(self.numbers)}"
        keys = {space.variable: space.api_key for space in self.company.workspaces}
        return Machine(home=home, environment=keys)


@contextmanager
def built(
    folder: Path, dice: random.Random, *, database: str = HERE, far_end_at: str = HERE
) -> Iterator[Stage]:
    """The stage with the project applied, and no worker yet. The environment of this process belongs to it."""
    far_end = FarEnd(folder, free_port(far_end_at), far_end_at)
    with running(database) as server, _started(far_end):
        company = Company(folder / "company.sqlite", _workspaces(far_end), dice)
        stage = Stage(
            folder=folder, server=server, far_end=far_end, company=company, machines=[], numbers=count(1)
        )
        with patch.dict(os.environ, _environment(stage)):
            try:
                _apply(stage)
                stage.machines += [stage.new_machine() for _ in range(MACHINES)]
                yield stage
            finally:
                close()
                for machine in stage.machines:
                    machine.kill()


@contextmanager
def _started(far_end: FarEnd) -> Iterator[None]:
    try:
        far_end.start()
        yield
    finally:
        far_end.stop()


def _environment(stage: Stage) -> dict[str, str]:
    return {
        "HEADCOUNT_HOME": str(stage.folder / "office"),
        "HEADCOUNT_DATABASE_URL": stage.server.new_database("chaos"),
        "HEADCOUNT_SECRET_KEY": secrets.token_urlsafe(32)[:43] + "=",
        **{space.variable: space.api_key for space in stage.company.workspaces},
    }


def _apply(stage: Stage) -> None:
    setup()
    path = stage.folder / "headcount.yml"
    path.write_text(yaml.safe_dump(project(stage.company, stage.far_end.url)))
    apply(outlook(read_file(path)))


def _workspaces(far_end: FarEnd) -> list[Workspace]:
    far_end.ask("workspaces", {"name": "Fourth"})
    made = far_end.ask("workspaces")["workspaces"]
    assert len(made) == len(SEEDS) + 1 == len(BUDGETS)
    return [
        Workspace(
            name=letter,
            number=space["environment_id"],
            site_id=space["track_keys"][0]["site_id"],
            api_key=space["track_keys"][0]["api_key"],
            budget=budget,
        )
        for letter, space, budget in zip("abcd", made, BUDGETS, strict=True)
    ]
