"""Removing a connection: only one that nothing uses, and with what was stored for it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from headcount.control import audit, secrets
from headcount.control.models import Connection
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.service.connections import find_connection


@dataclass(frozen=True, kw_only=True)
class Removal:
    """What goes with a connection. ``secrets`` are the fields whose stored values are deleted."""

    key: str
    secrets: tuple[str, ...]


def look_at_removal(key: str) -> Removal:
    """What removing a connection would delete. Writes nothing.

    Raises ``ConfigurationError`` for a connection that does not exist, or that models or syncs use.
    """
    row = find_connection(key)
    with told():
        return _checked(row)


def remove_connection(key: str) -> Removal:
    """Delete a connection and the secrets stored for it. Raises as ``look_at_removal``, and then deletes nothing."""
    row = find_connection(key)
    with told(), transaction.atomic():
        removal = _checked(row)
        row.delete()
        audit.record("deleted", f"connection {key}", {"stored": list(removal.secrets)})
    return removal


def _checked(row: Connection) -> Removal:
    users = [f"model {model.key}" for model in row.models.all()]
    users += [f"sync {sync.key}" for sync in row.syncs.order_by("key")]
    if users:
        raise ConfigurationError(
            f"The connection {row.key} is in use by {', '.join(users)}.",
            hint="Take them out of the project file first, and apply it with: headcount apply --prune",
        )
    return Removal(key=row.key, secrets=tuple(sorted(secrets.stored_fields(row))))
