"""What is hidden from people: the values of masked columns, and of every field made from one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from headcount.control import audit
from headcount.control.models import Connection, MaskedColumn, Model
from headcount.control.models import Sync as SyncRow
from headcount.control.models.masked import COLUMN_LENGTH
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.engines import ENGINES
from headcount.errors import ConfigurationError
from headcount.mapped import Mapped
from headcount.model import FromColumn, Mapping, Template
from headcount.model import Model as Reading
from headcount.service.masked_sql import may_show
from headcount.service.quotes import withdraw
from headcount.templates import reads_whole_row

VEIL = "•••"


@dataclass(frozen=True, kw_only=True)
class Mask:
    """The masked columns of one model."""

    columns: frozenset[str] = frozenset()

    def hides(self, mapping: Mapping) -> bool:
        """Is this field made from a masked column? A template is hidden when it names one anywhere, or reads all."""
        if isinstance(mapping.source, FromColumn):
            return mapping.source.name in self.columns
        if isinstance(mapping.source, Template):
            text = mapping.source.text
            return any(column in text for column in self.columns) or (
                bool(self.columns) and reads_whole_row(text)
            )
        return False

    def fields(self, mapped: Mapped) -> frozenset[str]:
        """The destination fields of a sync whose values are hidden."""
        return frozenset(mapping.to for mapping in mapped.sync.mappings if self.hides(mapping))

    def hides_key(self, key_column: str) -> bool:
        """Are the records' keys themselves hidden?"""
        return key_column in self.columns

    def __bool__(self) -> bool:
        return bool(self.columns)


def mask_of_model(model_id: int) -> Mask:
    """The mask of a model, by the number of its row."""
    names = MaskedColumn.objects.filter(model_id=model_id).values_list("column", flat=True)
    return Mask(columns=frozenset(names))


def mask_of(row: SyncRow) -> Mask:
    """The mask of the model that a sync reads."""
    return mask_of_model(row.model_id)


@dataclass(frozen=True, kw_only=True)
class Veil:
    """What a look into a source hides: columns by their names in any case, or everything."""

    names: frozenset[str] = frozenset()
    whole: bool = False

    def hides(self, column: str) -> bool:
        """Are the values of this column hidden?"""
        return self.whole or column.casefold() in {name.casefold() for name in self.names}


def veil_of(model: Reading) -> Veil:
    """What to hide of a model that may not be saved yet.

    A column that is masked in any model of the connection is the same secret in this one. SQL that may show one of
    them under another name is hidden as a whole.
    """
    names = masked_names(model.key) | masked_names(connection=model.connection)
    if not names or model.query is None:
        return Veil(names=names)
    row = Connection.objects.filter(key=model.connection).first()
    dialect = ENGINES[row.type].dialect if row is not None and row.type in ENGINES else ""
    return Veil(names=names, whole=may_show(model.query, dialect, names))


def masked_names(model: str = "", *, connection: str = "") -> frozenset[str]:
    """The masked columns of a model, by its key, or of all models of a connection."""
    where = {"model__key": model} if model else {"model__connection__key": connection}
    return frozenset(MaskedColumn.objects.filter(**where).values_list("column", flat=True))


def set_masked(model: str, columns: Iterable[str]) -> None:
    """Mask exactly these columns of a model. Raises ``ConfigurationError`` for a model that does not exist, and for a
    name that is too long for a column's.
    """
    setup()
    columns = frozenset(columns)
    if any(len(column) > COLUMN_LENGTH for column in columns):
        raise ConfigurationError(f"A column's name has at most {COLUMN_LENGTH} characters.")
    with told(), transaction.atomic():
        row = Model.objects.filter(key=model).first()
        if row is None:
            raise ConfigurationError(f"There is no model {model}.")
        before, after = masked_names(model), columns
        row.masked.exclude(column__in=after).delete()
        MaskedColumn.objects.bulk_create(
            MaskedColumn(model=row, column=column) for column in sorted(after - before)
        )
        if after - before:
            withdraw(row, VEIL)
        if before != after:
            detail = {"masked columns": {"old": sorted(before), "new": sorted(after)}}
            audit.record("changed", f"model {model}", detail)
