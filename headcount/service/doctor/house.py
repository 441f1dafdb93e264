"""The home folder, and the programs this runs on. Looks only; creates nothing."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from headcount import __version__
from headcount.errors import HeadcountError
from headcount.home import FOLDERS, current_home
from headcount.service.doctor.finding import Finding, attention, failed, ok

LITTLE, TOO_LITTLE = 1_000_000_000, 100_000_000  # bytes


def versions() -> Iterator[Finding]:
    """What runs here."""
    parts = (
        f"Headcount {__version__}",
        f"Python {platform.python_version()}",
        f"Django {version('django')}",
        f"DuckDB {version('duckdb')}",
        f"SQLite {sqlite3.sqlite_version}",
    )
    yield ok("versions", ", ".join(parts))


def home() -> Iterator[Finding]:
    """Is the folder there, ours alone, writable, with room on its disk?"""
    try:
        root = current_home().root
    except HeadcountError as error:
        yield failed("home", error.message, error.hint)
        return
    if not root.is_dir():
        yield attention(
            "home", f"{root} does not exist.", "The first command makes it: headcount apply, or serve."
        )
        return
    yield _ours(root)
    yield from _folders(root)
    yield _room(root)


def _ours(root: Path) -> Finding:
    mode = stat.S_IMODE(root.stat().st_mode)
    if root.stat().st_uid != os.geteuid():
        todo = "Run headcount as the user who owns it, or change its owner."
        return attention("home", f"{root} belongs to another user.", todo)
    if not os.access(root, os.W_OK | os.X_OK):
        return failed(
            "home", f"{root} cannot be written.", "Make it writable for the user who runs headcount."
        )
    if mode & 0o077:
        return attention("home", f"{root} is open to others (mode {mode:o}).", f"chmod 700 {root}")
    return ok("home", f"{root}, mode {mode:o}")


def _folders(root: Path) -> Iterator[Finding]:
    for name in FOLDERS:
        folder = root / name
        if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            yield failed("home", f"{folder} cannot be used.", "Make it a folder that headcount may write to.")


def _room(root: Path) -> Finding:
    free = shutil.disk_usage(root).free
    told = f"{free / 1e9:,.1f} GB free at {root}"
    if free < TOO_LITTLE:
        return failed("disk space", told, "Free some space: a plan that cannot be written fails its run.")
    if free < LITTLE:
        return attention("disk space", told, "Free some space before large runs.")
    return ok("disk space", told)
