"""What is hidden from people: the values of masked columns, and of every field made from one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db import transaction

from headcount.control import audit
from headcount.control.models import Connection, MaskedColumn, Model
from headcount.control.models.masked import COLUMN_LENGTH
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.engines import ENGINES
from headcount.engines.wanted import split_name
from headcount.errors import ConfigurationError
from headcount.model import FromColumn, Mapping, Template
from headcount.model import Model as Reading
from headcount.service.masked_sql import is_system, may_show
from headcount.service.quotes import withdraw
from headcount.templates import reads_whole_row

VEIL = "•••"


@dataclass(frozen=True, kw_only=True)
class Mask:
    """What nobody may see of a model's rows: columns by their names in any case, or all of them (``whole``)."""

    names: frozenset[str] = frozenset()
    whole: bool = False

    def covers(self, column: str) -> bool:
        """Are the values of this column hidden?"""
        return self.whole or column.casefold() in self._folded

    def hides(self, mapping: Mapping) -> bool:
        """Is this field made from a masked column? A template is hidden when it names one anywhere, or reads all."""
        if isinstance(mapping.source, FromColumn):
            return self.covers(mapping.source.name)
        if isinstance(mapping.source, Template):
            text = mapping.source.text
            named = self.whole or any(name in text.casefold() for name in self._folded)
            return named or (bool(self) and reads_whole_row(text))
        return False

    @cached_property
    def _folded(self) -> frozenset[str]:
        return frozenset(name.casefold() for name in self.names)

    def __bool__(self) -> bool:
        return self.whole or bool(self.names)


def mask_of(model: Reading) -> Mask:
    """What is hidden of a model, which may not be saved yet.

    A column that is masked in any model of the connection is the same secret in this one. SQL that may show one of
    them under another name is hidden as a whole, and so are the database's own tables, which hold samples of values.
    """
    names = masked_names(model.key) | masked_names(connection=model.connection)
    return Mask(names=names, whole=bool(names) and _may_show(model, names))


def _may_show(model: Reading, names: frozenset[str]) -> bool:
    if model.table is not None:
        return is_system(split_name(model.table))
    if model.query is None:
        return False
    row = Connection.objects.filter(key=model.connection).first()
    dialect = ENGINES[row.type].dialect if row is not None and row.type in ENGINES else ""
    return may_show(model.query, dialect, names)


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
            withdraw(row.connection, VEIL)
        if before != after:
            detail = {"masked columns": {"old": sorted(before), "new": sorted(after)}}
            audit.record("changed", f"model {model}", detail)
