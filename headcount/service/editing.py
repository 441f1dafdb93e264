"""One sync's entry, as a form edits it: checked, saved, copied, paused, deleted.

Everything goes the way of a project file: the same checks, the same difference, the same audit lines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max

from headcount.control import audit
from headcount.control.models import Sync as SyncRow
from headcount.control.models.connection import NAME_LENGTH
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.model import Column
from headcount.project.keys import wrong_with
from headcount.project.problems import Path
from headcount.project.project import Project
from headcount.project.reading import entry_problems
from headcount.service.applying import apply, outlook
from headcount.service.cautions import sync_cautions
from headcount.service.columns import column_problems
from headcount.service.difference import Edit, difference
from headcount.service.doubtful_origins import doubtful_origins
from headcount.service.entries import save_checked, stale
from headcount.service.keys import key_for
from headcount.service.lines import find_sync
from headcount.service.origins import digest, drift
from headcount.service.stored import stored_project, stored_row

Entry = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FieldProblem:
    """One mistake. ``path`` begins inside the entry, such as ``("mappings", 3, "to")``; empty for the whole."""

    path: Path
    wrong: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.wrong} {self.mend}".strip()


@dataclass(frozen=True, kw_only=True)
class Checked:
    """An entry after its check. ``entry`` is the long form the store would keep; None while there are problems."""

    key: str
    entry: dict[str, Any] | None
    problems: tuple[FieldProblem, ...] = ()
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A stored sync, ready to be edited. ``version`` must come back when it is saved. ``drift`` says that it was
    changed since the project file was applied, or is empty. ``cautions`` are about the sync as it is stored.
    """

    key: str
    name: str
    entry: dict[str, Any]
    version: str
    paused: bool
    drift: str = ""
    cautions: tuple[str, ...] = ()


@told()
def open_sync(key: str) -> Opened:
    """The stored entry. Raises ``ConfigurationError`` for a sync that does not exist."""
    row = find_sync(key)
    project = stored_project()
    entry = dict(project.syncs[key])
    drifted = drift("syncs", key, entry)
    return Opened(
        key=key,
        name=row.name,
        entry=entry,
        version=version_of(entry),
        paused=row.paused,
        drift=drifted.sentence if drifted else "",
        cautions=tuple(sync_cautions(project, key)),
    )


@told()
def sync_exists(key: str) -> bool:
    """Is there a sync of this key, now?"""
    setup()
    return SyncRow.objects.filter(key=key).exists()


def version_of(entry: Entry | None) -> str:
    """A digest of an entry; empty for one that is not stored. Pausing is no change of it."""
    if entry is None:
        return ""
    lasting = {name: value for name, value in entry.items() if name != "paused"}
    return hashlib.sha256(json.dumps(lasting).encode()).hexdigest()[:16]


@told()
def check_sync(key: str, entry: Entry, *, new: bool, columns: Sequence[Column] | None = None) -> Checked:
    """What is wrong with an entry, and what is worth a word. ``columns`` are the model's, when they are known."""
    setup()
    before = stored_project()
    if problem := _key_problem(before, key, new=new):
        return Checked(key=key, entry=None, problems=(problem,))
    after = _with(before, key, entry)
    made, problems = entry_problems(after, "syncs", key)
    found = [FieldProblem(path=p.path, wrong=p.wrong, mend=p.mend) for p in problems]
    if len(str(entry.get("name", ""))) > NAME_LENGTH:
        found.append(FieldProblem(path=("name",), wrong=f"A name has at most {NAME_LENGTH} characters."))
    if made is not None and not found and columns is not None:
        found += [
            FieldProblem(path=path, wrong=wrong, mend=mend)
            for path, wrong, mend in column_problems(key, made, columns)
        ]
    if made is None or found:
        return Checked(key=key, entry=None, problems=tuple(found))
    doubts = doubtful_origins(made, [column.name for column in columns or ()])
    cautions = (*doubts, *sync_cautions(_with(before, key, made), key))
    return Checked(key=key, entry=made, cautions=cautions)


def _key_problem(before: Project, key: str, *, new: bool) -> FieldProblem | None:
    if not new:
        return None
    if key in before.syncs:
        return FieldProblem(path=("key",), wrong=f"{key} is taken.", mend="Choose another key.")
    if found := wrong_with(key):
        wrong, mend = found
        return FieldProblem(path=("key",), wrong=wrong if key else "A key is missing.", mend=mend)
    return None


def free_key(name: str, *, newest: int | None = None) -> str:
    """A key made from a name, that no sync has yet; with ``newest``, that none had when this was the newest sync."""
    with told():
        setup()
        syncs = SyncRow.objects.all() if newest is None else SyncRow.objects.filter(pk__lte=newest)
        return key_for(name, set(syncs.values_list("key", flat=True)))


