"""The command as a person uses it: in this process, or in one of its own."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from headcount.cli import run
from headcount.control.setup import close

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


def headcount(*arguments: str, cwd: Path | None = None, stdin: str = "") -> Answer:
    """Run one command line here, with nobody at the keyboard."""
    out, err = io.StringIO(), io.StringIO()
    environment = patch.dict(os.environ, {"NO_COLOR": "1", "COLUMNS": "200"})
    with (
        environment,
        patch.object(sys, "stdin", io.StringIO(stdin)),
        chdir(cwd or ROOT),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = run(arguments)
    close()
    assert "Traceback" not in err.getvalue(), err.getvalue()
    return Answer(code, out.getvalue(), err.getvalue())


def process(*arguments: str, program: str = "from headcount.cli import main; main()") -> Answer:
    """Run one command line as the installed command does, with warnings as errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def terminal(*arguments: str) -> list[str]:
    """Run one command line in a terminal of 80 columns; the lines that stand there in the end."""
    master, slave = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "dumb"}
    with subprocess.Popen(
        [sys.executable, "-m", "headcount", *arguments], cwd=ROOT, env=environment, stdin=slave, stdout=slave
    ):
        os.close(slave)
        said = b"".join(_until_closed(master))
    os.close(master)
    return [line.rstrip() for line in said.decode().splitlines()]


def _until_closed(master: int) -> Iterator[bytes]:
    with suppress(OSError):  # what Linux says when the other end is closed
        while chunk := os.read(master, 10_000):
            yield chunk
