"""What a service answered, noted at its connection: only there, and only while it is the connection that was asked."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from headcount.control.models import Connection
from headcount.control.trouble import told

WORKSPACE = ("environment_id", "region", "url", "workspace_name")
TESTED = ("tested_at", "test_passed", "test_result")
ANSWERED = (*WORKSPACE, *TESTED)


@told()
def basis(row: Connection) -> tuple[Any, ...]:
    """What an answer depends on: the settings, and the stored secrets as they are encrypted."""
    stored = row.secrets.order_by("field").values_list("field", "ciphertext")
    return row.type, row.settings, row.environment_id, tuple(stored)


def note(row: Connection, asked: tuple[Any, ...], names: tuple[str, ...] = ANSWERED) -> bool:
    """Write the named fields of ``row``, and no others. ``asked`` is its ``basis`` before it was asked: when that is
    not what is stored any more, nothing is written, and the answer is False.
    """
    with told(), transaction.atomic():
        now = Connection.objects.select_for_update().filter(pk=row.pk).first()
        if now is None or basis(now) != asked:
            return False
        Connection.objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in names})
        return True
