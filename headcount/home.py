"""The folder Headcount keeps everything in: HEADCOUNT_HOME, or ``.headcount`` in the user's home directory.

control.sqlite3   connections, models, syncs, runs, receipts
jobs.sqlite3      the queue of the workers; made anew when it is missing
secret.key        the key that stored secrets are encrypted with
state/            what each sync has sent so far
plans/            the frozen plans of recent runs
locks/            one file for each thing that only one process may do at a time
limits/           the budgets of workspaces
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from headcount.disk import unusable
from headcount.errors import StateError

FOLDERS = ("state", "plans", "locks", "limits")


@dataclass(frozen=True)
class Home:
    """Paths below one folder. Nothing is created before ``prepare``."""

    root: Path

    @property
    def control(self) -> Path:
        return self.root / "control.sqlite3"

    @property
    def jobs(self) -> Path:
        return self.root / "jobs.sqlite3"

    @property
    def secret_key(self) -> Path:
        return self.root / "secret.key"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def plans(self) -> Path:
        return self.root / "plans"

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    @property
    def limits(self) -> Path:
        return self.root / "limits"

    def prepare(self) -> Home:
        """Create what is missing, readable by nobody else. Raises ``StateError`` when that is impossible."""
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in FOLDERS:
                (self.root / name).mkdir(exist_ok=True, mode=0o700)
            _close_to_others(self.root)
        except OSError as error:
            raise unusable(self.root, error) from error
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise unusable(self.root, PermissionError(errno.EACCES, "Permission denied"))
        return self


def current_home() -> Home:
    """The folder the environment names, as an absolute path."""
    named = os.environ.get("HEADCOUNT_HOME")
    try:
        folder = Path(named).expanduser() if named else Path.home() / ".headcount"
    except RuntimeError as error:
        raise StateError(
            "The user who runs Headcount has no home directory.", hint="Set HEADCOUNT_HOME to a folder."
        ) from error
    return Home(folder.absolute())


def _close_to_others(root: Path) -> None:
    """A folder made by hand may be open to everybody; the secrets' key and people's data go in here."""
    if root.stat().st_uid == os.geteuid() and root.stat().st_mode & 0o077:
        root.chmod(0o700)
