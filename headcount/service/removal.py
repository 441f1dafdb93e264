"""Removing a connection: only one that nothing uses, and with what was stored for it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from headcount.control import audit, secrets
from headcount.control.models import Connection
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.service.connections import find_connection
from headcount.service.origins import forget


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


def remove_connection(key: str, *, typed: str | None = None) -> Removal:
    """Delete a connection and the secrets stored for it. Raises as ``look_at_removal``, and then deletes nothing.

    Where somebody was asked to type the connection's name because secrets cannot be brought back, ``typed`` is what
    they typed; anything else than the name is refused.
    """
    row = find_connection(key)
    with told(), transaction.atomic():
        removal = _checked(row)
        if removal.secrets and typed is not None and typed.strip() != row.name:
            raise ConfigurationError(
                f"To delete {row.name} for good, type its name.",
                hint="Its stored secrets cannot be brought back.",
            )
        row.delete()
        forget("connections", key)
        audit.record("deleted", f"connection {key}", {"stored": list(removal.secrets)})
    return removal


def _checked(row: Connection) -> Removal:
    users = [f"model {model.key}" for model in row.models.all()]
    users += [f"sync {sync.key}" for sync in row.syncs.order_by("key")]
    if users:
        raise ConfigurationError(
            f"The connection {row.key} is in use by {', '.join(users)}.",
            hint="Delete them first, on their pages or with headcount apply --prune and a file without them.",
        )
    return Removal(key=row.key, secrets=tuple(sorted(secrets.stored_fields(row))))
