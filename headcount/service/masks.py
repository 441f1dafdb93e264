"""The masked columns of all connections: listed, and shown again."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from headcount.control import audit
from headcount.control.models import Connection, MaskedColumn
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class MaskInfo:
    """One masked column. ``connection_name`` is empty when the connection is gone."""

    id: int
    connection: str  # its key
    connection_name: str
    column: str


def listing() -> tuple[MaskInfo, ...]:
    """All masked columns, by connection and column."""
    setup()
    with told():
        names = dict(Connection.objects.values_list("key", "name"))
        rows = MaskedColumn.objects.order_by("connection", "column")
        return tuple(_info(row, names) for row in rows)


def unmask(number: int) -> MaskInfo:
    """Show a column's values again from now on. Raises ``ConfigurationError`` when it is not masked."""
    setup()
    with told(), transaction.atomic():
        row = MaskedColumn.objects.filter(pk=number).first()
        if row is None:
            raise ConfigurationError("There is no such masked column.", hint="It may be unmasked already.")
        info = _info(row, dict(Connection.objects.filter(key=row.connection).values_list("key", "name")))
        row.delete()
        audit.record("unmasked", f"connection {info.connection}", {"column": info.column})
        return info


def _info(row: MaskedColumn, names: dict[str, str]) -> MaskInfo:
    name = names.get(row.connection, "")
    return MaskInfo(id=row.pk, connection=row.connection, connection_name=name, column=row.column)
