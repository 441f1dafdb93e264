"""Models under their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from headcount.control.models import Model
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.service.origins import digest
from headcount.service.register.slices import Slice, Sliced, numbered, sliced
from headcount.service.stored import entry_of


@dataclass(frozen=True, kw_only=True)
class NumberedModel:
    """A model. ``entry`` is what ``headcount.yml`` says under its key."""

    id: int
    key: str
    name: str
    connection: int
    entry: dict[str, Any]
    created_at: datetime
    changed_at: datetime
    version: str  # comes back when the model is saved, so that nobody's change is overwritten unseen


@told()
def models(wanted: Slice, connection: int | None = None) -> Sliced[NumberedModel]:
    """The models, or those of one source."""
    setup()
    rows = Model.objects.all()
    return sliced(rows.filter(connection_id=connection) if connection else rows, wanted, _shape)


@told()
def model(number: int) -> NumberedModel:
    """Raises ``ConfigurationError`` when there is none."""
    setup()
    return _shape(numbered(Model.objects.all(), number, "model"))


@told()
def number_of(key: str) -> int:
    """The number of a model that exists."""
    return int(Model.objects.values_list("pk", flat=True).get(key=key))


def _shape(row: Model) -> NumberedModel:
    return NumberedModel(
        id=row.pk,
        key=row.key,
        name=row.name,
        connection=row.connection_id,
        entry=entry_of(row),
        created_at=row.created_at,
        changed_at=row.changed_at,
        version=digest(entry_of(row)),
    )


@told()
def named(connection: int, *, number: int | None, name: str | None) -> NumberedModel:
    """A model of a source by its number, or else by its name or key. Raises ``ConfigurationError``."""
    setup()
    rows = Model.objects.filter(connection_id=connection)
    if number is not None:
        return _shape(numbered(rows, number, "model"))
    row = rows.filter(Q(key=name) | Q(name=name)).order_by("id").first() if name else None
    if row is None:
        raise ConfigurationError(f"The source has no model {name or 'without a name'}.")
    return _shape(row)
