"""Small things a person meets first."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from headcount.cli import run


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("headcount ")


def test_a_taken_port_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "headcount", "sandbox", "--port", str(taken.getsockname()[1])]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert said.returncode == 2
    assert "--port 0 takes a free port" in said.stderr
    assert "Traceback" not in said.stderr


def test_what_the_system_says_ends_with_one_full_stop() -> None:
    command = [sys.executable, "-m", "headcount", "sandbox", "--port", "70000"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert said.returncode == 2
    assert "0-65535." in said.stderr
    assert ".." not in said.stderr
