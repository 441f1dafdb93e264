"""Copies of what was sent and answered, for those who asked that they be kept."""

from __future__ import annotations

from typing import Protocol


class Copyist(Protocol):
    """Used by several threads at once. Never raises, and takes out what nobody may see."""

    def request(self, body: bytes, count: int) -> str:
        """What is kept of a request with ``count`` items."""

    def answer(self, body: bytes) -> str:
        """What is kept of the answer to it."""


class NoCopies:
    """Nothing is kept, which is how it is unless somebody asks."""

    def request(self, body: bytes, count: int) -> str:
        return ""

    def answer(self, body: bytes) -> str:
        return ""
