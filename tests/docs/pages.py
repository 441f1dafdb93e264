"""The pages of the manual, taken apart: code blocks, headings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """One Markdown file, by its path from the root of the repository."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without its code blocks."""
        return _BLOCK.sub("", self.text)

    def blocks(self, language: str) -> list[str]:
        return [code for name, code in _BLOCK.findall(self.text) if name == language]

    def links(self) -> list[str]:
        """Where the page leads to, without addresses of the web."""
        found = _LINK.findall(self.prose)
        return [link for link in found if not link.startswith(("http://", "https://", "mailto:"))]

    def anchors(self) -> set[str]:
        """The headings as the end of a link names them."""
        return {_anchor(heading) for heading in _HEADING.findall(self.prose)}


def _anchor(heading: str) -> str:
    plain = re.sub(r"[^\w\s-]", "", heading.lower())
    return re.sub(r"\s", "-", plain.strip())


def page(name: str) -> Page:
    return Page(ROOT / name)


def all_pages() -> Iterator[Page]:
    """README, CONTRIBUTING and everything in docs, as far as they are there."""
    for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))):
        yield Page(path)
