"""The masked columns of all models: listed, and shown again."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from headcount.control import audit
from headcount.control.models import MaskedColumn
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class MaskInfo:
    """One masked column."""

    id: int
    model: str  # its key
    model_name: str
    column: str


def listing() -> tuple[MaskInfo, ...]:
    """All masked columns, by model and column."""
    setup()
    with told():
        rows = MaskedColumn.objects.select_related("model").order_by("model__name", "column")
        return tuple(_info(row) for row in rows)


def unmask(number: int) -> MaskInfo:
    """Show a column's values again from now on. Raises ``ConfigurationError`` when it is not masked."""
    setup()
    with told(), transaction.atomic():
        row = MaskedColumn.objects.select_related("model").filter(pk=number).first()
        if row is None:
            raise ConfigurationError("There is no such masked column.", hint="It may be unmasked already.")
        info = _info(row)
        row.delete()
        audit.record("unmasked", f"model {info.model}", {"column": info.column})
        return info


def _info(row: MaskedColumn) -> MaskInfo:
    return MaskInfo(id=row.pk, model=row.model.key, model_name=row.model.name, column=row.column)
