"""A machine behind a network of its own, which can be cut: nothing that is sent arrives, and nobody says so.

this machine ── wire ── machine        two network namespaces; the wire forwards, or swallows
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Wire:
    """``database`` and ``far_end`` are addresses of this machine, as the machine behind the wire sees them."""

    name: str
    number: int

    @property
    def database(self) -> str:
        return f"10.203.{self.number}.1"

    @property
    def far_end(self) -> str:
        return f"10.203.{self.number}.2"

    @property
    def prefix(self) -> tuple[str, ...]:
        """Words before a command that shall run on the machine."""
        return ("ip", "netns", "exec", f"{self.name}m")

    def cut(self, address: str) -> None:
        for direction in ("to", "from"):
            _ip("-n", f"{self.name}w", "rule", "add", direction, address, "blackhole")

    def heal(self, address: str) -> None:
        for direction in ("to", "from"):
            _ip("-n", f"{self.name}w", "rule", "del", direction, address, "blackhole")

    def lay(self) -> None:
        """Make the namespaces, what connects them, and the ways through."""
        wire, machine, number = f"{self.name}w", f"{self.name}m", self.number
        for space in (wire, machine):
            _ip("netns", "add", space)
            _ip("-n", space, "link", "set", "lo", "up")
        _ip("link", "add", f"{self.name}a", "type", "veth", "peer", "name", "near", "netns", wire)
        _ip("-n", wire, "link", "add", "far", "type", "veth", "peer", "name", "eth0", "netns", machine)
        for address in (self.database, self.far_end):
            _ip("addr", "add", f"{address}/29", "dev", f"{self.name}a")
        _ip("-n", wire, "addr", "add", f"10.203.{number}.6/29", "dev", "near")
        _ip("-n", wire, "addr", "add", f"10.204.{number}.1/30", "dev", "far")
        _ip("-n", machine, "addr", "add", f"10.204.{number}.2/30", "dev", "eth0")
        _ip("link", "set", f"{self.name}a", "up")
        for space, device in ((wire, "near"), (wire, "far"), (machine, "eth0")):
            _ip("-n", space, "link", "set", device, "up")
        _ip("-n", machine, "route", "add", "default", "via", f"10.204.{number}.1")
        _ip("route", "add", f"10.204.{number}.0/30", "via", f"10.203.{number}.6")
        _run("ip", "netns", "exec", wire, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")

    def remove(self) -> None:
        """What connects the namespaces goes with them."""
        for words in (
            ("link", "del", f"{self.name}a"),
            ("netns", "del", f"{self.name}m"),
            ("netns", "del", f"{self.name}w"),
        ):
            with suppress(subprocess.CalledProcessError):
                _ip(*words)


def hindrance() -> str:
    """Why there can be no such network here; empty when there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "ip is not installed: apt-get install iproute2"
    name = f"hc{os.getpid()}t"
    try:
        _ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        return f"the machine allows no network namespaces: {error.stderr.strip()}"
    _ip("netns", "del", name)
    return ""


@contextmanager
def laid() -> Iterator[Wire]:
    wire = Wire(name=f"hc{os.getpid()}", number=os.getpid() % 250)
    try:
        wire.lay()
        yield wire
    finally:
        wire.remove()


def _ip(*words: str) -> None:
    _run("ip", *words)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, text=True)
