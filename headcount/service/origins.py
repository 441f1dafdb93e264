"""Does an entry still say what the project file said when it was last applied, or did somebody change it here?

The file and the pages write the same entries. What the file brought is remembered by a digest, so that a change made
on the pages is shown there, and ``headcount apply`` says so before it undoes one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from headcount.control.models import Origin
from headcount.project.project import SECTIONS, Project
from headcount.service.difference import NOUNS


@dataclass(frozen=True, kw_only=True)
class Drift:
    """An entry that was changed here after the project file was applied at ``applied_at``."""

    section: str
    key: str
    applied_at: datetime

    @property
    def sentence(self) -> str:
        return (
            f"This {NOUNS[self.section]} was changed here since the project file was last applied "
            f"({self.applied_at:%Y-%m-%d %H:%M} UTC). Put the change into the file as well (headcount export prints "
            "it), or the next headcount apply undoes it."
        )


def digest(entry: Mapping[str, Any]) -> str:
    """The same for two entries that say the same, in whatever order."""
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()


def drifts(section: str, entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Drift]:
    """Which of these stored entries differ from what the file last said. One question to the database."""
    found = Origin.objects.filter(section=section)
    found = found.filter(key__in=list(entries)) if len(entries) < 100 else found
    return {
        origin.key: Drift(section=section, key=origin.key, applied_at=origin.applied_at)
        for origin in found
        if origin.key in entries and digest(entries[origin.key]) != origin.digest
    }


def drift(section: str, key: str, entry: Mapping[str, Any]) -> Drift | None:
    """The same for one entry."""
    return drifts(section, {key: entry}).get(key)


def overwritten(before: Project, project: Project) -> Iterator[str]:
    """What applying ``project`` would undo: sentences about entries that were changed here."""
    for section in SECTIONS:
        old, new = before.section(section), project.section(section)
        known = dict(Origin.objects.filter(section=section).values_list("key", "digest"))
        for key in sorted(old.keys() & new.keys()):
            now, then = digest(old[key]), known.get(key)
            if then is None or now in (then, digest(new[key])):
                continue
            both = "" if digest(new[key]) == then else " The file changed as well."
            yield (
                f"The {NOUNS[section]} {key} was changed here since the file was last applied, and applying undoes "
                f"that.{both} headcount export prints what is stored."
            )


def note_applied(project: Project) -> None:
    """Remember what the file says; everything in it was just applied. Inside the same transaction."""
    for section in SECTIONS:
        known = dict(Origin.objects.filter(section=section).values_list("key", "digest"))
        for key, entry in project.section(section).items():
            if known.get(key) != (new := digest(entry)):
                Origin.objects.update_or_create(
                    section=section, key=key, defaults={"digest": new, "applied_at": timezone.now()}
                )


def forget(section: str, key: str) -> None:
    """The entry is gone: what the file once said about it means nothing to a later one of this key."""
    Origin.objects.filter(section=section, key=key).delete()
