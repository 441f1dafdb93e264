"""Folders for what a process needs only while it lives. What a killed process left is removed by the next one."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from headcount.disk import unusable

_NAME = re.compile(r"tmp-(\d+)-")


def scratch_folder(parent: Path) -> Path:
    """A new folder below ``parent``, named after this process. Raises ``StateError``."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _sweep(parent)
        return Path(tempfile.mkdtemp(prefix=f"tmp-{os.getpid()}-", dir=parent))
    except OSError as error:
        raise unusable(parent, error) from error


def _sweep(parent: Path) -> None:
    for folder in parent.iterdir():
        owner = _NAME.match(folder.name)
        if owner and not _alive(int(owner[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's process has that number
    return True
