"""Where the plan of a run is: in a folder here, and with a control store in PostgreSQL there too, for every machine."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.control.database import postgresql_url
from headcount.disk import entries
from headcount.errors import Suspended
from headcount.frozen import FILE, columns_in, columns_of
from headcount.home import Home
from headcount.model import Column
from headcount.workbench import own_files

if TYPE_CHECKING:
    from headcount.postgresql.plans import Plans


def plan_folder(home: Home, run: int) -> Path:
    """The folder of a run's plan, with the plan in it if there is one, on whichever machine it was made."""
    (folder,) = plan_folders(home, [run])
    return folder


def plan_folders(home: Home, runs: Sequence[int]) -> list[Path]:
    """The same for several runs, in their order."""
    folders = {run: home.plans / str(run) for run in runs}
    if folders and (shared := _shared()):
        shared.fetch(folders)
    return list(folders.values())


def columns_in_plan(home: Home, run: int) -> tuple[Column, ...]:
    """The columns the model had when a run's plan was made; none without a plan. The plan is not brought here."""
    described = shared.described(run) if (shared := _shared()) else None
    return columns_of(described) if described else columns_in(home.plans / str(run))


def has_plan(home: Home, run: int) -> bool:
    """Is the plan of a run still there, on whichever machine?"""
    if (home.plans / str(run) / FILE).exists():
        return True
    return bool((shared := _shared()) and shared.has(run))


def keep_plan(run: int, folder: Path, holder: str | None = None) -> None:
    """Let other machines have the plan. Raises ``Suspended`` when the run is not ``holder``'s any more."""
    if (shared := _shared()) and not shared.keep(run, folder, holder):
        raise Suspended


def keep_rewritten(run: int, folder: Path) -> None:
    """Let other machines know that files of the plan were changed: their copies are out of date then."""
    if not postgresql_url():
        return
    with own_files(folder):
        document = json.loads((folder / FILE).read_text())
        (folder / FILE).write_text(json.dumps({**document, "rewritten": uuid.uuid4().hex}))
    keep_plan(run, folder)


def drop_plans(home: Home, runs: Sequence[int]) -> None:
    """Delete the plans of runs, here and there."""
    for run in runs:
        shutil.rmtree(home.plans / str(run), ignore_errors=True)
    if runs and (shared := _shared()):
        shared.drop(runs)


def known_plans(home: Home) -> set[int]:
    """The runs of which there are plans, here or there."""
    there = shared.stored() if (shared := _shared()) else set()
    return plans_here(home) | there


def plans_here(home: Home) -> set[int]:
    """The runs that have a folder on this machine."""
    return {int(folder.name) for folder in entries(home.plans) if folder.name.isdigit()}


def drop_copies(home: Home, ended: Collection[int], long_ago: Collection[int]) -> None:
    """Delete what is left here of plans that were changed on another machine, or deleted: of runs that have ended, and
    of those that did so long ago.
    """
    if not (shared := _shared()):
        return
    gone = set(long_ago) - shared.stored()
    for run in gone | shared.outdated({run: home.plans / str(run) for run in ended}):
        shutil.rmtree(home.plans / str(run), ignore_errors=True)


def _shared() -> Plans | None:
    """The plans of all machines, where the control store is one for several."""
    if not (url := postgresql_url()):
        return None
    from headcount.postgresql.plans import Plans

    return Plans(url)