@told()
def newest_sync() -> int:
    """The number of the sync that was made last; 0 when there is none."""
    setup()
    return int(SyncRow.objects.aggregate(newest=Max("pk"))["newest"] or 0)


@told()
def edits_of(key: str, entry: Entry) -> tuple[Edit, ...]:
    """What saving the entry would change, old -> new."""
    before = stored_project()
    changes = difference(before, _with(before, key, entry), prune=False)
    return tuple(
        edit for change in changes if (change.section, change.key) == ("syncs", key) for edit in change.edits
    )


@told()
def is_stored(key: str, entry: Entry) -> bool:
    """Would saving the entry under this key change nothing? Whether it is paused does not matter."""
    if not sync_exists(key):
        return False
    made, problems = entry_problems(_with(stored_project(), key, entry), "syncs", key)
    return made is not None and not problems and all(edit.path == "paused" for edit in edits_of(key, made))


@told()
def save_sync(key: str, entry: Entry, *, version: str, paused: bool | None = None) -> None:
    """Create (``version`` empty) or replace one sync; writes audit lines with old and new.

    A sync that is replaced stays paused or not, whatever the entry says, unless ``paused`` is given.
    Raises ``Stale`` when the stored entry is not the one that was opened, ``ConfigurationError`` for an
    entry that ``check_sync`` finds wrong.
    """
    setup()
    before = stored_project()
    stored = before.syncs.get(key)
    if version_of(stored) != version:
        raise stale("syncs", key)
    if stored is not None:
        entry = _as_paused(entry, paused=bool(stored.get("paused")))
    checked = check_sync(key, entry, new=not version)
    if checked.entry is None:
        raise ConfigurationError("; ".join(str(problem) for problem in checked.problems))
    with transaction.atomic():
        save_checked("syncs", key, checked.entry, version=digest(stored) if stored is not None else "")
        if paused is not None:
            pause_sync(key, paused=paused)


@told()
def loss_of(key: str) -> str:
    """What deleting the sync takes with it, as a sentence."""
    find_sync(key)
    (loss,) = outlook(_without(stored_project(), key), prune=True).losses
    return loss.sentence


@told()
def delete_sync(key: str) -> None:
    """Delete the sync with its runs, its rejected rows and what it remembers. Nothing changes in the destination.

    Raises ``ConfigurationError`` while a run of it has begun and not ended, and when other syncs run after it, and
    ``ChangedMeanwhile``.
    """
    find_sync(key)
    before = stored_project()
    rest = _without(before, key)
    waiting = [
        name for name, entry in rest.syncs.items() if key in entry.get("triggers", {}).get("after", [])
    ]
    if waiting:
        raise ConfigurationError(
            f"{', '.join(waiting)} would have nothing to run after: {key} is among their triggers.",
            hint="Change their triggers first.",
        )
    apply(outlook(rest, prune=True, before=before), from_file=False)


@told()
def pause_sync(key: str, *, paused: bool) -> None:
    """Keep schedules from starting the sync, or let them again. Changes nothing when it is so already."""
    find_sync(key)
    with transaction.atomic():
        row = stored_row("syncs", key)
        if not isinstance(row, SyncRow) or row.paused == paused:
            return
        row.definition, row.paused = _as_paused(row.definition, paused=paused), paused
        row.save(update_fields=["definition", "paused", "changed_at"])
        audit.record("paused" if paused else "resumed", f"sync {key}")


@told()
def copy_of(key: str, *, connection: str = "", name: str = "") -> tuple[str, dict[str, Any]]:
    """A free key and an entry for a second sync like this one, perhaps into another workspace. Saves nothing.

    Without the triggers: a copy runs when somebody says so.
    """
    row = find_sync(key)
    entry = {name: value for name, value in stored_project().syncs[key].items() if name != "triggers"}
    named = name or f"Copy of {row.name}"
    destination = {**entry["destination"], **({"connection": connection} if connection else {})}
    return free_key(named), {**entry, "name": named, "destination": destination}


def _as_paused(entry: Entry, *, paused: bool) -> dict[str, Any]:
    rest = {name: value for name, value in entry.items() if name != "paused"}
    return {**rest, "paused": True} if paused else rest


def _with(project: Project, key: str, entry: Entry) -> Project:
    return Project(
        connections=project.connections, models=project.models, syncs={**project.syncs, key: dict(entry)}
    )


def _without(project: Project, key: str) -> Project:
    rest = {name: entry for name, entry in project.syncs.items() if name != key}
    return Project(connections=project.connections, models=project.models, syncs=rest)
