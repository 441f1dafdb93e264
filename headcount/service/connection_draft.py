"""A connection as somebody fills it in on a page: tried as it stands, and saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction

from headcount.control import audit, secrets
from headcount.control.models import Connection
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.project.connection_entry import mistakes, settings_of
from headcount.project.connection_names import MEND, namesake
from headcount.project.kinds import BUDGET, KINDS, ConnectionKind
from headcount.project.references import STORED
from headcount.service.connections import find_connection
from headcount.service.entries import Refused, Wrong, checked, save_checked, stale, version_of
from headcount.service.keys import key_for
from headcount.service.noting import ANSWERED
from headcount.service.reaching import TestReport, tried
from headcount.service.stored import stored_project


@dataclass(frozen=True, kw_only=True)
class Draft:
    """All settings of a connection. What is empty is left out.

    ``secrets`` are values that were typed; a secret of which nothing is given stays as it is stored, unless it is
    among ``dropped``. ``version`` is the one of the entry that was looked at, empty for a new connection.
    """

    key: str
    name: str
    kind: ConnectionKind
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    version: str = ""

    @property
    def is_new(self) -> bool:
        return not self.version


def free_key(name: str) -> str:
    """The key a new connection of this name gets."""
    setup()
    with told():
        return key_for(name, set(Connection.objects.values_list("key", flat=True)))


def try_draft(draft: Draft) -> TestReport:
    """Test what was typed, and save nothing. Raises ``Refused``, ``WrongWorkspace`` and ``SourceBusy``."""
    setup()
    row, _ = _row(draft)
    return tried(row, draft.kind, draft.secrets)


def connect(draft: Draft, *, untested: bool = False) -> TestReport:
    """Test what was typed and save it if it passes; ``untested`` saves it all the same.

    Raises ``Refused`` for settings that cannot be used, ``Stale``, ``WrongWorkspace`` when the credentials lead to
    another workspace than they did, and ``SourceBusy`` when it could not be tested now.
    """
    setup()
    row, entry = _row(draft)
    report = tried(row, draft.kind, draft.secrets)
    if report.passed or untested:
        with told(), transaction.atomic():
            _save(draft, row, entry)
    return report


def _row(draft: Draft) -> tuple[Connection, dict[str, Any]]:
    """The connection as it would be stored, and its entry. Nothing is saved."""
    stored = Connection.objects.filter(key=draft.key).first()
    if stored is not None and draft.is_new:
        raise Refused([Wrong(field="key", wrong=f"There is a connection {draft.key} already.")])
    if stored is None and not draft.is_new:
        raise stale("connections", draft.key)
    entry = _entry(draft, stored)
    row = stored or Connection(key=draft.key, type=draft.kind.name)
    row.name = draft.name
    row.settings = {name: value for name, value in entry.items() if name not in ("name", "type")}
    return row, entry


def _entry(draft: Draft, stored: Connection | None) -> dict[str, Any]:
    before = stored.settings if stored else {}
    kept = {name: before[name] for name in draft.kind.secrets if name in before and name not in draft.dropped}
    given = {**kept, **draft.settings, **dict.fromkeys(draft.secrets, STORED)}
    wrong = [Wrong(field=name, wrong=wrong, mend=mend) for name, wrong, mend in mistakes(draft.kind, given)]
    if stored is not None:
        wrong += _elsewhere(draft, stored, given)
    if stored is None or stored.name != draft.name:
        wrong += _taken(draft)
    if wrong:
        raise Refused(wrong)
    entry = {"name": draft.name, "type": draft.kind.name, **given}
    return checked("connections", draft.key, {name: value for name, value in entry.items() if value != ""})


def _taken(draft: Draft) -> Iterator[Wrong]:
    others = stored_project().connections
    if draft.kind.role == "destination" and (other := namesake(others, draft.key, draft.name)):
        yield Wrong(field="name", wrong=f"The destination {other} is called {draft.name} already.", mend=MEND)


def _elsewhere(draft: Draft, stored: Connection, given: Mapping[str, Any]) -> Iterator[Wrong]:
    """A stored secret is sent only where whoever typed it meant it to go, and no easier to read on the way."""
    plain = {name: value for name, value in given.items() if name != BUDGET}
    after, before = settings_of(draft.kind, plain, Path.cwd()), stored.settings
    moved = any(
        declared.weaker(
            before.get(declared.name, declared.default), after.get(declared.name, declared.default)
        )
        for declared in draft.kind.fields
        if declared.guards
    )
    for name in draft.kind.secrets if moved else ():
        if given.get(name) == STORED and name not in draft.secrets:
            label = next(declared.label for declared in draft.kind.fields if declared.name == name)
            yield Wrong(
                field=name,
                wrong=f"Type the {label} again, for it would be sent to another place, or another way, now.",
            )


def _save(draft: Draft, row: Connection, entry: Mapping[str, Any]) -> None:
    save_checked("connections", draft.key, entry, version=draft.version)
    saved = Connection.objects.get(key=draft.key)
    for name in ANSWERED:
        setattr(saved, name, getattr(row, name))
    saved.save(update_fields=ANSWERED)
    for name, value in draft.secrets.items():
        secrets.store(saved, name, value)
    needed = [name for name, value in saved.settings.items() if value == STORED]
    gone, _ = saved.secrets.exclude(field__in=needed).delete()
    if draft.secrets or gone:
        audit.record("stored secrets", f"connection {draft.key}", {"fields": sorted(draft.secrets)})


def current(key: str) -> tuple[ConnectionKind, str, dict[str, Any], str]:
    """What a form for a stored connection begins with: kind, name, settings, version."""
    row = find_connection(key)
    return KINDS[row.type], row.name, dict(row.settings), version_of("connections", key)
