"""Applying a project file: first the difference, then the deed, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from headcount.amounts import amount
from headcount.control import audit, runs
from headcount.control.models import Connection, Lineage, Model, Run, Sync
from headcount.control.models.stream import new_id
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.project.problems import ProjectError
from headcount.project.project import SECTIONS, Project
from headcount.project.reading import read_file, read_project
from headcount.project.writing import write_project
from headcount.service.cautions import cautions
from headcount.service.difference import Change, difference
from headcount.service.left_behind import left_behind
from headcount.service.locks import hold_still
from headcount.service.origins import forget, note_applied, overwritten
from headcount.service.retention import forget_orphans
from headcount.service.settling import settle_failed
from headcount.service.states import state_of
from headcount.service.stored import save_entry, stored_project
from headcount.state import State


class ChangedMeanwhile(ConfigurationError):
    """What is stored is not what the change began with."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What deleting one entry takes with it, as a sentence."""

    what: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What applying would do. ``before`` is what the store held when this was found out."""

    before: Project
    project: Project
    prune: bool
    changes: tuple[Change, ...]
    losses: tuple[Loss, ...]
    warnings: tuple[str, ...]

    @property
    def effective(self) -> tuple[Change, ...]:
        """The changes that are made, without the entries that are left alone."""
        return tuple(change for change in self.changes if change.action != "omitted")


def look(path: Path, *, prune: bool = False) -> Outlook:
    """What applying the file would change. Writes nothing.

    Raises ``ConfigurationError`` for mistakes in the file, and when it does not fit what the store keeps.
    """
    setup()
    with told():
        return outlook(read_file(path), prune=prune)


def outlook(project: Project, *, prune: bool = False, before: Project | None = None) -> Outlook:
    """As ``look``, for a project that was read already, made from ``before`` if it was made from what is stored."""
    before = before or stored_project()
    changes = difference(before, project, prune=prune)
    after = project if prune else _together(before, project)
    return Outlook(
        before=before,
        project=project,
        prune=prune,
        changes=changes,
        losses=tuple(_losses(changes)),
        warnings=(
            *overwritten(before, project),
            *_new_generations(before, project),
            *left_behind(before, project),
            *cautions(after),
        ),
    )


def apply(seen: Outlook, *, from_file: bool = True) -> None:
    """Do what ``seen`` shows: all of it or nothing.

    ``from_file``: what ``seen`` holds is what the project file says, which is remembered. Raises ``ChangedMeanwhile``
    when the store changed since, ``ConfigurationError`` when a run of a sync that would be deleted has begun and not
    ended: what it sent must be accounted for first. Raises what ``settle_failed`` does for syncs of events: what they
    remember outlives them.
    """
    home = setup()
    doomed = [change.key for change in seen.changes if (change.action, change.section) == ("delete", "syncs")]
    with told():
        with ExitStack() as locks:
            for row in Sync.objects.select_related("stream").filter(key__in=doomed).order_by("key"):
                hold_still(locks, home, row, hindered_by=runs.begun)
                if _outlived(row):
                    settle_failed(row)
            forgotten = _done(seen, from_file=from_file)
        # Only now is it certain, for where a row is locked all of that is one transaction.
        for state in forgotten:
            state.delete()
        if doomed:
            forget_orphans(home)


def _done(seen: Outlook, *, from_file: bool) -> list[State]:
    """Returns the states that nobody needs any more."""
    with transaction.atomic():
        if stored_project() != seen.before:
            raise ChangedMeanwhile(
                "The configuration was changed meanwhile.",
                hint="Run apply again to see what is new.",
            )
        forgotten = list(_write(seen))
        if from_file:
            note_applied(seen.project)
    return forgotten


def export() -> str:
    """The control store as a project file. Secrets stand in it as references."""
    setup()
    with told():
        return write_project(stored_project())


def _together(before: Project, project: Project) -> Project:
    """The file's entries and what it leaves alone. Both must fit: a model may have lost its connection's
    kind.
    """
    sections = {name: {**before.section(name), **project.section(name)} for name in SECTIONS}
    after = Project(**sections)
    try:
        read_project(write_project(after), file="after applying")
    except ProjectError as error:
        wrong = "; ".join(f"{problem.wrong}" for problem in error.problems)
        raise ConfigurationError(
            f"The file does not fit what is stored and not in it: {wrong}",
            hint="headcount export shows what is stored. Add it to the file, or delete it with --prune.",
        ) from None
    return after


def _losses(changes: tuple[Change, ...]) -> Iterator[Loss]:
    for change in changes:
        if change.action == "delete":
            yield Loss(what=change.what, sentence=_LOSS[change.section](change.key))


def _sync_loss(key: str) -> str:
    sync = Sync.objects.get(key=key)
    count, rejected = Run.objects.filter(sync=sync).count(), sync.rejected.filter(status="open").count()
    memory = "what was sent so far is forgotten"
    if sync.acknowledged is not None:
        memory = f"that {amount(sync.acknowledged, 'record was', 'records were')} accepted is forgotten"
    if sync.object == "event":
        memory = "which events were sent is kept, for a later sync under this key"
    return f"{memory}; {amount(count, 'run')} and {amount(rejected, 'open rejected row')} of it are deleted"


def _connection_loss(key: str) -> str:
    stored = Connection.objects.get(key=key).secrets.count()
    if not stored:
        return "nothing else is lost"
    return f"its {amount(stored, 'stored secret is', 'stored secrets are')} deleted"


_LOSS = {
    "connections": _connection_loss,
    "models": lambda _: "nothing else is lost",
    "syncs": _sync_loss,
}


def _new_generations(before: Project, project: Project) -> Iterator[str]:
    for key, entry in sorted(project.syncs.items()):
        old = before.syncs.get(key)
        if old and [old.get(k) for k in ("identifier", "unique_id")] != [
            entry.get(k) for k in ("identifier", "unique_id")
        ]:
            yield (
                f"The sync {key} will know its records by another key: nothing sent so far carries over. "
                "Its next run stops and asks."
            )


def _write(seen: Outlook) -> Iterator[State]:
    """Yields the states that nobody needs any more. What is deleted goes last: nothing uses it by then."""
    for section in SECTIONS:
        for change in seen.changes:
            if change.section == section and change.action in ("add", "change"):
                save_entry(section, change.key, seen.project.section(section)[change.key])
                detail = {edit.path: {"old": edit.old, "new": edit.new} for edit in change.edits}
                audit.record("created" if change.action == "add" else "changed", change.what, detail)
    for section in reversed(SECTIONS):
        for change in seen.changes:
            if (change.section, change.action) == (section, "delete"):
                yield from _delete(change)
                forget(section, change.key)
                audit.record("deleted", change.what)


def _delete(change: Change) -> Iterator[State]:
    if change.section != "syncs":
        table = Connection if change.section == "connections" else Model
        table.objects.get(key=change.key).delete()
        return
    sync = Sync.objects.select_related("stream").get(key=change.key)
    stream = sync.stream
    sync.delete()
    if not _outlived(sync):
        yield state_of(setup(), stream)
        stream.state_id = new_id()
        stream.save()
        Lineage.objects.filter(stream=stream).delete()


def _outlived(sync: Sync) -> bool:
    """Does its state stay when it is deleted? Events that were sent must never be sent again, whoever asks."""
    return sync.object == "event"
