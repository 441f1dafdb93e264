"""What is wrong in a project file: where, what, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from headcount.errors import ConfigurationError

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake. ``wrong`` and ``mend`` are sentences; neither ever quotes a secret."""

    file: str
    line: int
    path: Path
    wrong: str
    mend: str = ""

    def __str__(self) -> str:
        where = (
            f"{self.file}:{self.line}: {spelled(self.path)}: " if self.path else f"{self.file}:{self.line}: "
        )
        return f"{where}{self.wrong} {self.mend}".strip()


class ProjectError(ConfigurationError):
    """A project file with mistakes, all of them listed in ``problems`` by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def spelled(path: Path) -> str:
    """``syncs.users.mappings[0].to``; mappings are counted from 1, as people do."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """The mend for a misspelt word: the nearest known one, or all of them."""
    if near := get_close_matches(word, known, n=1, cutoff=0.6):
        return f"Did you mean {near[0]}?"
    if not known:
        return ""
    return f"Use {one_of(known)}." if len(known) <= 25 else ""


def one_of(words: Sequence[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
