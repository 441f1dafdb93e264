"""One entry of the configuration, checked and saved: by the rules of the project file, and not over a change that
its author has not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from headcount.control import audit
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.project.problems import ProjectError
from headcount.project.project import SECTIONS, Project
from headcount.project.reading import read_project
from headcount.project.writing import write_project
from headcount.service.difference import NOUNS, difference
from headcount.service.origins import digest
from headcount.service.stored import entry_of, is_stored, save_entry, stored_project, stored_row

Entry = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """One mistake. ``field`` is its place in the entry, ``budget.max_items``; empty for the whole."""

    field: str
    wrong: str
    mend: str = ""


class Refused(ConfigurationError):
    """An entry with mistakes: all of them, each with its field."""

    def __init__(self, found: Iterable[Wrong]) -> None:
        self.found = tuple(found)
        super().__init__(" ".join(f"{one.wrong} {one.mend}".strip() for one in self.found))


_SAVED, _DELETED = ("created", "changed", "saved"), ("deleted",)  # as the audit says it


class Stale(ConfigurationError):
    """The entry was saved or deleted after it was read: by anybody, also by its author in another tab."""


@told()
def stale(section: str, key: str) -> Stale:
    """The error for an entry that is not what it was when it was read; it says whose doing that is."""
    what, there = f"{NOUNS[section]} {key}", is_stored(section, key)
    by = audit.last_by(what, _SAVED if there else _DELETED)
    deed = "changed meanwhile, last" if there else "deleted meanwhile"
    deed = f"{deed} by {by}" if by else deed.removesuffix(", last")
    return Stale(
        f"The {what} was {deed}; nothing was saved.",
        hint="What you typed is still here. Look at what is stored in another window, then save again.",
    )


def checked(section: str, key: str, entry: Entry) -> dict[str, Any]:
    """The entry as it will be stored: read as the project file would be, beside everything else that is stored.

    Raises ``Refused``.
    """
    before = stored_project()
    sections = {name: dict(before.section(name)) for name in SECTIONS}
    sections[section][key] = dict(entry)
    try:
        after = read_project(write_project(Project(**sections)), folder=Path.cwd())
    except ProjectError as error:
        raise Refused(_wrong(section, key, error)) from None
    return dict(after.section(section)[key])


def _wrong(section: str, key: str, error: ProjectError) -> Iterable[Wrong]:
    for problem in error.problems:
        if problem.path[:2] == (section, key):
            field = ".".join(str(part) for part in problem.path[2:])
            yield Wrong(field=field, wrong=problem.wrong, mend=problem.mend)
        else:  # what refers to the entry would not fit any more
            where = " ".join(str(part) for part in problem.path[:2])
            yield Wrong(field="", wrong=f"{where}: {problem.wrong}", mend=problem.mend)


def version_of(section: str, key: str) -> str:
    """What a form carries to notice that the entry was changed meanwhile; empty when there is no entry."""
    row = stored_entry(section, key)
    return digest(row) if row else ""


def stored_entry(section: str, key: str) -> dict[str, Any] | None:
    """The entry as it is now."""
    with told(), transaction.atomic():
        row = stored_row(section, key)
        return entry_of(row) if row else None


def save_checked(section: str, key: str, entry: Entry, *, version: str) -> bool:
    """Save an entry that ``checked`` let through, and record what changed. False when nothing did.

    ``version`` is the one its author saw, empty for a new one. Raises ``Stale``. Opens a transaction, or joins one.
    """
    with told(), transaction.atomic():
        row = stored_row(section, key)
        before = entry_of(row) if row else None
        if (digest(before) if before else "") != version:
            raise stale(section, key)
        old = Project(**{section: {key: before}}) if before else Project()
        changes = difference(old, Project(**{section: {key: entry}}), prune=False)
        if not changes:
            return False
        save_entry(section, key, entry)
        detail = {edit.path: {"old": edit.old, "new": edit.new} for edit in changes[0].edits}
        audit.record("changed" if before else "created", changes[0].what, detail)
        return True
