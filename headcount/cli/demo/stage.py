"""Where the sample company plays: a folder with a home of its own, and a sandbox in the part of Customer.io."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.cli.demo.company import change_company, create_company
from headcount.errors import StateError
from headcount.sandbox.seed import PRODUCTION

if TYPE_CHECKING:
    from headcount.service.difference import Change

PROJECT = Path(__file__).with_name("headcount.yml")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """``url`` is where the sandbox answers."""

    folder: Path
    url: str

    @property
    def database(self) -> Path:
        return self.folder.absolute() / "company.duckdb"

    @property
    def project(self) -> Path:
        return self.folder / "headcount.yml"

    def apply(self) -> tuple[Change, ...]:
        """Write the sample company's project file and apply it; returns what was new."""
        from headcount.service.applying import apply, look

        text = PROJECT.read_text().replace("$DATABASE", str(self.database)).replace("$SANDBOX", self.url)
        self.project.write_text(text)
        seen = look(self.project)
        apply(seen)
        return tuple(seen.effective)

    def fill(self) -> None:
        """Two syncs that have run once, and a day of changes since: pages have something to show."""
        from headcount.service.connections import list_connections, test_connection
        from headcount.service.running import run_sync

        create_company(self.database)
        self.apply()
        for connection in list_connections():
            test_connection(connection.key)
        for sync in ("customers", "orders"):
            run_sync(sync)
        change_company(self.database)


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """A stage in ``folder``, which is made anew; nothing outside it is touched. The sandbox ends with it."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise StateError(
            f"The folder {folder} cannot be made: {error.strerror}.",
            hint="Run it in a folder you may write to.",
        ) from error
    with _sandbox() as url, _environment(folder):
        yield Stage(folder=folder, url=url)


@contextmanager
def _environment(folder: Path) -> Iterator[None]:
    """The stage's own home and credentials, for as long as it lasts."""
    ours = {
        "HEADCOUNT_HOME": str(folder.absolute() / "home"),
        "HEADCOUNT_DEMO_SITE_ID": PRODUCTION.site_id,
        "HEADCOUNT_DEMO_API_KEY": PRODUCTION.api_key,
    }
    without = ("HEADCOUNT_DATABASE_URL", "HEADCOUNT_SECRET_KEY")
    before = {name: os.environ.get(name) for name in (*ours, *without)}
    os.environ.update(ours)
    for name in without:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        for name, value in before.items():
            _restore(name, value)


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


@contextmanager
def _sandbox() -> Iterator[str]:
    """A sandbox in a process of its own, on a free port; ended by its process id."""
    command = [sys.executable, "-m", "headcount.sandbox", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()
